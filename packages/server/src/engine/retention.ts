import type { Clock } from '../domain/clock.ts';
import { CLIENT_EVENT_ID_DAYS } from '../domain/limits.ts';
import type { PruneUnit, Removed, Store } from '../store/port.ts';
import type { Job, JobStep } from './scheduler.ts';
import type { EngineTelemetry } from './telemetry.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Often and little: what comes in ten seconds is gone in a moment, so commits never wait for long. */
const PERIOD_MS = 10_000;
/** Rows of one step: a few milliseconds of the writer. */
const ITEMS_PER_STEP = 400;
/** A job that is so many steps behind takes larger ones, which remove more for each commit. */
const BEHIND_STEPS = 128;
const ITEMS_PER_STEP_BEHIND = 1_600;
/** Runs and rests of about the same length leave half of the writer to others while there is much to catch up with. */
const BURST = { steps: 16, restMs: 100 };
const TELL_MS = HOUR_MS;

/**
 * Removes what is past retention, again and again. The log is told at most once an hour.
 *
 * An event with an id of its client's own stays for as long as that id is taken, which may be longer than retention. Then
 * there are two walks: one over everything older than that, from the beginning each time, since next to nothing stays;
 * and one over the younger events, which goes on where it stopped, so that those that stay are not looked at again.
 */
export function retentionJob(tools: {
  readonly store: Store;
  readonly clock: Clock;
  readonly telemetry: Pick<EngineTelemetry, 'retentionRemoved' | 'retentionReport'>;
  readonly retentionDays: number;
}): Job {
  const { store, clock, telemetry, retentionDays } = tools;
  const idsDays = CLIENT_EVENT_ID_DAYS;
  const isShort = retentionDays < idsDays;
  let walk: 'old' | 'young' = 'old';
  let oldAt: string | null = null;
  let youngAt: string | null = null;
  let untold: Removed = NOTHING;
  let toldAt = Number.NEGATIVE_INFINITY;
  /** Steps since there was nothing more to do. */
  let streak = 0;

  function nextUnit(): PruneUnit {
    const now = clock.now();
    const { retentionUnitMs } = store;
    // Down to a whole unit: the store removes those at once.
    const before = (ageMs: number): number => Math.floor((now - ageMs) / retentionUnitMs) * retentionUnitMs;
    const itemsMax = streak < BEHIND_STEPS ? ITEMS_PER_STEP : ITEMS_PER_STEP_BEHIND;
    return walk === 'old'
      ? { before: before(Math.max(retentionDays, idsDays) * DAY_MS), after: oldAt, itemsMax }
      : { before: before(retentionDays * DAY_MS), after: youngAt, itemsMax };
  }

  function tell(removed: Removed): void {
    telemetry.retentionRemoved(removed);
    untold = sum(untold, removed);
    if (untold.events === 0 || clock.monotonic() - toldAt < TELL_MS) return;
    telemetry.retentionReport({ ...untold, retentionDays });
    toldAt = clock.monotonic();
    untold = NOTHING;
  }

  async function step(): Promise<JobStep> {
    const unit = nextUnit();
    const { removed, after, more } = await store.prune(unit);
    tell(removed);
    streak = more ? streak + 1 : 0;
    if (walk === 'young') {
      youngAt = after ?? youngAt;
      if (!more) walk = 'old';
      return { changed: removed.events, more };
    }
    oldAt = more ? after : null;
    if (more || !isShort) return { changed: removed.events, more };
    walk = 'young';
    return { changed: removed.events, more: true };
  }

  return { name: 'prune_events', periodMs: PERIOD_MS, burst: BURST, step };
}

const NOTHING: Removed = { events: 0, deliveries: 0, attempts: 0 };

function sum(one: Removed, other: Removed): Removed {
  return {
    events: one.events + other.events,
    deliveries: one.deliveries + other.deliveries,
    attempts: one.attempts + other.attempts,
  };
}
