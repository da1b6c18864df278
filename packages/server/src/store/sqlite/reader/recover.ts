import type { DatabaseSync } from 'node:sqlite';
import { numberCursor, numberOf, pageOf } from '../../page.ts';
import type { RecoverFilter } from '../../port.ts';
import { shownDeliveryOf } from '../../rows.ts';
import { number, numberOrNull, type Row } from '../cells.ts';
import { DELIVERY_COLUMNS, DELIVERY_JOINS } from '../rows.ts';
import type { SyncReader } from './sync-reader.ts';

type Status = RecoverFilter['statuses'][number];

/**
 * A delivery is in the window by the time it was made. Deliveries are numbered in the order in which they were stored,
 * so the ends of the window are found by halving, and no index by time is needed.
 */
export function createRecoverReads(db: DatabaseSync): Pick<SyncReader, 'recoverable' | 'recoverableCount'> {
  const endpoint = db.prepare(`SELECT p.number FROM endpoints p JOIN organizations o ON o.number = p.organization
    WHERE p.id = ? AND o.id = ?`);
  const numberAt = createNumberAt(db);
  const statements: Record<Status, ReturnType<typeof prepare>> = {
    dead: prepare(db, 'dead'),
    cancelled: prepare(db, 'cancelled'),
    succeeded: prepare(db, 'succeeded'),
  };

  /** Of one endpoint: numbers from `from`, below `to`. */
  function windowOf(filter: RecoverFilter): { endpoint: number; from: number; to: number } | null {
    const row = endpoint.get(filter.endpointId, filter.organizationId);
    if (row === undefined) return null;
    return { endpoint: number(row['number']), from: numberAt(filter.since), to: numberAt(filter.until) };
  }

  return {
    recoverable(filter, { after, itemsMax }) {
      const window = windowOf(filter);
      if (window === null) return { items: [], nextCursor: null };
      const to = Math.min(window.to, numberCursor(after));
      const rows: Row[] = [];
      for (const status of new Set(filter.statuses)) {
        rows.push(...statements[status].list.all(window.endpoint, window.from, to, itemsMax + 1));
      }
      rows.sort((one, other) => number(other['number']) - number(one['number']));
      return pageOf(rows, itemsMax, (row) => shownDeliveryOf(row).delivery, numberOf);
    },

    recoverableCount(filter, max) {
      const window = windowOf(filter);
      if (window === null) return 0;
      let count = 0;
      for (const status of new Set(filter.statuses)) {
        const row = statements[status].count.get(window.endpoint, window.from, window.to, max - count);
        count += number(row?.['found']);
      }
      return count;
    },
  };
}

/** What was sent again already is left out. A success is told by the first delivery alone, or it would never end. */
function prepare(db: DatabaseSync, status: Status) {
  const where = `d.endpoint = ? AND d.status = '${status}' AND d.number >= ? AND d.number < ?
    AND NOT EXISTS (SELECT 1 FROM deliveries r WHERE r.event = d.event AND r.resend_of = d.id)
    ${status === 'succeeded' ? 'AND d.resend_of IS NULL' : ''}`;
  return {
    list: db.prepare(`SELECT ${DELIVERY_COLUMNS} FROM deliveries d ${DELIVERY_JOINS}
      LEFT JOIN queue q ON q.delivery = d.number WHERE ${where} ORDER BY d.number DESC LIMIT ?`),
    count: db.prepare(`SELECT count(*) AS found FROM (SELECT 1 FROM deliveries d
      WHERE ${where} AND NOT EXISTS (SELECT 1 FROM erasures x WHERE x.event = d.event) LIMIT ?)`),
  };
}

/** The number of the first delivery made at a time or later. */
function createNumberAt(db: DatabaseSync): (at: number) => number {
  const highest = db.prepare('SELECT max(number) AS number FROM deliveries');
  const next = db.prepare('SELECT number, created_at FROM deliveries WHERE number >= ? ORDER BY number LIMIT 1');

  return (at) => {
    let low = 0;
    let high = (numberOrNull(highest.get()?.['number'] ?? null) ?? 0) + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const row = next.get(middle);
      if (row !== undefined && number(row['created_at']) < at) low = number(row['number']) + 1;
      else high = middle;
    }
    return low;
  };
}
