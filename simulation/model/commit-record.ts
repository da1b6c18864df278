import type { Attempt } from '../../packages/server/src/domain/attempt.ts';
import type { Outcome } from '../../packages/server/src/store/port.ts';
import type { WorkOf } from '../database/work.ts';
import type { DeliveryModel } from './delivery-model.ts';
import { endDelivery } from './end-delivery.ts';
import type { Model } from './model.ts';

/** Results were committed: attempts that happened, and what becomes of their deliveries. */
export function commitRecord(model: Model, { unit }: WorkOf<'record'>): void {
  for (const outcome of unit.outcomes) {
    const delivery = model.deliveries.get(outcome.attempt.deliveryId);
    if (delivery === undefined) {
      // It ended meanwhile, by a success of somebody else or by the rules: the attempt is history as long as that is kept.
      model.totals.attemptsAfterEnd += 1;
      continue;
    }
    model.totals.attempts += 1;
    checkAttempt(model, delivery, outcome, unit.incarnation);
    delivery.recorded += 1;
    if (outcome.next.kind !== 'unchanged') checkComplete(model, delivery, unit.incarnation);
    move(model, delivery, outcome, unit.incarnation);
  }
}

function move(model: Model, delivery: DeliveryModel, { next }: Outcome, incarnation: number): void {
  if (next.kind === 'unchanged') return;
  const isOwner = delivery.lease === incarnation;
  if (delivery.end !== null) {
    // Its lease was somebody's who did not know that it had ended.
    if (isOwner) delivery.lease = null;
    endDelivery(model, delivery, delivery.end);
    return;
  }
  if (!isOwner) {
    if (next.kind !== 'succeeded') return;
    model.totals.lateSuccesses += 1;
    endDelivery(model, delivery, 'succeeded');
    return;
  }
  delivery.lease = null;
  if (next.kind === 'retry') delivery.dueAt = next.dueAt;
  else endDelivery(model, delivery, next.kind);
}

/** Every attempt is one that a receiver or the network saw, in the order in which the process was told. */
function checkAttempt(model: Model, delivery: DeliveryModel, { attempt, next }: Outcome, incarnation: number): void {
  if (attempt.errorKind === 'signing') return;
  let at = indexOf(delivery, attempt, incarnation);
  if (at < 0) {
    // Requests for several deliveries of one event look the same: this one was taken for one of the others'.
    const others = delivery.endpoint.owed.get(delivery.eventId);
    const other = Array.isArray(others) ? others.find((one) => indexOf(one, attempt, incarnation) >= 0) : undefined;
    if (other !== undefined) [delivery.requests, other.requests] = [other.requests, delivery.requests];
    at = indexOf(delivery, attempt, incarnation);
  }
  const seen = delivery.requests?.unrecorded[at];
  model.checks.that(
    'history',
    seen !== undefined,
    () =>
      `${attempt.id} of ${delivery.id} at ${attempt.startedAt}, by ${attempt.keyIds}, to ${attempt.responseStatus ?? attempt.errorKind} never happened`,
  );
  if (seen === undefined) return;
  delivery.requests?.unrecorded.splice(at, 1);
  const is2xx = seen.status !== null && seen.status >= 200 && seen.status < 300;
  model.checks.that(
    'history',
    is2xx === (next.kind === 'succeeded'),
    () => `${attempt.id} with ${seen.status} led to ${next.kind}`,
  );
}

/** What decides is the last of what this run was told: nothing before it may be missing. */
function checkComplete(model: Model, { id, requests }: DeliveryModel, incarnation: number): void {
  const missing = requests?.unrecorded.find(({ under }) => under === incarnation);
  model.checks.that(
    'history',
    missing === undefined,
    () => `a request for ${id} at ${missing?.startedAt} is in no history`,
  );
}

/** A clock that was set back may show the same time to two runs. */
function indexOf({ requests }: DeliveryModel, attempt: Attempt, incarnation: number): number {
  const { startedAt, keyIds, responseStatus } = attempt;
  return (
    requests?.unrecorded.findIndex(
      (one) =>
        one.under === incarnation &&
        one.startedAt === startedAt &&
        one.keyIds === keyIds &&
        one.status === responseStatus,
    ) ?? -1
  );
}
