import { number } from '../../cells.ts';
import { numberCursor, numberOf, pageOf } from '../../page.ts';
import type { Reader } from '../../reader.ts';
import { auditOf } from '../../rows.ts';
import type { Statement, Value } from '../database.ts';
import type { Queries } from './queries.ts';

/** Rows that one page may look at. A filter that few of them pass answers a short page, and where to go on from. */
export const AUDIT_SCAN_ROWS_MAX = 10_000;
/** A row is numbered when it is written, which may be so much later than what it tells of. */
const WRITTEN_LATE_MS_MAX = 600_000;

const FILTER = `a.at >= $4 AND a.at < $5 AND a.actor = coalesce($6, a.actor) AND a.action = coalesce($7, a.action)
  AND a.target = coalesce($8, a.target)`;
const OF_ORGANIZATION = walkOf('organization', 'organization_id = $10 AND');
const OF_ALL = walkOf('all', '');
/** The number of the first row at a time or later, found by halving: no index by time is kept. */
const NUMBER_AT: Statement = {
  name: 'read_audit_number',
  text: `WITH RECURSIVE halving (low, high) AS (
      SELECT 0::bigint, coalesce((SELECT max(number) FROM audit), 0) + 1
      UNION ALL
      SELECT CASE WHEN n.at < $1 THEN n.number + 1 ELSE h.low END,
        CASE WHEN n.at < $1 THEN h.high ELSE (h.low + h.high) / 2 END
      FROM halving h LEFT JOIN LATERAL (
        SELECT number, at FROM audit WHERE number >= (h.low + h.high) / 2 ORDER BY number LIMIT 1) n ON true
      WHERE h.low < h.high)
    SELECT low FROM halving WHERE low >= high`,
};

/** What is audited is rare and looked up rarely: a walk in the order of numbers spares an index for every filter. */
export function createAuditReads({ all, first }: Queries): Pick<Reader, 'audit'> {
  async function numberAt(at: number): Promise<number> {
    return number((await first(NUMBER_AT, at))?.['low']);
  }

  return {
    async audit({ organizationId, actor, action, target, since, until }, { after, itemsMax }) {
      const [from, to] = await Promise.all([
        since === null ? 0 : numberAt(since - WRITTEN_LATE_MS_MAX),
        until === null ? Number.MAX_SAFE_INTEGER : numberAt(until + WRITTEN_LATE_MS_MAX),
      ]);
      const isFiltered = [actor, action, target, since, until].some((one) => one !== null);
      const scanMax = isFiltered ? AUDIT_SCAN_ROWS_MAX : itemsMax + 1;
      const { select, stop } = organizationId === null ? OF_ALL : OF_ORGANIZATION;
      const owner: Value[] = organizationId === null ? [] : [organizationId];
      const below = Math.min(to, numberCursor(after));
      const times = [since ?? Number.MIN_SAFE_INTEGER, until ?? Number.MAX_SAFE_INTEGER];
      const rows = await all(select, from, below, scanMax, ...times, actor, action, target, itemsMax + 1, ...owner);
      if (rows.length > itemsMax || !isFiltered) return pageOf(rows, itemsMax, auditOf, numberOf);
      // What the bound cut off is left for the next page.
      const stopped = await first(stop, from, below, scanMax - 1, ...owner);
      return { items: rows.map(auditOf), nextCursor: stopped === undefined ? null : numberOf(stopped) };
    },
  };
}

function walkOf(name: string, owner: 'organization_id = $10 AND' | '') {
  const source = (condition: string, rest: string) =>
    `SELECT * FROM audit WHERE ${condition} number >= $1 AND number < $2 ORDER BY number DESC ${rest}`;
  return {
    select: {
      name: `read_audit_of_${name}`,
      text: `SELECT a.* FROM (${source(owner, 'LIMIT $3')}) a WHERE ${FILTER} ORDER BY a.number DESC LIMIT $9`,
    },
    stop: {
      name: `read_audit_of_${name}_stop`,
      text: source(owner.replace('$10', '$4'), 'OFFSET $3 LIMIT 1'),
    },
  };
}
