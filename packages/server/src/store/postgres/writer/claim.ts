import { JSON_CONTENT_TYPE } from '../../../domain/event.ts';
import type { DeliveryId } from '../../../domain/ids.ts';
import { number, numberOrNull, text, textOrNull } from '../../cells.ts';
import type { Claimed, ClaimUnit, Incarnation, QueuedDelivery } from '../../port.ts';
import type { Row, Statement } from '../database.ts';
import type { RunBatch } from '../group-commit.ts';
import { idOf } from '../uuids.ts';
import { BigintColumn, IntegerColumn, UuidColumn } from '../values.ts';
import { BrokenBatch, batchRow, OpenBatch, recovering } from './batches.ts';
import type { HotContext } from './context.ts';
import type { EndpointEntry } from './directory.ts';
import { adopt, giveBack } from './leased.ts';
import { lookUp } from './look-up.ts';
import { takingApart } from './take-apart.ts';

/**
 * Takes waiting deliveries of endpoints. Two nodes never take one: each passes over rows that another has locked.
 *
 * The endpoint's row of the index is changed only where it is as this statement saw it. Where it is not, somebody put
 * deliveries there that this statement cannot have seen: the row stays, and `moved` has the caller claim again. The row of
 * an endpoint that is not active is anybody's: whoever takes such ones out of the index finds out whether it still is not.
 */
const CLAIM: Statement = {
  name: 'claim',
  text: `WITH unit AS MATERIALIZED (
      SELECT u.n::integer AS n, u.endpoint, u.now, u.items, u.bytes,
        (SELECT e.status FROM endpoints e WHERE e.number = u.endpoint) AS status,
        (SELECT d.revision FROM due_endpoints d WHERE d.endpoint = u.endpoint) AS revision
      FROM unnest($4::integer[], $5::bigint[], $6::integer[], $7::bigint[]) WITH ORDINALITY
        u(endpoint, now, items, bytes, n)),
    picked AS MATERIALIZED (
      SELECT u.n, u.endpoint, u.bytes AS bytes_max, q.delivery, q.event, q.organization, q.due_at
      FROM unit u CROSS JOIN LATERAL (
        SELECT q.delivery, q.event, q.organization, q.due_at FROM queue q
        WHERE q.endpoint = u.endpoint AND q.lease IS NULL AND q.due_at <= u.now
        ORDER BY q.due_at, q.delivery LIMIT u.items
        FOR UPDATE SKIP LOCKED) q
      WHERE u.status = 'active'),
    found AS MATERIALIZED (
      SELECT p.n, p.bytes_max, p.delivery, p.event, p.due_at, p.organization, v.id AS event_id, v.type, v.content_type,
        coalesce(v.occurred_at, v.created_at) AS occurred_at, v.payload, d.created_at, d.attempt_count,
        v.key IS NULL OR d.id IS NULL AS missing,
        sum(octet_length(v.payload)) OVER earlier AS bytes, count(v.key) OVER earlier AS rows
      FROM picked p
      LEFT JOIN events v ON ${lookUp('v.key', 'p.event')} AND ${lookUp('v.organization', 'p.organization')}
      LEFT JOIN deliveries d ON ${lookUp('d.id', 'p.delivery')} AND ${lookUp('d.organization', 'p.organization')}
        AND ${lookUp('d.endpoint', 'p.endpoint')}
      WINDOW earlier AS (PARTITION BY p.n ORDER BY p.due_at, p.delivery ROWS UNBOUNDED PRECEDING)),
    leased AS (
      UPDATE queue q SET lease = $8::integer FROM found f
      WHERE ${lookUp('q.delivery', 'f.delivery')} AND NOT f.missing AND (f.bytes <= f.bytes_max OR f.rows = 1)
      RETURNING f.n, f.delivery, f.event, f.due_at, f.event_id, f.type, f.content_type, f.occurred_at, f.payload,
        f.created_at, f.attempt_count),
    later AS MATERIALIZED (
      SELECT u.n, u.endpoint, u.now, u.status, u.revision,
        (SELECT count(*) FROM leased l WHERE l.n = u.n) AS leased,
        CASE WHEN u.status <> 'suspended' THEN (SELECT q.due_at FROM queue q
          WHERE q.endpoint = u.endpoint AND q.lease IS NULL AND q.delivery NOT IN (SELECT delivery FROM leased)
          ORDER BY q.due_at, q.delivery LIMIT 1) END AS due_at
      FROM unit u),
    removed AS (
      DELETE FROM due_endpoints d USING later l
      WHERE ${lookUp('d.endpoint', 'l.endpoint')} AND d.revision = l.revision AND l.status = 'active' AND l.due_at IS NULL
      RETURNING d.endpoint),
    kept AS (
      UPDATE due_endpoints d SET due_at = CASE WHEN l.status = 'active' THEN l.due_at ELSE d.due_at END,
        revision = d.revision + 1,
        taken_by = CASE WHEN l.status = 'active' AND l.due_at <= l.now AND l.leased > 0 THEN $8::integer END
      FROM later l
      WHERE ${lookUp('d.endpoint', 'l.endpoint')} AND d.revision = l.revision
        AND (l.status <> 'active' OR l.due_at IS NOT NULL)
      RETURNING d.endpoint),
    put AS (
      INSERT INTO due_endpoints (endpoint, due_at, taken_by)
      SELECT endpoint, due_at, CASE WHEN due_at <= now AND leased > 0 THEN $8::integer END FROM later
      WHERE revision IS NULL AND status = 'active' AND due_at IS NOT NULL ORDER BY endpoint
      ON CONFLICT (endpoint) DO NOTHING),
    drained AS (
      UPDATE endpoints e SET draining = true FROM later l
      WHERE ${lookUp('e.number', 'l.endpoint')} AND l.status = 'archived' AND l.due_at IS NOT NULL AND NOT e.draining),
    ${batchRow('ARRAY(SELECT n FROM leased)', 'ARRAY(SELECT delivery FROM leased)')}
    SELECT n, NULL::uuid, NULL::uuid, CASE WHEN status = 'active' THEN due_at END AS due_at, NULL::text, NULL::text,
      NULL::text, NULL::bigint, NULL::bytea, NULL::bigint, NULL::integer,
      status = 'active' AND revision IS NOT NULL AND endpoint NOT IN (SELECT endpoint FROM removed)
        AND endpoint NOT IN (SELECT endpoint FROM kept)
    FROM later
    UNION ALL
    SELECT n, delivery, event, due_at, event_id, type, content_type, occurred_at, payload, created_at, attempt_count, false
    FROM leased
    UNION ALL
    SELECT -n, delivery, NULL, due_at, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false FROM found WHERE missing`,
};

