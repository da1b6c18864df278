import { number, type Row, text } from '../../cells.ts';
import type { Reader, RecoverFilter } from '../../reader.ts';
import type { Statement, Value } from '../database.ts';
import { DELIVERY_COLUMNS, DELIVERY_JOINS, shownDelivery } from '../rows.ts';
import { idOf, uuidAt } from '../uuids.ts';
import { cursorOf } from './deliveries.ts';
import type { Queries } from './queries.ts';

type Status = RecoverFilter['statuses'][number];

/** The time in a delivery's id and the one that stands in its row are taken one after the other, perhaps on two nodes. */
const TIMES_APART_MS_MAX = 600_000;

const ENDPOINT: Statement = {
  name: 'read_recover_endpoint',
  text: `SELECT p.number FROM endpoints p JOIN organizations o ON o.number = p.organization
    WHERE p.id = $1 AND o.id = $2`,
};
const STATEMENTS: Readonly<Record<Status, { readonly list: Statement; readonly count: Statement }>> = {
  dead: statementsOf('dead'),
  cancelled: statementsOf('cancelled'),
  succeeded: statementsOf('succeeded'),
};

/** A delivery is in the window by the time it was made, which its id tells nearly. */
export function createRecoverReads({ all, first }: Queries): Pick<Reader, 'recoverable' | 'recoverableCount'> {
  /** What the statements begin with; null when there is no such endpoint. */
  async function windowOf({ endpointId, organizationId, since, until }: RecoverFilter): Promise<Value[] | null> {
    const row = await first(ENDPOINT, endpointId, organizationId);
    if (row === undefined) return null;
    const [from, to] = [uuidAt(since - TIMES_APART_MS_MAX), uuidAt(until + TIMES_APART_MS_MAX)];
    return [number(row['number']), from, to, since, until];
  }

  return {
    async recoverable(filter, { after, itemsMax }) {
      const window = await windowOf(filter);
      if (window === null) return { items: [], nextCursor: null };
      const rows: Row[] = [];
      for (const status of new Set(filter.statuses)) {
        rows.push(...(await all(STATEMENTS[status].list, ...window, itemsMax + 1, cursorOf(after))));
      }
      rows.sort((one, other) => (text(one['id']) < text(other['id']) ? 1 : -1));
      const kept = rows.slice(0, itemsMax);
      const last = kept.at(-1);
      const nextCursor = rows.length > itemsMax && last !== undefined ? idOf('dlv', last['id']) : null;
      return { items: kept.map((row) => shownDelivery(row).delivery), nextCursor };
    },

    async recoverableCount(filter, max) {
      const window = await windowOf(filter);
      if (window === null) return 0;
      let count = 0;
      for (const status of new Set(filter.statuses)) {
        const row = await first(STATEMENTS[status].count, ...window, max - count);
        count += number(row?.['found'] ?? 0);
      }
      return count;
    },
  };
}

/** What was sent again already is left out. A success is told by the first delivery alone, or it would never end. */
function statementsOf(status: Status): { readonly list: Statement; readonly count: Statement } {
  const source =
    status === 'succeeded'
      ? `(SELECT * FROM deliveries WHERE endpoint = $1 AND id >= $2::uuid AND id < $3::uuid ORDER BY id DESC) d`
      : `(SELECT organization, delivery FROM failed_deliveries
        WHERE endpoint = $1 AND status = '${status}' AND delivery >= $2::uuid AND delivery < $3::uuid
        ORDER BY delivery DESC) f
      CROSS JOIN LATERAL (
        SELECT * FROM deliveries d WHERE d.organization = f.organization AND d.id = f.delivery LIMIT 1) d`;
  const where = `d.status = '${status}' AND d.created_at >= $4 AND d.created_at < $5
    AND NOT EXISTS (SELECT 1 FROM deliveries r
      WHERE r.event = d.event AND r.resend_of = d.id AND r.id >= ids_since(d.id) OFFSET 0)
    ${status === 'succeeded' ? 'AND d.resend_of IS NULL' : ''}`;
  return {
    list: {
      name: `read_recoverable_${status}`,
      text: `SELECT ${DELIVERY_COLUMNS} FROM ${source} ${DELIVERY_JOINS}
        WHERE ${where} AND d.id < $7::uuid AND v.type IS NOT NULL ORDER BY d.id DESC LIMIT $6`,
    },
    count: {
      name: `read_recoverable_${status}_count`,
      text: `SELECT count(*) AS found FROM (SELECT 1 FROM ${source}
        WHERE ${where} AND NOT EXISTS (SELECT 1 FROM erasures x WHERE x.event = d.event OFFSET 0) LIMIT $6) s`,
    },
  };
}
