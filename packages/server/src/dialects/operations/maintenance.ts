import { type PruneInput, type PruneStep, pruneStep } from '../../app/retention.ts';
import { type Operation, operation } from '../operation.ts';

/** Removes old events of all organizations, or counts them; to be repeated until there is no next place. */
export const pruneEvents: Operation<PruneInput, PruneStep> = operation({
  name: 'pruneEvents',
  scopes: ['operator'],
  idempotent: true,
  run: async ({ app, caller, idempotency }, input) => await pruneStep(app, caller, input, idempotency),
});