/** Where the answer of a claim was lost: what it leased, as the claim would have told it. */
const CLAIMED: Statement = {
  name: 'claim_recovered',
  text: `SELECT q.endpoint, q.delivery, q.event, q.due_at, v.id, v.type, v.content_type,
      coalesce(v.occurred_at, v.created_at), v.payload, d.created_at, d.attempt_count
    FROM unnest($1::uuid[]) g(delivery) JOIN queue q ON ${lookUp('q.delivery', 'g.delivery')}
    JOIN events v ON ${lookUp('v.key', 'q.event')} AND ${lookUp('v.organization', 'q.organization')}
    JOIN deliveries d ON ${lookUp('d.id', 'q.delivery')} AND ${lookUp('d.organization', 'q.organization')}
      AND ${lookUp('d.endpoint', 'q.endpoint')}
    WHERE (q.lease = $2) IS TRUE`,
};

/** Deliveries whose event is gone end, unless somebody else has taken them meanwhile. */
const END_MISSING: Statement = {
  name: 'claim_end_missing',
  text: `WITH gone AS (
      DELETE FROM queue q USING unnest($1::uuid[]) g(delivery)
      WHERE ${lookUp('q.delivery', 'g.delivery')} AND (q.lease > 0) IS NOT TRUE
        AND (NOT EXISTS (SELECT 1 FROM events v WHERE v.organization = q.organization AND v.key = q.event)
          OR NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.organization = q.organization AND d.id = q.delivery))
      RETURNING q.delivery, q.organization, q.endpoint),
    ended AS (
      UPDATE deliveries d SET status = 'dead', ended_at = $2, death_reason = 'payload_missing'
      FROM gone g WHERE ${lookUp('d.id', 'g.delivery')} AND ${lookUp('d.organization', 'g.organization')}
        AND ${lookUp('d.endpoint', 'g.endpoint')}
      RETURNING d.id, d.endpoint, d.organization)
    INSERT INTO failed_deliveries (delivery, endpoint, organization, status)
    SELECT id, endpoint, organization, 'dead' FROM ended`,
};

const NOTHING: Claimed = { deliveries: [], nextDueAt: null };

