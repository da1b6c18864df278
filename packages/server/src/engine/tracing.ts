import type { Attempt } from '../domain/attempt.ts';
import type { OrganizationId } from '../domain/ids.ts';
import type { AcceptedEvent, AcceptResult, Outcome } from '../store/port.ts';
import type { AcceptOutcome, Engine, IncomingEvent } from './engine.ts';
import type { LiveDelivery } from './lane.ts';

/**
 * Is told what happened, after it happened: nothing is carried from one step to the next for its sake. Absent unless the
 * operator wants traces.
 */
export type EngineTracing = {
  /** After the commit. `submittedAt` is monotonic: when the unit was handed to the store. */
  readonly accepted: (
    events: readonly AcceptedEvent[],
    outcomes: Extract<AcceptResult, { kind: 'accepted' }>['outcomes'],
    submittedAt: number,
  ) => void;
  /** Nothing was stored. */
  readonly acceptRefused: (refused: {
    readonly organizationId: OrganizationId;
    readonly events: number;
    readonly reason: Exclude<AcceptOutcome['kind'], 'accepted'>;
  }) => void;
  readonly attempted: (live: LiveDelivery, attempt: Attempt, next: Outcome['next']) => void;
};

type AcceptFunction = Engine['accept'];

/** Tells of refusals too; without tracing it is the function itself. */
export function tracedAccept(accept: AcceptFunction, tracing: EngineTracing | null): AcceptFunction {
  if (tracing === null) return accept;
  return async (organizationId, events: readonly IncomingEvent[], idempotency) => {
    const outcome = await accept(organizationId, events, idempotency);
    if (outcome.kind !== 'accepted') {
      tracing.acceptRefused({ organizationId, events: events.length, reason: outcome.kind });
    }
    return outcome;
  };
}
