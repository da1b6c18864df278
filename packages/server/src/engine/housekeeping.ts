import type { Clock } from '../domain/clock.ts';
import { HELD_HOURS_MAX } from '../domain/limits.ts';
import type { HousekeepingStep, Store } from '../store/port.ts';
import { retentionJob } from './retention.ts';
import type { Job } from './scheduler.ts';
import type { EngineTelemetry } from './telemetry.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Rows per step: small enough that accepting and recording hardly notice. */
const ITEMS_PER_STEP_MAX = 500;

type HousekeepingTools = { readonly store: Store; readonly clock: Clock; readonly telemetry: EngineTelemetry };

/** The jobs that keep the store small. None of them decides anything: what they remove has ended before. */
export function housekeepingJobs(
  { store, clock, telemetry }: HousekeepingTools,
  retentionDays: number,
): readonly Job[] {
  const itemsMax = ITEMS_PER_STEP_MAX;
  const retentionMs = retentionDays * DAY_MS;
  const job = (name: string, periodMs: number, step: (now: number) => HousekeepingStep): Job => ({
    name,
    periodMs,
    step: () => store.housekeep(step(clock.now())),
  });
  return [
    job('expire_held', 5 * MINUTE_MS, (now) => ({
      kind: 'expire_held',
      now,
      heldMsMax: HELD_HOURS_MAX * HOUR_MS,
      itemsMax,
    })),
    job('cancel_archived', 10_000, (now) => ({ kind: 'cancel_archived', now, itemsMax })),
    retentionJob({ store, clock, telemetry, retentionDays }),
    job('prune_idempotency', 10 * MINUTE_MS, (now) => ({ kind: 'prune_idempotency', now, itemsMax })),
    job('purge_secrets', HOUR_MS, (now) => ({ kind: 'purge_secrets', now, before: now - retentionMs, itemsMax })),
    takeOverJob({ store, clock, telemetry }, itemsMax),
    job('upkeep', 30_000, (now) => ({ kind: 'upkeep', now })),
  ];
}

/** Told of once for each node that is gone, or few that went together, in however many steps. */
function takeOverJob({ store, clock, telemetry }: HousekeepingTools, itemsMax: number): Job {
  let untold = 0;
  return {
    name: 'reap_leases',
    periodMs: 2_000,
    async step() {
      const step = await store.housekeep({ kind: 'reap_leases', now: clock.now(), itemsMax });
      untold += step.changed;
      if (step.more || untold === 0) return step;
      telemetry.takenOver(untold);
      untold = 0;
      return step;
    },
  };
}
