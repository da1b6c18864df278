import type { HousekeepingStep } from '../../packages/server/src/store/port.ts';
import type { SharedDatabase } from '../database/shared-database.ts';
import { endDelivery } from './end-delivery.ts';
import type { EndpointModel } from './endpoint-model.ts';
import type { Model } from './model.ts';

/** Housekeeping ended some deliveries without saying which: those that were owed and stand in the queue no more. */
export function findEnded(model: Model, database: SharedDatabase, step: HousekeepingStep): void {
  if (step.kind !== 'cancel_archived' && step.kind !== 'expire_held') return;
  const status = step.kind === 'cancel_archived' ? 'archived' : 'suspended';
  for (const endpoint of model.endpoints.values()) {
    if (endpoint.row.status.kind === status && endpoint.owedCount > 0) endGone(model, database, endpoint, step);
  }
}

function endGone(
  model: Model,
  database: SharedDatabase,
  endpoint: EndpointModel,
  step: Extract<HousekeepingStep, { kind: 'cancel_archived' | 'expire_held' }>,
): void {
  const queued = database.queuedOf(endpoint.id);
  for (const owed of [...endpoint.owed.values()].flat()) {
    if (owed.end !== null || queued.has(owed.id)) continue;
    model.checks.that('durable', owed.lease === null, () => `${owed.id} was ended while its lease is held`);
    if (step.kind === 'expire_held') {
      const { status } = endpoint.row;
      const heldSince = status.kind === 'suspended' ? Math.max(status.at, owed.dueAt) : Number.POSITIVE_INFINITY;
      const isRight = step.now - heldSince >= step.heldMsMax;
      model.checks.that('durable', isRight, () => `${owed.id} died as held too long after ${step.now - heldSince} ms`);
    }
    endDelivery(model, owed, step.kind === 'cancel_archived' ? 'cancelled' : 'dead');
  }
}
