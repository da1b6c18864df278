import { type DeathReason, type DeliveryState, isTerminal, type ShownStatus } from './delivery.ts';
import type { EndpointStatus } from './endpoint.ts';
import { HELD_HOURS_MAX } from './limits.ts';

export type AttemptClass =
  | 'success'
  | 'retry'
  /** The receiver says that the endpoint is no more; it is suspended. */
  | 'gone'
  /** The receiver asks for fewer requests; the lane slows down. */
  | 'slow_down';

/** A response's status, or why there was none. */
export type AttemptResult = { readonly status: number } | { readonly failure: string };

/** Only a 2xx is a success; a redirect is not followed, so it is a failure like any other. */
export function classify(result: AttemptResult): AttemptClass {
  if ('failure' in result) return 'retry';
  const { status } = result;
  if (status >= 200 && status <= 299) return 'success';
  if (status === 410) return 'gone';
  return status === 429 || status === 503 ? 'slow_down' : 'retry';
}

export type DeliveryEvent =
  /** A node took it to send. */
  | { readonly kind: 'leased' }
  /** It goes back unsent. */
  | { readonly kind: 'released'; readonly attemptCount: number; readonly dueAt: number }
  | {
      readonly kind: 'attempted';
      readonly outcome: AttemptClass;
      /** When the schedule tries again; null: exhausted. */
      readonly retryAt: number | null;
      readonly endpointStatus: EndpointStatus['kind'];
    }
  | { readonly kind: 'endpoint_archived' }
  | { readonly kind: 'held_too_long' }
  | { readonly kind: 'payload_missing' };

export type DeliveryRefusal = {
  readonly kind: 'refused';
  /** `terminal`: it has ended. `in_flight`: a node is sending it. `not_in_flight`: none is. */
  readonly reason: 'terminal' | 'in_flight' | 'not_in_flight';
};

/** The state after `event`. What has ended stays ended, and only what is in flight can be given back. */
export function deliveryAfter(
  state: DeliveryState,
  event: DeliveryEvent,
  now: number,
): DeliveryState | DeliveryRefusal {
  if (isTerminal(state)) return refused('terminal');
  const inFlight = state.kind === 'in_flight';
  switch (event.kind) {
    case 'leased':
      return inFlight ? refused('in_flight') : { kind: 'in_flight' };
    case 'released':
      if (!inFlight) return refused('not_in_flight');
      return { kind: event.attemptCount === 0 ? 'pending' : 'retrying', dueAt: event.dueAt };
    case 'attempted':
      // A success counts also when the lease was lost meanwhile; a failure then belongs to whoever holds it now.
      if (event.outcome === 'success') return { kind: 'succeeded', at: now };
      return inFlight ? afterFailure(event, now) : refused('not_in_flight');
    case 'endpoint_archived':
      // The request that is out may still succeed; its result decides.
      return inFlight ? refused('in_flight') : { kind: 'cancelled', at: now };
    case 'held_too_long':
      return inFlight ? refused('in_flight') : dead('held_too_long', now);
    case 'payload_missing':
      return dead('payload_missing', now);
  }
}

function afterFailure(event: Extract<DeliveryEvent, { kind: 'attempted' }>, now: number): DeliveryState {
  if (event.endpointStatus === 'archived') return dead('endpoint_archived', now);
  if (event.retryAt === null) return dead('retries_exhausted', now);
  return { kind: 'retrying', dueAt: event.retryAt };
}

function dead(reason: DeathReason, at: number): DeliveryState {
  return { kind: 'dead', at, reason };
}

function refused(reason: DeliveryRefusal['reason']): DeliveryRefusal {
  return { kind: 'refused', reason };
}

/** What a reader is shown: the endpoint's status explains why something that waits does not move. */
export function shownStatus(state: DeliveryState, endpointStatus: EndpointStatus['kind']): ShownStatus {
  if (state.kind !== 'pending' && state.kind !== 'retrying') return state.kind;
  if (endpointStatus === 'suspended') return 'held';
  return endpointStatus === 'archived' ? 'cancelled' : state.kind;
}

/** Whether a delivery has waited too long for its suspended endpoint, which it has been since `suspendedAt`. */
export function isHeldTooLong(dueAt: number, suspendedAt: number, now: number): boolean {
  return now - Math.max(dueAt, suspendedAt) >= HELD_HOURS_MAX * 3_600_000;
}

/** Its first try is still to come or under way, or it is kept back: some products do not let it be sent again. */
export type WaitingStatus = Extract<ShownStatus, 'pending' | 'held' | 'in_flight'>;

export function isWaiting(shown: ShownStatus): shown is WaitingStatus {
  return shown === 'pending' || shown === 'held' || shown === 'in_flight';
}
