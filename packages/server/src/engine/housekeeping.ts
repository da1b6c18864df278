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
    job('reap_leases', 2_000, (now) => ({ kind: 'reap_leases', now, itemsMax })),
    job('upkeep', 30_000, (now) => ({ kind: 'upkeep', now })),
  ];
}
