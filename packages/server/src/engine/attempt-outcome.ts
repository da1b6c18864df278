import type { Attempt } from '../domain/attempt.ts';
import type { AttemptClass } from '../domain/delivery-state.ts';
import { deliveryAfter } from '../domain/delivery-state.ts';
import type { EndpointStatus } from '../domain/endpoint.ts';
import type { Outcome } from '../store/port.ts';

/** Where an attempt leads that decided something. */
export type Ending = Exclude<Outcome['next'], { kind: 'unchanged' }>;

/** What becomes of a delivery after an attempt, in the words of the store. */
export function nextOf(facts: {
  readonly outcome: AttemptClass;
  readonly retryAt: number | null;
  readonly endpointStatus: EndpointStatus['kind'];
  readonly now: number;
}): Ending {
  const after = deliveryAfter({ kind: 'in_flight' }, { kind: 'attempted', ...facts }, facts.now);
  switch (after.kind) {
    case 'succeeded':
    case 'cancelled':
    case 'dead':
      return after;
    case 'retrying':
      return { kind: 'retry', dueAt: after.dueAt };
    default:
      throw new Error(`An attempt cannot lead to ${after.kind}`);
  }
}

export const NO_PHASES: Attempt['phases'] = {
  dnsMs: null,
  connectMs: null,
  tlsMs: null,
  firstByteMs: null,
  totalMs: 0,
};

/** The kind of an attempt that this node could not sign: no request went out. */
export const SIGNING = 'signing';
