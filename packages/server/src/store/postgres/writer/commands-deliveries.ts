import { uuidOf } from '../../../domain/ids.ts';
import { number } from '../../cells.ts';
import type { NewDelivery } from '../../port.ts';
import type { Runner, Statement } from '../database.ts';

const GIVEN = `jsonb_to_recordset($1::jsonb)
  AS g(id uuid, organization text, endpoint text, event uuid, resend_of uuid, created_at bigint)`;

// Until the end neither retention nor an erasure takes the event away. Their rows are looked at in a statement of its
// own, which sees what was committed while this one waited.
const HOLD_EVENTS: Statement = {
  name: 'deliveries_hold_events',
  text: `
    SELECT count(*) FROM (
      SELECT 1 FROM (SELECT DISTINCT o.number AS organization, g.event
        FROM ${GIVEN} JOIN organizations o ON o.id = g.organization ORDER BY g.event) w
      JOIN events v ON v.organization = w.organization AND v.key = w.event
      FOR SHARE OF v) held`,
};
const INSERT: Statement = {
  name: 'deliveries_insert',
  text: `
    WITH found AS MATERIALIZED (
      SELECT g.id, g.event, o.number AS organization, p.number AS endpoint, g.created_at, g.resend_of
      FROM ${GIVEN} JOIN organizations o ON o.id = g.organization
      JOIN endpoints p ON p.id = g.endpoint AND p.organization = o.number
      JOIN events v ON v.organization = o.number AND v.key = g.event
      WHERE NOT EXISTS (SELECT 1 FROM erasures x WHERE x.event = v.key)
        AND NOT ($2::boolean AND EXISTS (SELECT 1 FROM deliveries r
          WHERE r.event = g.event AND r.resend_of = g.resend_of AND r.id >= ids_since(g.resend_of) OFFSET 0))),
    inserted AS (
      INSERT INTO deliveries (id, event, organization, endpoint, created_at, resend_of)
      SELECT id, event, organization, endpoint, created_at, resend_of FROM found
      ON CONFLICT DO NOTHING
      RETURNING id, event, organization, endpoint, created_at),
    queued AS (
      INSERT INTO queue (delivery, event, organization, endpoint, due_at, resend)
      SELECT id, event, organization, endpoint, created_at, true FROM inserted)
    SELECT count(*) FROM inserted`,
};

/**
 * Queues new rows of old events; their endpoints are woken by the caller. Answers whether every endpoint is there, and
 * every event with its payload; with `once`, whether nothing of what they resend was sent again before, too.
 */
export async function insertDeliveries(
  runner: Runner,
  deliveries: readonly NewDelivery[],
  once: boolean,
): Promise<boolean> {
  if (deliveries.length === 0) return true;
  const given = JSON.stringify(deliveries.map(rowOf));
  await runner.run(HOLD_EVENTS, [given]);
  const { rows } = await runner.run(INSERT, [given, once]);
  return number(rows[0]?.[0]) === deliveries.length;
}

function rowOf(row: NewDelivery) {
  return {
    id: uuidOf(row.id),
    organization: row.organizationId,
    endpoint: row.endpointId,
    event: uuidOf(row.eventKey),
    resend_of: row.resendOf === null ? null : uuidOf(row.resendOf),
    created_at: row.createdAt,
  };
}
