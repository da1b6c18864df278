import type { Attempt } from '../domain/attempt.ts';
import type { Clock, Random } from '../domain/clock.ts';
import { type AttemptClass, classify } from '../domain/delivery-state.ts';
import type { IdSource } from '../domain/ids.ts';
import { parseRetryAfter } from '../domain/retry-after.ts';
import { nextAttemptAt } from '../domain/retry-schedule.ts';
import type { Sender, SendResult } from '../net/sender.ts';
import type { Outcome, Store } from '../store/port.ts';
import type { Vault } from '../store/vault.ts';
import { type Ending, NO_PHASES, nextOf, SIGNING } from './attempt-outcome.ts';
import type { CurrencyGate } from './currency-gate.ts';
import type { EngineDirectory } from './directory.ts';
import type { EndpointState } from './endpoint-state.ts';
import type { LiveDelivery } from './lane.ts';
import type { LoadedRing } from './loaded-ring.ts';
import type { EngineSettings } from './settings.ts';
import { type SignedRequest, signRequest } from './signed-request.ts';
import type { EngineTelemetry } from './telemetry.ts';
import type { EngineTracing } from './tracing.ts';

export type AttemptEnd =
  | {
      readonly kind: 'finished';
      readonly outcome: Outcome;
      /** An attempt before it, on a kept connection that had died. It decided nothing, and is history all the same. */
      readonly lost: Attempt | null;
      readonly class: AttemptClass;
      readonly timedOut: boolean;
      /** Milliseconds that the receiver asked to wait. */
      readonly retryAfter: number | null;
      readonly at: number;
    }
  /** Nothing was asked of the receiver, for a reason of this node: not an attempt. */
  | { readonly kind: 'unsent' }
  /** The same, because this node cannot vouch for what it remembers just now: it stays here and goes out later. */
  | { readonly kind: 'unvouched' }
  /** The same, because the delivery is not this node's any more. */
  | { readonly kind: 'lost' };

export type AttemptTools = {
  readonly store: Pick<Store, 'incarnation'>;
  readonly gate: CurrencyGate;
  readonly directory: EngineDirectory;
  readonly vault: Vault;
  readonly sender: Sender;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: IdSource;
  readonly settings: EngineSettings;
  readonly telemetry: EngineTelemetry;
  readonly tracing: EngineTracing | null;
};

/** Why a request could not be signed; an attempt of its own kind, which is retried. Nothing is ever sent unsigned. */
export type SigningFailure = { readonly kind: typeof SIGNING; readonly detail: string };

const UNCHANGED: Outcome['next'] = { kind: 'unchanged' };
const NO_SECRET: SigningFailure = { kind: SIGNING, detail: 'The keyring has no secret that signs now.' };
const NOT_SIGNABLE: SigningFailure = { kind: SIGNING, detail: 'The request could not be signed.' };

/** The ring that signs for an endpoint now. Looks again after waiting, since the endpoint may have another by then. */
export async function waitForRing(directory: EngineDirectory, state: EndpointState): Promise<LoadedRing | null> {
  for (;;) {
    const owner = state.ringOwner;
    const found = await directory.loadedRing(owner);
    if (owner === state.ringOwner) return found;
  }
}

/** A request that went out on a kept connection which died without a byte of an answer. */
type LostAttempt = { readonly signed: SignedRequest; readonly result: SendResult; readonly startedAt: number };

export class Attempts {
  readonly #tools: AttemptTools;

  constructor(tools: AttemptTools) {
    this.#tools = tools;
  }

