import { verify } from '@hookring/signing';
import { Webhook } from 'standardwebhooks';
import type { SendRequest } from '../../packages/server/src/net/sender.ts';
import type { Model } from '../model/model.ts';
import type { SeenRequest } from '../model/requests.ts';
import type { Random } from '../random.ts';
import type { Guards } from '../time/forbidden.ts';
import { WALL_START } from '../time/process.ts';
import { type Character, type Reaction, reactionOf } from './characters.ts';
import type { Keyholder } from './keyholder.ts';

/** One request in so many is verified with the texts of the secrets, and one in so many of these by another library. */
const VERIFIED_EVERY = 32;
const BY_OTHERS_EVERY = 8;

export type Receiver = {
  readonly character: Character;
  readonly keyholder: Keyholder;
  /** How far its clock is ahead. */
  readonly skewMs: number;
  readonly since: number;
};

export class Receivers {
  readonly #byUrl = new Map<string, Receiver>();
  readonly #model: Model;
  readonly #random: Random;
  readonly #guards: Guards;
  #seen = 0;
  /** Everybody answers promptly. */
  isKind = false;

  constructor(model: Model, random: Random, guards: Guards) {
    this.#model = model;
    this.#random = random;
    this.#guards = guards;
  }

  add(href: string, receiver: Receiver): void {
    this.#byUrl.set(href, receiver);
  }

  at(href: string): Receiver | null {
    return this.#byUrl.get(href) ?? null;
  }

  /** What the receiver does with a request that reached it. */
  react(receiver: Receiver, seen: SeenRequest, request: SendRequest, now: number): Reaction {
    const { checks, options } = this.#model;
    const { keyholder } = receiver;
    const knows = keyholder.knowsOneOf(seen.keyIds);
    if (!knows) {
      const { ring } = seen.endpoint;
      // A clock that was set back stands before the last rotation: then the ring is what it was.
      const isSetBack = ring.lastChangeAt > seen.startedAt;
      // Asked then for another, it calls off what the last one brought. Where there are many nodes none may do that.
      const isCalledOff = !options.isKnownInTime && [...keyholder.deployed].every((id) => ring.calledOff.has(id));
      const isExcused = keyholder.hardRotations > 0 || keyholder.isUnsure || isSetBack || isCalledOff;
      checks.that(
        'signed',
        isExcused,
        () =>
          `${seen.endpoint.id} of ${ring.owner} cannot verify ${seen.keyIds}; it verifies with ${[...keyholder.deployed].join(' ')}`,
      );
      return { kind: 'answers', afterMs: 1, status: 401, retryAfter: null };
    }
    this.#seen += 1;
    if (this.#seen % VERIFIED_EVERY === 0) this.#verify(receiver, seen, request, now);
    const character = this.isKind ? 'prompt' : receiver.character;
    return reactionOf(character, this.#random, now, receiver.since, request.deadlineMs);
  }

  /** As a customer's code does, with the text that the customer was given and the customer's own clock. */
  #verify({ keyholder, skewMs }: Receiver, seen: SeenRequest, request: SendRequest, now: number): void {
    const { checks, totals } = this.#model;
    totals.verified += 1;
    const receiverNow = WALL_START + now + skewMs;
    const isByOthers = totals.verified % BY_OTHERS_EVERY === 0;
    const body = Buffer.from(request.body);
    const headers = { 'webhook-id': seen.id, 'webhook-timestamp': seen.timestamp, 'webhook-signature': seen.signature };
    const all = request.headers.join('\n');
    for (const id of keyholder.deployed) {
      const text = keyholder.texts.get(id);
      if (text === undefined) throw new Error('a secret was deployed that nobody was given');
      checks.that('shown', !all.includes(text.slice(6, 30)), () => `${seen.delivery.id} carries a secret in a header`);
      if (!seen.keyIds.includes(id)) continue;
      const isRight = isByOthers
        ? this.#byOthers(text, body, headers, receiverNow)
        : bySigning(text, body, headers, receiverNow);
      checks.that('signed', isRight, () => `${seen.delivery.id} does not verify with ${id}`);
    }
    const signatures = seen.signature.split(' ').length;
    const keys = seen.keyIds.split(' ').length;
    checks.that(
      'signed',
      signatures === keys,
      () => `${seen.delivery.id} has ${signatures} signatures of ${keys} keys`,
    );
  }

  #byOthers(text: string, body: Buffer, headers: Record<string, string>, receiverNow: number): boolean {
    return this.#guards.at(receiverNow, () => {
      try {
        new Webhook(text).verify(body, headers, { jsonParse: false });
        return true;
      } catch {
        return false;
      }
    });
  }
}

function bySigning(text: string, body: Buffer, headers: Record<string, string>, now: number): boolean {
  return verify({ secrets: [text], headers, body, now }).ok;
}
