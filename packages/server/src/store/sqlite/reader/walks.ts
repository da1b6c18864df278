import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { ShownStatus } from '../../../domain/delivery.ts';
import { pageOf } from '../../page.ts';
import type { PageRequest } from '../../port.ts';
import { number, type Row } from '../cells.ts';
import { DELIVERY_COLUMNS, DELIVERY_JOINS } from '../rows.ts';

/**
 * Rows that one page may look at. A filter that few of them pass answers a short page, even an empty one, with a
 * cursor to go on from.
 */
const HISTORY_SCAN_ROWS_MAX = 20_000;
const QUEUE_SCAN_ROWS_MAX = 100_000;

export type Walk = { readonly rows: readonly Row[]; readonly nextCursor: string | null };
/** Walks the deliveries of an owner from the cursor on, newest first. */
export type HistoryWalk = (owner: number, cursor: string | number, itemsMax: number) => Walk;

export type HistoryWalkOptions = {
  readonly owner: 'organization' | 'endpoint' | 'event';
  /** Only these. The index of dead or of cancelled ones holds no others, so no row is looked at in vain. */
  readonly status: 'succeeded' | 'dead' | 'cancelled' | null;
};

export function createHistoryWalk(db: DatabaseSync, { owner, status }: HistoryWalkOptions): HistoryWalk {
  // All deliveries of an organization are in an index by id; in every other index rows are in the order of numbers.
  const key = owner === 'organization' && status !== 'dead' && status !== 'cancelled' ? 'id' : 'number';
  const indexed = status === 'dead' || status === 'cancelled' ? `AND status = '${status}'` : '';
  const filter = status === 'succeeded' ? "WHERE d.status = 'succeeded'" : '';
  const source = `SELECT number, id FROM deliveries WHERE ${owner} = ?1 ${indexed} AND ${key} < ?2
    ORDER BY ${key} DESC LIMIT ?3`;
  const select = db.prepare(`SELECT ${DELIVERY_COLUMNS}
    FROM (${source}) s CROSS JOIN deliveries d ON d.number = s.number ${DELIVERY_JOINS}
    LEFT JOIN queue q ON q.delivery = s.number
    ${filter} ORDER BY s.${key} DESC LIMIT ?4`);
  const stop = db.prepare(`SELECT count(*) AS looked, min(${key}) AS stop FROM (${source})`);

  return (ownerNumber, cursor, itemsMax) => {
    const scanMax = filter === '' ? itemsMax + 1 : HISTORY_SCAN_ROWS_MAX;
    const rows = select.all(ownerNumber, cursor, scanMax, itemsMax + 1);
    return cut(rows, itemsMax, key, () => (filter === '' ? null : whereStopped(stop, scanMax, ownerNumber, cursor)));
  };
}

/** How a queued row is shown. Between spaces, because it is looked for in a text of statuses. */
const SHOWN_QUEUED = `' ' || CASE WHEN q.lease IS NOT NULL THEN 'in_flight' WHEN p.status = 'suspended' THEN 'held'
      WHEN p.status = 'archived' THEN 'cancelled' ELSE d.status END || ' '`;

type QueueWalk = (
  owner: { readonly organization: number; readonly endpoint: number | null },
  statuses: readonly ShownStatus[],
  cursor: number,
  itemsMax: number,
) => Walk;

/** Walks everything that has not ended, which is far less than history, for rows that are shown with these statuses. */
export function createQueueWalk(db: DatabaseSync): QueueWalk {
  const source =
    'SELECT delivery AS number, endpoint, due_at, lease FROM queue WHERE delivery < ? ORDER BY delivery DESC LIMIT ?';
  const select = db.prepare(`SELECT ${DELIVERY_COLUMNS}
    FROM (${source}) q
    CROSS JOIN endpoints p ON p.number = q.endpoint
    CROSS JOIN deliveries d ON d.number = q.number
    JOIN organizations o ON o.number = d.organization
    JOIN events v ON v.number = d.event
    WHERE p.organization = ? AND q.endpoint = coalesce(?, q.endpoint) AND instr(?, ${SHOWN_QUEUED}) > 0
    ORDER BY q.number DESC LIMIT ?`);
  const stop = db.prepare(`SELECT count(*) AS looked, min(number) AS stop FROM (${source})`);

  return ({ organization, endpoint }, statuses, cursor, itemsMax) => {
    const wanted = ` ${statuses.join(' ')} `;
    const rows = select.all(cursor, QUEUE_SCAN_ROWS_MAX, organization, endpoint, wanted, itemsMax + 1);
    return cut(rows, itemsMax, 'number', () => whereStopped(stop, QUEUE_SCAN_ROWS_MAX, cursor));
  };
}

function cut(rows: readonly Row[], itemsMax: number, key: 'id' | 'number', stopped: () => string | null): Walk {
  if (rows.length <= itemsMax) return { rows, nextCursor: stopped() };
  const { items, nextCursor } = pageOf(rows, itemsMax, identity, (row) => String(row[key]));
  return { rows: items, nextCursor };
}

/** Where a walk that found too little stopped, or null when it saw everything. */
function whereStopped(stop: StatementSync, scanMax: number, ...bound: SQLInputValue[]): string | null {
  const row = stop.get(...bound, scanMax);
  return row === undefined || number(row['looked']) < scanMax ? null : String(row['stop']);
}

/**
 * Walks by number as one. What lies past the place where any of them stopped is left for the next page. A row that the
 * writer moved on between two of the walks is told once, as it is now.
 */
export function mergeWalks(walks: readonly Walk[], itemsMax: number): Walk {
  const floor = Math.max(0, ...walks.map((walk) => Number(walk.nextCursor ?? 0)));
  const byNumber = new Map<number, Row>();
  for (const { rows } of walks) {
    for (const row of rows) if (number(row['number']) >= floor) byNumber.set(number(row['number']), row);
  }
  const rows = [...byNumber.values()].toSorted((a, b) => number(b['number']) - number(a['number']));
  return cut(rows, itemsMax, 'number', () => (floor === 0 ? null : String(floor)));
}

/** Rows of a walk through everything that one page may look at to find those that are wanted. */
const SIFT_ROWS_MAX = 20_000;
const SIFT_STEP_ROWS_MIN = 100;

/** Goes through a walk for the rows that are wanted. */
export function sift(
  walk: (after: string | null, itemsMax: number) => Walk,
  key: 'id' | 'number',
  { after, itemsMax }: PageRequest,
  isWanted: (row: Row) => boolean,
): Walk {
  const rows: Row[] = [];
  let cursor = after;
  let looked = 0;
  while (looked < SIFT_ROWS_MAX) {
    const step = walk(cursor, Math.max(itemsMax, SIFT_STEP_ROWS_MIN));
    for (const row of step.rows) {
      if (isWanted(row)) {
        if (rows.length === itemsMax) return { rows, nextCursor: cursor };
        rows.push(row);
      }
      cursor = String(row[key]);
    }
    if (step.nextCursor === null) return { rows, nextCursor: null };
    looked += step.rows.length;
  }
  return { rows, nextCursor: cursor };
}

function identity(row: Row): Row {
  return row;
}
