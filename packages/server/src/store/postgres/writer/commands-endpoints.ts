import type { Endpoint } from '../../../domain/endpoint.ts';
import type { EndpointId } from '../../../domain/ids.ts';
import { text } from '../../cells.ts';
import type { Incarnation } from '../../port.ts';
import { settingsOf } from '../../rows.ts';
import type { Runner, Statement } from '../database.ts';

const INSERT: Statement = {
  name: 'endpoint_insert',
  text: `
    INSERT INTO endpoints
      (id, organization, url, status, status_reason, status_at, settings, version, created_at, updated_at)
    SELECT $1, o.number, $3, $4, $5, $6, $7, $8, $9, $10 FROM organizations o WHERE o.id = $2
    ON CONFLICT DO NOTHING`,
};
// Holds the endpoint until the end, and tells what it was before.
const PUT: Statement = {
  name: 'endpoint_put',
  text: `
    WITH was AS MATERIALIZED (
      SELECT e.number, e.status FROM endpoints e JOIN organizations o ON o.number = e.organization
      WHERE e.id = $1 AND o.id = $2 AND e.version = $10 FOR UPDATE OF e)
    UPDATE endpoints e SET url = $3, status = $4, status_reason = $5, status_at = $6, settings = $7, version = $8,
      updated_at = $9, draining = $11
    FROM was WHERE e.number = was.number
    RETURNING was.status`,
};
// Of several the caller's order counts for nothing: held in one order, no two lists wait for each other.
const HOLD: Statement = {
  name: 'endpoints_hold',
  text: 'SELECT 1 FROM endpoints WHERE id IN (SELECT value FROM jsonb_array_elements_text($1::jsonb)) ORDER BY number FOR UPDATE',
};
const EXPECT: Statement = {
  name: 'endpoint_expect',
  text: 'SELECT 1 FROM endpoints WHERE id = $1 AND version = $2 FOR UPDATE',
};
const RESET_HEALTH: Statement = {
  name: 'endpoints_reset_health',
  text: `
    WITH held AS MATERIALIZED (
      SELECT h.endpoint FROM endpoint_health h
      WHERE h.endpoint IN (
        SELECT e.number FROM jsonb_array_elements_text($1::jsonb) g(id) JOIN endpoints e ON e.id = g.id)
      ORDER BY h.endpoint FOR UPDATE)
    UPDATE endpoint_health h SET consecutive_failures = 0, failing_since = NULL FROM held
    WHERE h.endpoint = held.endpoint`,
};
/**
 * Puts endpoints into the index for their earliest waiting deliveries, free for any node; one that is deferred at its
 * time at the earliest, and only where this node answered for it or nobody did. `revision` of a new row says which it is.
 */
const PUT_DUE: Statement = {
  name: 'endpoints_due',
  text: `
    WITH given AS MATERIALIZED (
      SELECT e.number, e.id, e.status, g.not_before, (
        SELECT q.due_at FROM queue q WHERE q.endpoint = e.number AND q.lease IS NULL ORDER BY q.due_at LIMIT 1) AS due_at
      FROM jsonb_to_recordset($1::jsonb) AS g(id text, not_before bigint) JOIN endpoints e ON e.id = g.id
      ORDER BY e.number),
    draining AS (
      UPDATE endpoints SET draining = true WHERE NOT draining
        AND number IN (SELECT number FROM given WHERE status = 'archived' AND due_at IS NOT NULL)),
    due AS (
      INSERT INTO due_endpoints AS x (endpoint, due_at, revision)
      SELECT number, greatest(due_at, not_before), CASE WHEN not_before IS NULL THEN 0 ELSE 1 END
      FROM given WHERE status = 'active' AND due_at IS NOT NULL ORDER BY number
      ON CONFLICT (endpoint) DO UPDATE SET taken_by = NULL, revision = x.revision + 1,
        due_at = CASE WHEN x.taken_by IS NULL THEN least(x.due_at, excluded.due_at) ELSE excluded.due_at END
      WHERE excluded.revision = 0 OR x.taken_by = $2
      RETURNING x.endpoint)
    SELECT g.id FROM due d JOIN given g ON g.number = d.endpoint WHERE g.not_before IS NULL`,
};

/** Answers whether the organization is there and the id is new. */
export async function insertEndpoint(runner: Runner, endpoint: Endpoint): Promise<boolean> {
  const { kind, reason, at } = statusOf(endpoint);
  const { id, organizationId, url, version, createdAt, updatedAt } = endpoint;
  const settings = settingsOf(endpoint);
  const values = [id, organizationId, url, kind, reason, at, settings, version, createdAt, updatedAt];
  return (await runner.run(INSERT, values)).count === 1;
}

export type EndpointPut = 'conflict' | 'applied' | 'resumed';

export async function putEndpoint(runner: Runner, endpoint: Endpoint, expectedVersion: number): Promise<EndpointPut> {
  const { kind, reason, at } = statusOf(endpoint);
  const { id, organizationId, url, version, updatedAt } = endpoint;
  const settings = settingsOf(endpoint);
  const isArchived = kind === 'archived';
  const { rows } = await runner.run(PUT, [
    id,
    organizationId,
    url,
    kind,
    reason,
    at,
    settings,
    version,
    updatedAt,
    expectedVersion,
    isArchived,
  ]);
  const was = rows[0];
  if (was === undefined) return 'conflict';
  return text(was[0]) !== 'active' && kind === 'active' ? 'resumed' : 'applied';
}

/** Answers whether the endpoint has that version, which it then keeps until the end. */
export async function hasEndpoint(runner: Runner, id: EndpointId, version: number): Promise<boolean> {
  return (await runner.run(EXPECT, [id, version])).count === 1;
}

export async function holdEndpoints(runner: Runner, ids: readonly EndpointId[]): Promise<void> {
  await runner.run(HOLD, [JSON.stringify(ids)]);
}

export async function resetHealth(runner: Runner, ids: ReadonlySet<EndpointId>): Promise<void> {
  if (ids.size > 0) await runner.run(RESET_HEALTH, [JSON.stringify([...ids])]);
}

/** Wakes some and defers others. Answers which of those to wake have something waiting and are active. */
export async function putDue(
  runner: Runner,
  toWake: ReadonlySet<EndpointId>,
  toDefer: ReadonlyMap<EndpointId, number>,
  incarnation: Incarnation,
): Promise<EndpointId[]> {
  const given = Array.from(toWake, (id): { id: EndpointId; not_before: number | null } => ({ id, not_before: null }));
  for (const [id, dueAt] of toDefer) if (!toWake.has(id)) given.push({ id, not_before: dueAt });
  if (given.length === 0) return [];
  const { rows } = await runner.run(PUT_DUE, [JSON.stringify(given), incarnation]);
  return rows.map((row) => text(row[0]) as EndpointId); // Of the column of endpoints' ids.
}

function statusOf({ status }: Endpoint): { kind: string; reason: string | null; at: number | null } {
  switch (status.kind) {
    case 'active':
      return { kind: status.kind, reason: null, at: null };
    case 'suspended':
      return { kind: status.kind, reason: status.reason, at: status.at };
    case 'archived':
      return { kind: status.kind, reason: null, at: status.at };
  }
}
