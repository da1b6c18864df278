import type { ShownStatus } from '../../../domain/delivery.ts';
import { type Row, text } from '../../cells.ts';
import type { PageRequest } from '../../reader.ts';
import type { Statement } from '../database.ts';
import { DELIVERY_COLUMNS, DELIVERY_JOINS, ENDPOINT_JOIN, EVENT_JOIN } from '../rows.ts';
import { UUID_MIN } from '../uuids.ts';
import type { Queries } from './queries.ts';

/**
 * Rows that one page may look at. A filter that few of them pass answers a short page, even an empty one, with a
 * cursor to go on from.
 */
const HISTORY_SCAN_ROWS_MAX = 20_000;
const QUEUE_SCAN_ROWS_MAX = 100_000;

/** Newest first, by the ids of deliveries as PostgreSQL writes them; so are the cursors. */
export type Walk = { readonly rows: readonly Row[]; readonly nextCursor: string | null };
export type HistoryStatus = 'succeeded' | 'dead' | 'cancelled' | null;
export type WalkOwner = { readonly organization: number; readonly endpoint: number | null };
export type HistoryWalk = (owner: WalkOwner, cursor: string, itemsMax: number) => Promise<Walk>;

/** Walks the deliveries of an organization or of an endpoint, all or those that ended in one way. */
export function createHistoryWalk({ all }: Queries, status: HistoryStatus): HistoryWalk {
  const statements = { organization: walkOf('organization', status), endpoint: walkOf('endpoint', status) };
  const isPicked = status === 'succeeded';

  return async ({ organization, endpoint }, cursor, itemsMax) => {
    const { select, stop } = endpoint === null ? statements.organization : statements.endpoint;
    const owner = endpoint ?? organization;
    const scanMax = isPicked ? HISTORY_SCAN_ROWS_MAX : itemsMax + 1;
    const rows = await all(select, owner, cursor, scanMax, itemsMax + 1);
    if (rows.length > itemsMax || !isPicked) return cut(rows, itemsMax);
    const stopped = await all(stop, owner, cursor, scanMax - 1);
    return { rows: rows.filter(isWhole), nextCursor: stopOf(stopped) };
  };
}

/** Dead and cancelled ones are in a table of their own, so that no row is looked at in vain. */
function walkOf(owner: 'organization' | 'endpoint', status: HistoryStatus): { select: Statement; stop: Statement } {
  const isFailed = status === 'dead' || status === 'cancelled';
  const source = isFailed
    ? `FROM failed_deliveries WHERE ${owner} = $1 AND status = '${status}' AND delivery < $2::uuid ORDER BY delivery DESC`
    : `FROM deliveries WHERE ${owner} = $1 AND id < $2::uuid ORDER BY id DESC`;
  const from = isFailed
    ? `(SELECT organization, delivery ${source} LIMIT $3) f
      CROSS JOIN LATERAL (
        SELECT * FROM deliveries d WHERE d.organization = f.organization AND d.id = f.delivery LIMIT 1) d`
    : `(SELECT * ${source} LIMIT $3) d`;
  const order = isFailed ? 'f.delivery' : 'd.id';
  const name = `read_${status ?? 'all'}_deliveries_of_${owner}`;
  return {
    select: {
      name,
      text: `SELECT ${DELIVERY_COLUMNS} FROM ${from} ${DELIVERY_JOINS}
        ${status === 'succeeded' ? "WHERE d.status = 'succeeded'" : ''} ORDER BY ${order} DESC LIMIT $4`,
    },
    stop: { name: `${name}_stop`, text: `SELECT ${isFailed ? 'delivery' : 'id'} AS stop ${source} OFFSET $3 LIMIT 1` },
  };
}

/** The deliveries of one event are few: as many as it has endpoints, and resends. */
const OF_EVENT: Statement = {
  name: 'read_deliveries_of_event',
  text: `SELECT ${DELIVERY_COLUMNS} FROM (
      SELECT * FROM deliveries WHERE event = $1::uuid AND organization = $2 AND id >= $3::uuid AND id < $4::uuid
      ORDER BY id DESC LIMIT $5) d
    ${DELIVERY_JOINS} ORDER BY d.id DESC`,
};

export type EventWalk = (
  event: { readonly key: string; readonly organization: number; readonly since: string },
  cursor: string,
  itemsMax: number,
) => Promise<Walk>;

export function createEventWalk({ all }: Queries): EventWalk {
  return async ({ key, organization, since }, cursor, itemsMax) =>
    cut(await all(OF_EVENT, key, organization, since, cursor, itemsMax + 1), itemsMax);
}

/** How a queued row is shown. Between spaces, because it is looked for in a text of statuses. */
const SHOWN_QUEUED = `' ' || CASE WHEN q.lease IS NOT NULL THEN 'in_flight' WHEN p.status = 'suspended' THEN 'held'
      WHEN p.status = 'archived' THEN 'cancelled' ELSE d.status END || ' '`;
