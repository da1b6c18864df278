import type { DatabaseSync } from 'node:sqlite';
import { FIGURES_COUNT_MAX } from '../../../domain/limits.ts';
import { number, numberOrNull, text } from '../cells.ts';
import type { SyncReader } from './sync-reader.ts';

type Reads = Pick<SyncReader, 'figures'>;

/** Fewer rows are counted so fast that it is not worth remembering. */
const REMEMBERED_ROWS_MIN = 100_000;
/** Counting the queue takes at most so small a part of this thread's time: other reads wait behind it. */
const COUNT_TIME_RATIO_MAX = 0.005;

/**
 * Figures for metrics. Counts stop at a bound or read a small index, but for that of the queue, which is exact: counting
 * a table reads no row, only how many each page has (4 ms for a million). It is remembered for long enough that it stays
 * under half a percent of the time.
 */
export function createFigureReads(
  db: DatabaseSync,
  monotonic: () => number = () => performance.now(),
  rememberedRowsMin = REMEMBERED_ROWS_MIN,
): Reads {
  const countQueued = db.prepare('SELECT count(*) AS queued FROM queue');
  const oldestDue = db.prepare('SELECT min(due_at) AS at FROM due_endpoints');
  const countDue = db.prepare(`
    SELECT count(*) AS due FROM (SELECT 1 FROM due_endpoints WHERE due_at <= ? LIMIT ${FIGURES_COUNT_MAX}) s`);
  const countHeld = db.prepare(`
    SELECT count(*) AS held FROM (
      SELECT 1 FROM (SELECT number FROM endpoints WHERE status = 'suspended' LIMIT ${FIGURES_COUNT_MAX}) s
      CROSS JOIN queue q ON q.endpoint = s.number AND q.lease IS NULL LIMIT ${FIGURES_COUNT_MAX}) s`);
  const countSuspended = db.prepare(`
    SELECT reason, count(*) AS endpoints FROM (
      SELECT status_reason AS reason FROM endpoints WHERE status = 'suspended' LIMIT ${FIGURES_COUNT_MAX}) s
    GROUP BY reason`);
  const countSecrets = db.prepare('SELECT count(*) AS secrets FROM secrets');
  const countEnded = db.prepare('SELECT count(*) AS ended FROM secrets WHERE ends_at <= ?');
  const countInGrace = db.prepare(`
    SELECT count(DISTINCT owner) AS rings FROM (
      SELECT owner FROM secrets WHERE ends_at > ? LIMIT ${FIGURES_COUNT_MAX}) s`);
  const nextEnd = db.prepare('SELECT min(ends_at) AS at FROM secrets WHERE ends_at > ?');
  const oldestActive = db.prepare(`
    SELECT min(activates_at) AS at FROM secrets WHERE superseded_at IS NULL AND ends_at IS NULL`);

  let queued = 0;
  let countAgainAt = Number.NEGATIVE_INFINITY;

  function queuedNow(): number {
    const startedAt = monotonic();
    if (startedAt < countAgainAt) return queued;
    queued = number(countQueued.get()?.['queued']);
    const tookMs = monotonic() - startedAt;
    countAgainAt = queued < rememberedRowsMin ? startedAt : startedAt + tookMs / COUNT_TIME_RATIO_MAX;
    return queued;
  }

  return {
    figures(now) {
      const ended = number(countEnded.get(now)?.['ended']);
      return {
        queued: queuedNow(),
        oldestDueAt: numberOrNull(oldestDue.get()?.['at'] ?? null),
        dueEndpoints: number(countDue.get(now)?.['due']),
        held: number(countHeld.get()?.['held']),
        suspendedEndpoints: countSuspended.all().map((row) => ({
          reason: text(row['reason']),
          endpoints: number(row['endpoints']),
        })),
        secrets: {
          living: number(countSecrets.get()?.['secrets']) - ended,
          ringsInGrace: number(countInGrace.get(now)?.['rings']),
          nextEndAt: numberOrNull(nextEnd.get(now)?.['at'] ?? null),
          oldestActiveSince: numberOrNull(oldestActive.get()?.['at'] ?? null),
        },
      };
    },
  };
}