  /**
   * Signs, sends, and says what becomes of the delivery. Between the look at the clock and the handing over to the
   * sender nothing is awaited, so the secrets that sign are those that live at that moment; and between the look at the
   * gate and that, so they are those of the ring that is in force.
   */
  async run(live: LiveDelivery): Promise<AttemptEnd> {
    const { directory, sender, clock, telemetry, gate, store } = this.#tools;
    const { state } = live.lane;
    let lost: LostAttempt | null = null;
    for (;;) {
      if (!gate.isOpen || state.outdated) {
        const found = await this.#lookAgain(state);
        if (found !== 'current') return this.#notSent(live, lost, found);
        continue;
      }
      const known = directory.loadedRing(state.ringOwner);
      const ring = known instanceof Promise ? await this.#loaded(state) : known;
      if (ring === 'unread') return this.#notSent(live, lost, 'unsent');
      // A ring that was just loaded is in the cache, so the next look does not wait again.
      if (known instanceof Promise && ring !== null) continue;
      if (live.lease !== store.incarnation) return this.#notSent(live, lost, 'lost');
      if (!state.isActive) return this.#notSent(live, lost, 'unsent');
      const startedAt = clock.now();
      const signed = this.#sign(live, ring, startedAt);
      if (signed === null || 'kind' in signed) return this.#unsigned(live, ring, signed ?? NO_SECRET, startedAt, lost);
      const result = await sender.send(signed.request);
      if (result.kind === 'failure') {
        if (result.failure === 'closed') return this.#notSent(live, lost, 'unsent');
        // The receiver had closed the kept connection: most often it never saw the request. A fresh one tells.
        if (result.staleConnection && lost === null && state.isActive) {
          lost = { signed, result, startedAt };
          telemetry.connectionRetried();
          continue;
        }
      }
      return this.#finish(live, signed, result, startedAt, lost);
    }
  }

