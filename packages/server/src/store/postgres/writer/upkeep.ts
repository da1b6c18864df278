import { number, numberOrNull } from '../../cells.ts';
import type { Database, Statement } from '../database.ts';

/** A node that could not read changes for so long reads everything anew. */
const CHANGES_KEPT_MS = 3_600_000;
const ROWS_PER_STEP = 10_000;
/** Endpoints that one step looks at. */
const ENDPOINTS_PER_STEP = 10_000;

const PRUNE_CHANGES: Statement = {
  name: 'upkeep_changes',
  text: 'DELETE FROM changes WHERE number IN (SELECT number FROM changes WHERE at < $1 ORDER BY at LIMIT $2)',
};
/** Of nodes that are gone: no batch arrives so late, and nobody asks for its answer any more. */
const PRUNE_BATCHES: Statement = {
  name: 'upkeep_batches',
  text: "DELETE FROM batches WHERE at < floor(extract(epoch FROM clock_timestamp() - interval '7 days') * 1000)",
};
/**
 * A resumption and an acceptance that do not see each other can leave an endpoint out of the index. Steps from one
 * endpoint with waiting deliveries to the next.
 */
const FIND_FORGOTTEN: Statement = {
  name: 'upkeep_due_endpoints',
  text: `
    WITH RECURSIVE steps (endpoint) AS (
      (SELECT q.endpoint FROM queue q WHERE q.lease IS NULL AND q.endpoint > $1::integer ORDER BY q.endpoint LIMIT 1)
      UNION ALL
      SELECT (SELECT q.endpoint FROM queue q WHERE q.lease IS NULL AND q.endpoint > s.endpoint
        ORDER BY q.endpoint LIMIT 1) FROM steps s WHERE s.endpoint IS NOT NULL),
    seen AS MATERIALIZED (SELECT endpoint FROM steps WHERE endpoint IS NOT NULL LIMIT $2),
    forgotten AS MATERIALIZED (
      SELECT s.endpoint, (SELECT q.due_at FROM queue q WHERE q.endpoint = s.endpoint AND q.lease IS NULL
        ORDER BY q.due_at LIMIT 1) AS due_at
      FROM seen s JOIN endpoints e ON e.number = s.endpoint
      WHERE e.status = 'active' AND NOT EXISTS (SELECT 1 FROM due_endpoints d WHERE d.endpoint = s.endpoint)
      ORDER BY s.endpoint),
    draining AS (
      UPDATE endpoints SET draining = true WHERE number IN (SELECT endpoint FROM seen) AND status = 'archived'
        AND NOT draining RETURNING number),
    due AS (
      INSERT INTO due_endpoints (endpoint, due_at) SELECT endpoint, due_at FROM forgotten WHERE due_at IS NOT NULL
      ON CONFLICT DO NOTHING RETURNING endpoint)
    SELECT (SELECT max(endpoint) FROM seen), (SELECT count(*) FROM seen),
      (SELECT count(*) FROM due) + (SELECT count(*) FROM draining)`,
};

export type Upkept = { readonly changed: number; readonly more: boolean; readonly found: number };

/** What keeps tables small and the index of endpoints whole. One step looks at a part of the endpoints, the next goes on. */
export function createUpkeep(db: Database): (now: number) => Promise<Upkept> {
  const runner = db.on('change');
  let lookedUpTo = 0;

  async function findForgotten(): Promise<number> {
    const { rows } = await runner.run(FIND_FORGOTTEN, [lookedUpTo, ENDPOINTS_PER_STEP]);
    const [last = null, seen = 0, found = 0] = rows[0] ?? [];
    lookedUpTo = number(seen) < ENDPOINTS_PER_STEP ? 0 : (numberOrNull(last) ?? 0);
    return number(found);
  }

  return async (now) => {
    const changes = await runner.run(PRUNE_CHANGES, [now - CHANGES_KEPT_MS, ROWS_PER_STEP]);
    await runner.run(PRUNE_BATCHES);
    const found = await findForgotten();
    return {
      changed: changes.count + found,
      more: changes.count === ROWS_PER_STEP,
      found,
    };
  };
}