const QUEUED: Statement = {
  name: 'read_queued_deliveries',
  text: `SELECT ${DELIVERY_COLUMNS}
    FROM (SELECT * FROM queue WHERE delivery < $1::uuid ORDER BY delivery DESC LIMIT $2) q
    CROSS JOIN LATERAL (
      SELECT * FROM deliveries d WHERE d.organization = q.organization AND d.id = q.delivery LIMIT 1) d
    ${ENDPOINT_JOIN} ${EVENT_JOIN}
    WHERE q.organization = $3 AND q.endpoint = coalesce($4::integer, q.endpoint)
      AND position(${SHOWN_QUEUED} IN $5) > 0
    ORDER BY q.delivery DESC LIMIT $6`,
};
const QUEUED_STOP: Statement = {
  name: 'read_queued_deliveries_stop',
  text: 'SELECT delivery AS stop FROM queue WHERE delivery < $1::uuid ORDER BY delivery DESC OFFSET $2 LIMIT 1',
};

export type QueueWalk = (
  owner: WalkOwner,
  statuses: readonly ShownStatus[],
  cursor: string,
  itemsMax: number,
) => Promise<Walk>;

/** Walks everything that has not ended, which is far less than history, for rows that are shown with these statuses. */
export function createQueueWalk({ all }: Queries): QueueWalk {
  return async ({ organization, endpoint }, statuses, cursor, itemsMax) => {
    const wanted = ` ${statuses.join(' ')} `;
    const rows = await all(QUEUED, cursor, QUEUE_SCAN_ROWS_MAX, organization, endpoint, wanted, itemsMax + 1);
    if (rows.length > itemsMax) return cut(rows, itemsMax);
    const stopped = await all(QUEUED_STOP, cursor, QUEUE_SCAN_ROWS_MAX - 1);
    return { rows: rows.filter(isWhole), nextCursor: stopOf(stopped) };
  };
}

/** Of rows of which one more than `itemsMax` was asked for. */
function cut(rows: readonly Row[], itemsMax: number): Walk {
  const kept = rows.slice(0, itemsMax);
  const last = kept.at(-1);
  const nextCursor = rows.length > itemsMax && last !== undefined ? text(last['id']) : null;
  return { rows: kept.filter(isWhole), nextCursor };
}

/** A delivery goes with its event, also where its own day is not over yet. */
function isWhole(row: Row): boolean {
  return row['event_type'] !== null;
}

/** Where a walk that found too little stopped, or null when it saw everything. */
function stopOf(rows: readonly Row[]): string | null {
  const [row] = rows;
  return row === undefined ? null : text(row['stop']);
}

/**
 * Several walks as one. What lies past the place where any of them stopped is left for the next page. A row that the
 * writer moved on between two of the walks is told once, as the later one saw it.
 */
export function mergeWalks(walks: readonly Walk[], itemsMax: number): Walk {
  let floor = UUID_MIN;
  for (const { nextCursor } of walks) if (nextCursor !== null && nextCursor > floor) floor = nextCursor;
  const byId = new Map<string, Row>();
  for (const { rows } of walks) for (const row of rows) if (idOf(row) >= floor) byId.set(idOf(row), row);
  const rows = [...byId.values()].toSorted((one, other) => (idOf(one) < idOf(other) ? 1 : -1));
  if (rows.length > itemsMax) return cut(rows, itemsMax);
  return { rows, nextCursor: floor === UUID_MIN ? null : floor };
}

function idOf(row: Row): string {
  return text(row['id']);
}

/** Rows of a walk through everything that one page may look at to find those that are wanted. */
const SIFT_ROWS_MAX = 20_000;
const SIFT_STEP_ROWS_MIN = 100;
/** Each step looks at so many times more than the one before it, for as long as too little is found. */
const SIFT_STEP_GROWTH = 4;
const SIFT_STEP_ROWS_MAX = 2_000;

/** Goes through a walk for the rows that are wanted. */
export async function sift(
  walk: (cursor: string, itemsMax: number) => Promise<Walk>,
  { after, itemsMax }: PageRequest & { readonly after: string },
  isWanted: (row: Row) => boolean,
): Promise<Walk> {
  const rows: Row[] = [];
  let cursor = after;
  let stepMax = Math.max(itemsMax, SIFT_STEP_ROWS_MIN);
  for (let looked = 0; looked < SIFT_ROWS_MAX; looked += stepMax) {
    if (looked > 0) stepMax = Math.min(stepMax * SIFT_STEP_GROWTH, SIFT_STEP_ROWS_MAX);
    const step = await walk(cursor, stepMax);
    for (const row of step.rows) {
      if (isWanted(row)) {
        if (rows.length === itemsMax) return { rows, nextCursor: cursor };
        rows.push(row);
      }
      cursor = idOf(row);
    }
    if (step.nextCursor === null) return { rows, nextCursor: null };
    cursor = step.nextCursor;
  }
  return { rows, nextCursor: cursor };
}