  async #lookAgain(state: EndpointState): Promise<'current' | 'unsent' | 'unvouched' | 'lost'> {
    const { directory, gate, telemetry } = this.#tools;
    if (!gate.isOpen && !(await gate.renew())) return 'unvouched';
    try {
      if (!state.outdated) return 'current';
      // A store that went back may be without it: then it is without its deliveries, too.
      return (await directory.endpoints.load(state.id)) === null ? 'lost' : 'current';
    } catch (error) {
      telemetry.storeRefused('read', error);
      return 'unsent';
    }
  }

  /** Null when the store has none. */
  async #loaded(state: EndpointState): Promise<LoadedRing | null | 'unread'> {
    try {
      return await waitForRing(this.#tools.directory, state);
    } catch (error) {
      this.#tools.telemetry.storeRefused('read', error);
      return 'unread';
    }
  }

  /** What went out before and was lost is an attempt all the same. */
  #notSent(live: LiveDelivery, lost: LostAttempt | null, kind: 'unsent' | 'unvouched' | 'lost'): AttemptEnd {
    return lost === null ? { kind } : this.#finish(live, lost.signed, lost.result, lost.startedAt, null);
  }

  #sign(live: LiveDelivery, ring: LoadedRing | null, now: number): SignedRequest | SigningFailure | null {
    if (ring === null) return null;
    const { vault, settings, telemetry } = this.#tools;
    try {
      return signRequest(
        { state: live.lane.state, ring, event: live.event, deliveryId: live.id, now, purpose: 'delivery' },
        { vault, userAgent: settings.userAgent, sendDeadlineSeconds: settings.sendDeadlineSeconds },
      );
    } catch (error) {
      telemetry.fault('signing', error);
      return NOT_SIGNABLE;
    }
  }

  #unsigned(
    live: LiveDelivery,
    ring: LoadedRing | null,
    failure: SigningFailure,
    now: number,
    lost: LostAttempt | null,
  ): AttemptEnd {
    const before = lost === null ? null : this.#attempt(live, lost.signed, lost.result, lost.startedAt, 1);
    const attempt: Attempt = {
      ...this.#begin(live, now, before === null ? 1 : 2),
      responseStatus: null,
      errorKind: failure.kind,
      errorDetail: failure.detail,
      phases: NO_PHASES,
      keyIds: '',
      ringVersion: ring?.ring.version ?? 0,
      responseHeaders: null,
      responseExcerpt: null,
    };
    return this.#end(live, attempt, { lost: before, class: 'retry', timedOut: false, retryAfter: null }, now);
  }

  #finish(
    live: LiveDelivery,
    signed: SignedRequest,
    result: SendResult,
    startedAt: number,
    lost: LostAttempt | null,
  ): AttemptEnd {
    const now = this.#tools.clock.now();
    const responded = result.kind === 'response';
    const before = lost === null ? null : this.#attempt(live, lost.signed, lost.result, lost.startedAt, 1);
    const attempt = this.#attempt(live, signed, result, startedAt, before === null ? 1 : 2);
    if (responded && result.verifiedKey !== null && signed.keyIds.split(' ').includes(result.verifiedKey)) {
      this.#tools.telemetry.keyVerified(live.lane.state.id, result.verifiedKey);
    }
    const retryAfter = responded && result.retryAfter !== null ? parseRetryAfter(result.retryAfter, now) : null;
    const outcome = classify(responded ? { status: result.status } : { failure: result.failure });
    const timedOut = !responded && result.failure === 'timeout';
    return this.#end(live, attempt, { lost: before, class: outcome, timedOut, retryAfter }, now);
  }

  /** The `step`-th attempt since the delivery came into memory. */
  #attempt(live: LiveDelivery, signed: SignedRequest, result: SendResult, startedAt: number, step: number): Attempt {
    const responded = result.kind === 'response';
    return {
      ...this.#begin(live, startedAt, step),
      responseStatus: responded ? result.status : null,
      errorKind: responded ? null : result.failure,
      errorDetail: responded ? null : result.detail,
      phases: result.phases,
      keyIds: signed.keyIds,
      ringVersion: signed.ringVersion,
      responseHeaders: responded ? result.headers : null,
      responseExcerpt: responded ? result.excerpt : null,
    };
  }

  #begin(
    live: LiveDelivery,
    startedAt: number,
    step: number,
  ): Pick<Attempt, 'id' | 'deliveryId' | 'endpointId' | 'number' | 'startedAt'> {
    return {
      id: this.#tools.ids.next('att'),
      deliveryId: live.id,
      endpointId: live.lane.state.id,
      number: live.attemptCount + step,
      startedAt,
    };
  }

  #end(
    live: LiveDelivery,
    attempt: Attempt,
    facts: Pick<Extract<AttemptEnd, { kind: 'finished' }>, 'lost' | 'class' | 'timedOut' | 'retryAfter'>,
    now: number,
  ): AttemptEnd {
    const { endpoint } = live.lane.state;
    const retryAt =
      facts.class === 'success'
        ? null
        : nextAttemptAt({
            schedule: this.#scheduleOf(live),
            attemptsMade: attempt.number,
            now,
            retryAfter: facts.retryAfter,
            random: this.#tools.random,
          });
    const next = nextOf({ outcome: facts.class, retryAt, endpointStatus: endpoint.status.kind, now });
    this.#tell(live, attempt, next, now);
    const { tracing } = this.#tools;
    if (tracing !== null) {
      if (facts.lost !== null) tracing.attempted(live, facts.lost, UNCHANGED);
      tracing.attempted(live, attempt, next);
    }
    return { kind: 'finished', outcome: { attempt, next }, ...facts, at: now };
  }

  #scheduleOf(live: LiveDelivery): readonly number[] {
    const { retryScheduleForAll, retrySchedule } = this.#tools.settings;
    return retryScheduleForAll ?? live.lane.state.endpoint.retrySchedule ?? retrySchedule;
  }

  #tell(live: LiveDelivery, attempt: Attempt, next: Ending, now: number): void {
    const { telemetry } = this.#tools;
    telemetry.attemptFinished(attempt, live.event.id, attempt.startedAt - live.dueAt);
    if (next.kind !== 'retry') telemetry.deliveryEnded(next, now - live.createdAt);
  }
}
