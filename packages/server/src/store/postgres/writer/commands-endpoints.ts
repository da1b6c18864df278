import type { Endpoint } from '../../../domain/endpoint.ts';
import type { EndpointId } from '../../../domain/ids.ts';
import type { Incarnation } from '../../port.ts';
import { text } from '../../cells.ts';
import type { Runner, Statement } from '../database.ts';
import { settingsOf } from '../../rows.ts';

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
const RESET_HEALTH: Statement = {
  name: 'endpoint_reset_health',
  text: `
    UPDATE endpoint_health SET consecutive_failures = 0, failing_since = NULL
    WHERE endpoint = (SELECT number FROM endpoints WHERE id = $1)`,
};
/** The earliest waiting delivery of each endpoint, in the order in which rows of the index are always locked. */
const EARLIEST = `
  SELECT e.number, e.id, e.status, g.due_at AS asked,
    (SELECT q.due_at FROM queue q WHERE q.endpoint = e.number AND q.lease IS NULL ORDER BY q.due_at LIMIT 1) AS due_at
  FROM jsonb_to_recordset($1::jsonb) AS g(id text, due_at bigint) JOIN endpoints e ON e.id = g.id
  ORDER BY e.number`;
const WAKE: Statement = {
  name: 'endpoints_wake',
  text: `
    WITH waiting AS MATERIALIZED (${EARLIEST}),
    draining AS (
      UPDATE endpoints SET draining = true WHERE NOT draining
        AND number IN (SELECT number FROM waiting WHERE status = 'archived' AND due_at IS NOT NULL)),
    due AS (
      INSERT INTO due_endpoints (endpoint, due_at)
      SELECT number, due_at FROM waiting WHERE status = 'active' AND due_at IS NOT NULL
      ON CONFLICT (endpoint) DO UPDATE SET taken_by = NULL, revision = due_endpoints.revision + 1,
        due_at = CASE WHEN due_endpoints.taken_by IS NULL THEN least(due_endpoints.due_at, excluded.due_at)
          ELSE excluded.due_at END
      RETURNING endpoint)
    SELECT w.id FROM due d JOIN waiting w ON w.number = d.endpoint`,
};
// One that another node answers for is in good hands.
const DEFER: Statement = {
  name: 'endpoints_defer',
  text: `
    INSERT INTO due_endpoints (endpoint, due_at)
    SELECT number, greatest(due_at, asked) FROM (${EARLIEST}) waiting WHERE status = 'active' AND due_at IS NOT NULL
    ON CONFLICT (endpoint) DO UPDATE SET taken_by = NULL, revision = due_endpoints.revision + 1,
      due_at = excluded.due_at
    WHERE due_endpoints.taken_by = $2`,
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

export async function putEndpoint(
  runner: Runner,
  endpoint: Endpoint,
  expectedVersion: number,
  resetHealth: boolean,
): Promise<EndpointPut> {
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
  if (resetHealth) await runner.run(RESET_HEALTH, [id]);
  return text(was[0]) !== 'active' && kind === 'active' ? 'resumed' : 'applied';
}

/** Puts endpoints back with their earliest waiting deliveries, free for any node. Answers which have some and are active. */
export async function wakeEndpoints(runner: Runner, ids: Iterable<EndpointId>): Promise<EndpointId[]> {
  const given = Array.from(ids, (id) => ({ id, due_at: null }));
  if (given.length === 0) return [];
  const { rows } = await runner.run(WAKE, [JSON.stringify(given)]);
  return rows.map((row) => text(row[0]) as EndpointId); // Of the column of endpoints' ids.
}

/** Gives endpoints back that this node answered for, for those times at the earliest. */
export async function deferEndpoints(
  runner: Runner,
  times: ReadonlyMap<EndpointId, number>,
  incarnation: Incarnation,
): Promise<void> {
  if (times.size === 0) return;
  const given = Array.from(times, ([id, dueAt]) => ({ id, due_at: dueAt }));
  await runner.run(DEFER, [JSON.stringify(given), incarnation]);
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