/** Brings due deliveries of endpoints into memory. */
export function createClaim(context: HotContext): RunBatch<ClaimUnit, Claimed> {
  const { batches, directory } = context;

  async function load(units: readonly ClaimUnit[]): Promise<readonly EndpointEntry[]> {
    const unknown = new Set<string>();
    for (const { endpointId } of units) if (directory.endpoint(endpointId) === null) unknown.add(endpointId);
    if (unknown.size > 0) await directory.load(unknown, new Set());
    return units.map(({ endpointId }) => {
      const entry = directory.endpoint(endpointId);
      if (entry === null) throw new BrokenBatch(`endpoint ${endpointId} is not in the store`);
      return entry;
    });
  }

  async function send(
    units: readonly ClaimUnit[],
    entries: readonly EndpointEntry[],
    incarnation: number,
  ): Promise<readonly Claimed[]> {
    try {
      const sent = await batches.send({ statement: CLAIM, values: valuesOf(units, entries, incarnation) });
      const claimed =
        sent.kind === 'answered'
          ? await claimedOf(sent.rows, units, entries)
          : await recovering(sent.batch, async () => await recover(units, entries, sent.left.deliveries, incarnation));
      const now = context.incarnation();
      return now === incarnation ? claimed : await keepLeases(claimed, { from: incarnation, to: now });
    } catch (error) {
      if (error instanceof OpenBatch) {
        batches.giveUp(error.batch, async ({ deliveries }) => {
          await giveBack(batches, deliveries.map(toId), incarnation);
        });
      }
      throw error;
    }
  }

  async function claimedOf(
    rows: readonly Row[],
    units: readonly ClaimUnit[],
    entries: readonly EndpointEntry[],
  ): Promise<readonly Claimed[]> {
    const deliveries = units.map((): QueuedDelivery[] => []);
    const nextDueAt = units.map((): number | null => null);
    const missing: DeliveryId[] = [];
    for (const row of rows) {
      const place = number(row[0]);
      const index = Math.abs(place) - 1;
      const entry = entries[index];
      if (entry === undefined) throw new Error('a claim of nobody');
      if (place < 0) missing.push(toId(row[1]));
      else if (row[1] !== null) deliveries[index]?.push(deliveryOf(row, entry));
      else {
        const dueAt = numberOrNull(row[3]);
        const now = units[index]?.now ?? 0;
        // Others put something there meanwhile, which only another claim can see.
        nextDueAt[index] = row[11] === true ? Math.min(dueAt ?? now, now) : dueAt;
      }
    }
    if (missing.length > 0) await endMissing(missing, units[0]?.now ?? context.now());
    return units.map((_, index) => {
      const found = deliveries[index] ?? [];
      found.sort(byDue);
      const next = nextDueAt[index] ?? null;
      return found.length === 0 && next === null ? NOTHING : { deliveries: found, nextDueAt: next };
    });
  }

  /** The claim was committed, but nobody heard what it brought. It is told, and that there may be more. */
  async function recover(
    units: readonly ClaimUnit[],
    entries: readonly EndpointEntry[],
    left: readonly string[],
    incarnation: number,
  ): Promise<readonly Claimed[]> {
    const column = new UuidColumn();
    for (const uuid of left) column.add(toId(uuid));
    const rows = await batches.read(CLAIMED, [column.value(), incarnation]);
    return units.map(({ now }, index) => {
      const entry = entries[index];
      if (entry === undefined) throw new Error('a claim of nobody');
      const deliveries = rows.filter((row) => row[0] === entry.number).map((row) => deliveryOf(row, entry));
      return { deliveries: deliveries.sort(byDue), nextDueAt: now };
    });
  }

  /** What others took back since this node was given another incarnation is not its own to send. */
  async function keepLeases(
    claimed: readonly Claimed[],
    change: { readonly from: Incarnation; readonly to: Incarnation },
  ): Promise<readonly Claimed[]> {
    const ids = claimed.flatMap(({ deliveries }) => deliveries.map(({ id }) => id));
    const kept = await adopt(batches, ids, change);
    return claimed.map(({ deliveries, nextDueAt }) => ({
      deliveries: deliveries.filter(({ id }) => kept.has(id)),
      nextDueAt,
    }));
  }

  /** What cannot be ended now is found again by the next claim. */
  async function endMissing(missing: readonly DeliveryId[], now: number): Promise<void> {
    const column = new UuidColumn();
    for (const id of missing) column.add(id);
    try {
      await batches.once(END_MISSING, [column.value(), Math.floor(now)]);
    } catch {
      // As above.
    }
  }

  return takingApart(async (units) => await send(units, await load(units), context.incarnation()));
}

/** One claim of an endpoint at a time: a second would take the same rows. */
export function claimClaims({ endpointId }: ClaimUnit): readonly string[] {
  return [endpointId];
}

function valuesOf(units: readonly ClaimUnit[], entries: readonly EndpointEntry[], incarnation: number) {
  const columns = {
    endpoint: new IntegerColumn(),
    now: new BigintColumn(),
    items: new IntegerColumn(),
    bytes: new BigintColumn(),
  };
  for (const [index, { now, itemsMax, bytesMax }] of units.entries()) {
    columns.endpoint.add(entries[index]?.number ?? 0);
    columns.now.add(Math.floor(now));
    columns.items.add(itemsMax);
    columns.bytes.add(bytesMax);
  }
  return [...Object.values(columns).map((column) => column.value()), incarnation];
}

function deliveryOf(row: Row, { id: endpointId, organizationId }: EndpointEntry): QueuedDelivery {
  const eventKey = idOf('evt', row[2]);
  const payload = row[8];
  if (!(payload instanceof Uint8Array)) throw new TypeError('expected a payload');
  return {
    id: toId(row[1]),
    organizationId,
    endpointId,
    eventKey,
    eventId: textOrNull(row[4]) ?? eventKey,
    eventType: text(row[5]),
    contentType: textOrNull(row[6]) ?? JSON_CONTENT_TYPE,
    occurredAt: number(row[7]),
    createdAt: number(row[9]),
    dueAt: number(row[3]),
    payload,
    attemptCount: number(row[10]),
  };
}

function toId(uuid: unknown): DeliveryId {
  return idOf('dlv', uuid);
}

/** Ids are in the order of their UUIDs. */
function byDue(one: QueuedDelivery, two: QueuedDelivery): number {
  return one.dueAt - two.dueAt || (one.id < two.id ? -1 : 1);
}
