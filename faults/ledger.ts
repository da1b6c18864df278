import { Webhook } from 'standardwebhooks';
import type { Arrival } from './customer.ts';

/**
 * A secret that a customer was given, and when it signs: from, and until just before, in milliseconds. In the time until
 * the rotation's answer is out the ring before it may still sign, since nobody knows of the new one.
 */
export type GivenSecret = {
  readonly value: string;
  readonly from: number;
  readonly answeredAt: number;
  until: number;
  /** When the answer came that ended it early, if one did. */
  endedBy: number;
};

/** What is wrong with an arrival; null: nothing. */
export type Wrong = { readonly eventId: string; readonly reason: string };

const SECOND_MS = 1_000;

/**
 * What one customer was given. An attempt must carry a signature of each secret that signs at its time and of no other,
 * and `webhook-timestamp` says that time to the second: in the second in which a secret begins or ends either is right,
 * and so it is between the moment that a rotation was decided for and its answer. `marginMs` is how far the clocks of two
 * nodes may be apart.
 */
export class Ledger {
  readonly #secrets: (GivenSecret & { readonly webhook: Webhook })[] = [];
  readonly #marginMs: number;

  constructor(first: string, marginMs: number) {
    this.#marginMs = marginMs;
    this.#add(first, 0, 0);
  }

  /** A rotation's answer came. */
  rotated(secret: string, times: { effectiveAt: number; oldExpiresAt: number; answeredAt: number }): void {
    const current = this.#secrets.at(-1);
    if (current !== undefined) {
      current.until = times.oldExpiresAt;
      current.endedBy = Math.max(times.oldExpiresAt, times.answeredAt);
    }
    this.#add(secret, times.effectiveAt, times.answeredAt);
  }

  #add(value: string, from: number, answeredAt: number): void {
    const until = Number.POSITIVE_INFINITY;
    this.#secrets.push({ value, from, answeredAt, until, endedBy: until, webhook: new Webhook(value) });
  }

  /** Looked at when everything that the customer was given is known. */
  judge(arrival: Arrival): Wrong | null {
    const timestamp = Number(arrival.timestamp);
    const wrong = (reason: string): Wrong => ({ eventId: arrival.eventId, reason });
    if (!/^\d{10}$/.test(arrival.timestamp)) return wrong('no time');
    const first = timestamp * SECOND_MS;
    if (first > arrival.at + this.#marginMs) return wrong('signed in the future');
    const last = Math.min(first + SECOND_MS - 1, arrival.at);
    let signatures = 0;
    for (const [index, secret] of this.#secrets.entries()) {
      const isSigned = verifies(secret.webhook, arrival);
      if (isSigned) signatures += 1;
      const mustSign = secret.answeredAt <= first - this.#marginMs && secret.until > last + this.#marginMs;
      const mayNot = secret.from > last + this.#marginMs || secret.endedBy <= first - this.#marginMs;
      const which = `secret ${index + 1} of ${this.#secrets.length}`;
      if (mustSign && !isSigned) return wrong(`${which} did not sign at ${arrival.timestamp}`);
      if (mayNot && isSigned) return wrong(`${which} signed at ${arrival.timestamp}, when it was not alive`);
    }
    if (signatures === 0) return wrong('no secret that the customer has verifies it');
    const entries = arrival.signature.split(' ').length;
    return entries === signatures ? null : wrong(`${entries - signatures} signatures by secrets that nobody was given`);
  }
}

function verifies(webhook: Webhook, { eventId, timestamp, signature, body }: Arrival): boolean {
  const headers = { 'webhook-id': eventId, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
  try {
    webhook.verify(body, headers);
    return true;
  } catch {
    return false;
  }
}
