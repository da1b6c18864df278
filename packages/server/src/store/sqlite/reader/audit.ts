import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { numberCursor, numberOf, pageOf } from '../../page.ts';
import { auditOf } from '../../rows.ts';
import { number } from '../cells.ts';
import { createNumberRange } from './number-range.ts';
import type { SyncReader } from './sync-reader.ts';

/** Rows that one page may look at. A filter that few of them pass answers a short page, and where to go on from. */
export const AUDIT_SCAN_ROWS_MAX = 10_000;

const FILTER = `a.at >= ? AND a.at < ? AND a.actor = coalesce(?, a.actor) AND a.action = coalesce(?, a.action)
  AND a.target = coalesce(?, a.target)`;

/** What is audited is rare and looked up rarely: a walk in the order of numbers spares an index for every filter. */
export function createAuditReads(db: DatabaseSync): Pick<SyncReader, 'audit'> {
  const ofOrganization = createWalk(db, 'organization_id = ? AND');
  const ofAll = createWalk(db, '');
  const rangeOf = createNumberRange(db, { table: 'audit', time: 'at' });

  return {
    audit({ organizationId, actor, action, target, since, until }, { after, itemsMax }) {
      const { from, to } = rangeOf(since, until);
      const isFiltered = [actor, action, target, since, until].some((one) => one !== null);
      const scanMax = isFiltered ? AUDIT_SCAN_ROWS_MAX : itemsMax + 1;
      const { select, stop } = organizationId === null ? ofAll : ofOrganization;
      const below = Math.min(to, numberCursor(after));
      const source: SQLInputValue[] = [...(organizationId === null ? [] : [organizationId]), from, below, scanMax];
      const bounds = [since ?? Number.MIN_SAFE_INTEGER, until ?? Number.MAX_SAFE_INTEGER];
      const rows = select.all(...source, ...bounds, actor, action, target, itemsMax + 1);
      if (rows.length > itemsMax) return pageOf(rows, itemsMax, auditOf, numberOf);
      // What the bound cut off is left for the next page.
      const looked = stop.get(...source);
      const isCut = looked !== undefined && number(looked['looked']) === scanMax;
      return { items: rows.map(auditOf), nextCursor: isCut ? String(looked['stop']) : null };
    },
  };
}

function createWalk(db: DatabaseSync, owner: 'organization_id = ? AND' | '') {
  const source = `SELECT number FROM audit WHERE ${owner} number >= ? AND number < ? ORDER BY number DESC LIMIT ?`;
  return {
    select: db.prepare(`SELECT a.* FROM (${source}) s CROSS JOIN audit a ON a.number = s.number
      WHERE ${FILTER} ORDER BY s.number DESC LIMIT ?`),
    stop: db.prepare(`SELECT count(*) AS looked, min(number) AS stop FROM (${source})`),
  };
}
