import { PRUNE_AGE_HOURS_MIN } from '../domain/limits.ts';
import type { Removed } from '../store/port.ts';
import { auditAhead } from './audit.ts';
import { type Caller, type IdempotencyRequest, missingScope } from './caller.ts';
import type { AppContext } from './context.ts';
import { idempotentAfter } from './idempotency.ts';
import { done, invalid, type Outcome } from './outcome.ts';

export type PruneInput = {
  /** Epoch milliseconds; null: as old as the configured retention says. */
  readonly before: number | null;
  /** Only counts. */
  readonly dryRun: boolean;
  /** From the step before; null begins a run. */
  readonly next: PrunePlace | null;
};

/** Where a run stands. The time it works up to does not move while it runs. */
export type PrunePlace = { readonly before: number; readonly after: string };

export type PruneStep = {
  readonly before: number;
  readonly removed: Removed;
  /** Null: the run has ended. */
  readonly next: PrunePlace | null;
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Rows of one step: some 20 ms of the writer. */
const REMOVED_ITEMS_MAX = 2_000;
const COUNTED_ITEMS_MAX = 10_000;

/** Removes old events of every organization, one bounded step at a time. A run is in the audit log before its first step. */
export async function pruneStep(
  app: AppContext,
  caller: Caller,
  input: PruneInput,
  request: IdempotencyRequest | null,
): Promise<Outcome<PruneStep>> {
  const refusal = missingScope(caller, 'operator');
  if (refusal !== null) return refusal;
  const now = app.clock.now();
  const { dryRun, next } = input;
  const asked = next?.before ?? input.before ?? now - app.settings.retentionDays * DAY_MS;
  // Where events go by whole days, the one that the time lies in is left for the next run.
  const before = asked - (asked % app.store.retentionUnitMs);
  if (asked > now - PRUNE_AGE_HOURS_MIN * HOUR_MS) {
    return invalid('/before', `must be at least ${PRUNE_AGE_HOURS_MIN} hours ago`, 'too_young');
  }
  if (dryRun) {
    const unit = { before, after: next?.after ?? null, itemsMax: COUNTED_ITEMS_MAX };
    return done(stepOf(before, await app.store.reader.prunable(unit, now)));
  }
  return await idempotentAfter(app, caller, request, async () => {
    if (next === null) {
      const cutoff = new Date(before).toISOString();
      await auditAhead(app, caller, { action: 'events.pruned', target: 'events', detail: { before: cutoff } });
    }
    const pruned = await app.store.prune({ before, after: next?.after ?? null, itemsMax: REMOVED_ITEMS_MAX });
    app.telemetry.retentionRemoved(pruned.removed);
    if (pruned.removed.events > 0) app.telemetry.eventsPruned({ ...pruned.removed, before, actor: caller.actor });
    return done(stepOf(before, pruned));
  });
}

function stepOf(
  before: number,
  { removed, after, more }: { readonly removed: Removed; readonly after: string | null; readonly more: boolean },
): PruneStep {
  // Where nothing was looked at, the next step begins at the beginning again.
  return { before, removed, next: more ? { before, after: after ?? '0' } : null };
}
