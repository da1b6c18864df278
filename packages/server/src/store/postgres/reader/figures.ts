import { FIGURES_COUNT_MAX } from '../../../domain/limits.ts';
import { number, numberOrNull, text } from '../../cells.ts';
import type { Reader } from '../../reader.ts';
import type { Statement } from '../database.ts';
import type { Queries } from './queries.ts';

/** Fewer rows are counted so fast that it is not worth remembering. */
const REMEMBERED_ROWS_MIN = 100_000;
/** Counting takes at most so small a part of the time of a connection. */
const COUNT_TIME_RATIO_MAX = 0.02;

const COUNT_QUEUED: Statement = { name: 'figures_queued', text: 'SELECT count(*) AS found FROM queue' };
const COUNT_SECRETS: Statement = { name: 'figures_secrets', text: 'SELECT count(*) AS found FROM secrets' };
const DUE: Statement = {
  name: 'figures_due',
  text: `SELECT
    (SELECT min(due_at) FROM due_endpoints WHERE taken_by IS NULL) AS oldest_due_at,
    (SELECT count(*) FROM (
      SELECT 1 FROM due_endpoints WHERE taken_by IS NULL AND due_at <= $1 LIMIT ${FIGURES_COUNT_MAX}) s) AS due,
    (SELECT count(*) FROM (
      SELECT 1 FROM (SELECT number FROM endpoints WHERE status = 'suspended' LIMIT ${FIGURES_COUNT_MAX}) s
      CROSS JOIN LATERAL (
        SELECT 1 FROM queue q WHERE q.endpoint = s.number AND q.lease IS NULL LIMIT ${FIGURES_COUNT_MAX}) q
      LIMIT ${FIGURES_COUNT_MAX}) s) AS held`,
};
const SUSPENDED: Statement = {
  name: 'figures_suspended',
  text: `SELECT reason, count(*) AS endpoints FROM (
      SELECT status_reason AS reason FROM endpoints WHERE status = 'suspended' LIMIT ${FIGURES_COUNT_MAX}) s
    GROUP BY reason`,
};
const SECRETS: Statement = {
  name: 'figures_rings',
  text: `SELECT
    (SELECT count(*) FROM secrets WHERE ends_at <= $1) AS ended,
    (SELECT count(DISTINCT owner) FROM (
      SELECT owner FROM secrets WHERE ends_at > $1 LIMIT ${FIGURES_COUNT_MAX}) s) AS rings_in_grace,
    (SELECT min(ends_at) FROM secrets WHERE ends_at > $1) AS next_end_at,
    (SELECT min(activates_at) FROM secrets WHERE superseded_at IS NULL AND ends_at IS NULL) AS oldest_active_since`,
};

/**
 * Figures for metrics. Counts stop at a bound or read a small index, but for those of the queue and of the secrets,
 * which are exact, and remembered for longer the longer they took.
 */
export function createFigureReads(
  { all, first }: Queries,
  monotonic: () => number = () => performance.now(),
): Pick<Reader, 'figures'> {
  const queued = remembered(COUNT_QUEUED);
  const living = remembered(COUNT_SECRETS);

  function remembered(statement: Statement): () => Promise<number> {
    let count = 0;
    let countAgainAt = Number.NEGATIVE_INFINITY;
    return async () => {
      const startedAt = monotonic();
      if (startedAt < countAgainAt) return count;
      count = number((await first(statement))?.['found']);
      const tookMs = monotonic() - startedAt;
      countAgainAt = count < REMEMBERED_ROWS_MIN ? startedAt : startedAt + tookMs / COUNT_TIME_RATIO_MAX;
      return count;
    };
  }

  return {
    async figures(now) {
      const [queuedNow, livingNow, due, suspended, secrets] = await Promise.all([
        queued(),
        living(),
        first(DUE, now),
        all(SUSPENDED),
        first(SECRETS, now),
      ]);
      return {
        queued: queuedNow,
        oldestDueAt: numberOrNull(due?.['oldest_due_at'] ?? null),
        dueEndpoints: number(due?.['due']),
        held: number(due?.['held']),
        suspendedEndpoints: suspended.map((row) => ({
          reason: text(row['reason']),
          endpoints: number(row['endpoints']),
        })),
        secrets: {
          living: Math.max(0, livingNow - number(secrets?.['ended'])),
          ringsInGrace: number(secrets?.['rings_in_grace']),
          nextEndAt: numberOrNull(secrets?.['next_end_at'] ?? null),
          oldestActiveSince: numberOrNull(secrets?.['oldest_active_since'] ?? null),
        },
      };
    },
  };
}
