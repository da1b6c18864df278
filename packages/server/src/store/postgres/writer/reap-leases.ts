import { number } from '../../cells.ts';
import type { HousekeepingResult, Incarnation } from '../../port.ts';
import type { Database, Statement } from '../database.ts';
import { type GivenTime, nowMs } from '../database-time.ts';
import { LEASE_MS, type NodeRun } from '../heartbeat.ts';

const NOTHING: HousekeepingResult = { changed: 0, more: false };

/**
 * Before anything is taken from them: from here on they find their rows gone, and take other incarnations. The time is that of
 * this node's own last beat, not of now, so that it may wait for a database that stands still, and nothing is done where that
 * beat is not what this node's row says: another database answers than did then, or a newer beat. Times far ahead are of nodes
 * that died before the clock of the database was set back.
 */
const DELETE_DEAD: Statement = {
  name: 'reap_nodes',
  text: `
    WITH me AS MATERIALIZED (SELECT 1 FROM nodes WHERE incarnation = $2 AND seen_at = $3::bigint),
    dead AS (
      DELETE FROM nodes n USING me WHERE n.incarnation <> $2
        AND (n.seen_at < $3::bigint - $4::bigint OR n.seen_at > greatest($3::bigint, ${nowMs(1)}) + $4::bigint))
    SELECT 1 FROM me`,
};
/** Steps from one incarnation to the next in an index, however many rows each has. */
const stepsThrough = (name: string, table: string, column: string): string => `
  ${name} (incarnation) AS (
    (SELECT ${column} FROM ${table} WHERE ${column} IS NOT NULL ORDER BY ${column} LIMIT 1)
    UNION ALL
    SELECT (SELECT t.${column} FROM ${table} t WHERE t.${column} > s.incarnation ORDER BY t.${column} LIMIT 1)
    FROM ${name} s WHERE s.incarnation IS NOT NULL)`;
const SELECT_GONE: Statement = {
  name: 'reap_gone',
  text: `
    WITH RECURSIVE ${stepsThrough('leases', 'queue', 'lease')}, ${stepsThrough('takers', 'due_endpoints', 'taken_by')}
    SELECT g.incarnation FROM (SELECT incarnation FROM leases UNION SELECT incarnation FROM takers) g
    WHERE g.incarnation IS NOT NULL AND NOT EXISTS (SELECT 1 FROM nodes n WHERE n.incarnation = g.incarnation)`,
};
const FREE_LEASES: Statement = {
  name: 'reap_leases',
  text: `
    WITH leased AS MATERIALIZED (
      SELECT delivery FROM queue WHERE lease = ANY ($1::integer[]) LIMIT $2 FOR UPDATE SKIP LOCKED),
    freed AS (
      UPDATE queue q SET lease = NULL WHERE q.delivery = ANY (ARRAY(SELECT delivery FROM leased))
      RETURNING q.endpoint, q.due_at),
    waiting AS MATERIALIZED (
      SELECT f.endpoint, e.status, min(f.due_at) AS due_at FROM freed f
      CROSS JOIN LATERAL (SELECT e.status FROM endpoints e WHERE e.number = f.endpoint LIMIT 1) e
      GROUP BY f.endpoint, e.status ORDER BY f.endpoint),
    draining AS (
      UPDATE endpoints SET draining = true WHERE NOT draining
        AND number IN (SELECT endpoint FROM waiting WHERE status = 'archived')),
    due AS (
      INSERT INTO due_endpoints (endpoint, due_at) SELECT endpoint, due_at FROM waiting
      ON CONFLICT (endpoint) DO UPDATE SET due_at = least(due_endpoints.due_at, excluded.due_at), taken_by = NULL,
        revision = due_endpoints.revision + 1)
    SELECT count(*) FROM freed`,
};
const FREE_ENDPOINTS: Statement = {
  name: 'reap_endpoints',
  text: `
    WITH taken AS MATERIALIZED (
      SELECT endpoint FROM due_endpoints WHERE taken_by = ANY ($1::integer[]) ORDER BY endpoint LIMIT $2
      FOR UPDATE SKIP LOCKED)
    UPDATE due_endpoints d SET taken_by = NULL, revision = d.revision + 1 FROM taken t WHERE d.endpoint = t.endpoint`,
};

/**
 * One bounded step: what nodes that are gone had leased waits again, and any node may answer for their endpoints. A node
 * that was not steady leaves all as it is.
 */
export async function reapLeases(
  db: Database,
  time: GivenTime,
  me: Pick<NodeRun, 'incarnation' | 'steadyAt'>,
  itemsMax: number,
): Promise<HousekeepingResult> {
  const { incarnation, steadyAt } = me;
  if (steadyAt === null) return NOTHING;
  const runner = db.on('change');
  const { count } = await runner.run(DELETE_DEAD, [time(), incarnation, steadyAt, LEASE_MS]);
  if (count === 0) return NOTHING;
  const { rows } = await runner.run(SELECT_GONE);
  const gone = rows.map((row) => number(row[0]));
  return gone.length === 0 ? NOTHING : await freeLeases(db, gone, itemsMax);
}

/** Gives everything back that was leased to these. */
export async function freeLeases(
  db: Database,
  incarnations: readonly Incarnation[],
  itemsMax: number,
): Promise<HousekeepingResult> {
  const runner = db.on('change');
  const values = [`{${incarnations.join(',')}}`, itemsMax];
  const leases = await runner.run(FREE_LEASES, values);
  const endpoints = await runner.run(FREE_ENDPOINTS, values);
  const freed = number(leases.rows[0]?.[0]);
  return { changed: freed + endpoints.count, more: freed === itemsMax || endpoints.count === itemsMax };
}
