import { setTimeout as wait } from 'node:timers/promises';
import { number, numberOrNull, type Row, text } from '../../cells.ts';
import type { FollowedAttempt, FollowedPage, Reader } from '../../reader.ts';
import type { Statement } from '../database.ts';
import { shownAttempt } from '../rows.ts';
import { timeOfUuid, UUID_MIN, uuidAt } from '../uuids.ts';
import { createAttemptSearch, SHOWN_ATTEMPT } from './organization-attempts.ts';
import type { Queries } from './queries.ts';

/** Attempts of everyone that one page may look at. */
export const FOLLOW_SCAN_ROWS_MAX = 10_000;
/** An attempt is stored within this time of its start, also when the database was away meanwhile. */
const STORED_LATE_MS_MAX = 24 * 3_600 * 1_000;
/** Transactions end soon; a page waits for those under way rather than to have its reader ask at once again. */
const SETTLE_MS = 25;
const SETTLES_MAX = 20;

/** Behind the attempt of that transaction and id everything is new. `time`: none of that began much earlier. */
type Place = { readonly transaction: number; readonly id: string; readonly time: number };
const CURSOR = /^(\d{1,16})-([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})-(\d{1,15})$/;

/**
 * Transactions of this database below `settled` have all ended. What is stored from there on, and visible, waits for those
 * before it. Those of other databases of the server cannot store anything here.
 */
const SETTLED = `(SELECT pg_snapshot_xmax(s.now)::text::bigint AS next,
    coalesce((SELECT min(x.xid::text::bigint) FROM pg_snapshot_xip(s.now) AS x (xid)
      WHERE NOT EXISTS (SELECT 1 FROM pg_stat_activity b
        WHERE b.backend_xid::text::bigint = x.xid::text::bigint & 4294967295 AND b.datname <> current_database())),
      pg_snapshot_xmax(s.now)::text::bigint) AS settled
  FROM (SELECT pg_current_snapshot() AS now) s) x`;
const END: Statement = {
  name: 'follow_end',
  text: `SELECT x.settled, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now,
      EXISTS (SELECT 1 FROM attempts a WHERE a.recorded >= x.settled AND a.recorded < x.next AND a.id >= $1::uuid OFFSET 0)
        AS is_unsettled
    FROM ${SETTLED}`,
};
/** How far a page looks. No row comes between two that are settled, so the second statement sees the same ones. */
const REACH: Statement = {
  name: 'follow_reach',
  text: `SELECT x.settled, l.recorded, l.id, l.looked,
      EXISTS (SELECT 1 FROM attempts a WHERE a.recorded >= x.settled AND a.recorded < x.next AND a.id >= $3::uuid OFFSET 0)
        AS is_unsettled
    FROM ${SETTLED} LEFT JOIN LATERAL (
      SELECT s.recorded, s.id, count(*) OVER () AS looked FROM (
        SELECT a.recorded, a.id FROM attempts a
        WHERE a.recorded >= $1 AND a.recorded < x.settled AND (a.recorded > $1 OR a.id > $2::uuid) AND a.id >= $3::uuid
        ORDER BY a.recorded, a.id LIMIT ${FOLLOW_SCAN_ROWS_MAX}) s
      ORDER BY s.recorded DESC, s.id DESC LIMIT 1) l ON true`,
};
const MATCHING: Statement = {
  name: 'follow_matching',
  text: `SELECT m.* FROM (
      SELECT a.recorded, a.id, a.endpoint FROM attempts a
      WHERE a.recorded >= $1 AND a.recorded <= $4 AND (a.recorded > $1 OR a.id > $2::uuid)
        AND (a.recorded < $4 OR a.id <= $5::uuid) AND a.id >= $3::uuid
      ORDER BY a.recorded, a.id LIMIT ${FOLLOW_SCAN_ROWS_MAX}) s
    CROSS JOIN LATERAL (
      SELECT e.number FROM endpoints e WHERE e.number = s.endpoint AND e.id = coalesce($7, e.id)
        AND e.organization = (SELECT number FROM organizations WHERE id = $6) LIMIT 1) e
    CROSS JOIN LATERAL (
      SELECT * FROM (${SHOWN_ATTEMPT}) m
      WHERE ($8::text IS NULL OR m.event_type = $8) AND ($9::text IS NULL OR m.outcome = $9)) m
    ORDER BY s.recorded, s.id LIMIT $10`,
};

/**
 * What was stored since the last look is read in the order of the transactions that stored it, across all organizations:
 * that is as much work as there was traffic, whoever follows. One that has not ended yet may have stored something before
 * others that have, so nothing is told past it.
 */
export function createFollowAttempts(queries: Queries): Pick<Reader, 'followAttempts'> {
  const { all, first } = queries;
  const search = createAttemptSearch(queries);

  async function begin(filter: Parameters<Reader['followAttempts']>[0], itemsMax: number): Promise<FollowedPage> {
    const { settled, now } = await settledEnd();
    const open = { since: null, until: null, statusMin: null, statusMax: null };
    const page = await search({ ...filter, ...open, recordedBelow: settled }, { after: null, itemsMax });
    const [newest] = page.items;
    const time = newest === undefined ? now : Math.min(now, timeOfUuid(text(newest['id'])));
    const items = page.items.toReversed().map(followed);
    return { items, nextCursor: cursorOf({ transaction: settled, id: UUID_MIN, time }), hasMore: false };
  }

  async function settledEnd(): Promise<{ settled: number; now: number }> {
    for (let settles = 0; ; settles += 1) {
      const row = await first(END, UUID_MIN);
      const end = { settled: number(row?.['settled']), now: number(row?.['now']) };
      if (row?.['is_unsettled'] !== true || settles === SETTLES_MAX) return end;
      await wait(SETTLE_MS);
    }
  }

  async function reachOf(place: Place): Promise<Row> {
    for (let settles = 0; ; settles += 1) {
      const row = await first(REACH, place.transaction, place.id, sinceOf(place));
      if (row === undefined) throw new Error('the database did not say how far it has come');
      if (row['looked'] !== null || row['is_unsettled'] !== true || settles === SETTLES_MAX) return row;
      await wait(SETTLE_MS);
    }
  }

  return {
    async followAttempts(filter, { after, itemsMax }) {
      const place = after === null ? null : placeOf(after);
      if (after === null || place === null) return await begin(filter, after === null ? itemsMax : 0);
      const reach = await reachOf(place);
      const settled = number(reach['settled']);
      // Past the end: the database is another one than it was. What comes from now on is told.
      if (place.transaction > settled) return await begin(filter, 0);
      const isUnsettled = reach['is_unsettled'] === true;
      const transaction = numberOrNull(reach['recorded']);
      if (transaction === null) return { items: [], nextCursor: after, hasMore: isUnsettled };
      const id = text(reach['id']);
      const { organizationId, endpointId, eventType, outcome } = filter;
      const from = [place.transaction, place.id, sinceOf(place), transaction, id] as const;
      const rows = await all(MATCHING, ...from, organizationId, endpointId, eventType, outcome, itemsMax);
      const last = rows.length === itemsMax ? rows.at(-1) : undefined;
      const [lastTransaction, lastId] =
        last === undefined ? [transaction, id] : [number(last['recorded']), text(last['id'])];
      const isCut =
        number(reach['looked']) === FOLLOW_SCAN_ROWS_MAX || lastTransaction !== transaction || lastId !== id;
      const reached = { transaction: lastTransaction, id: lastId, time: timeOfUuid(lastId) };
      return { items: rows.map(followed), nextCursor: cursorOf(reached), hasMore: isCut || isUnsettled };
    },
  };
}

function followed(row: Row): FollowedAttempt {
  return { ...shownAttempt(row), endpointUrl: text(row['endpoint_url']) };
}

function sinceOf({ time }: Place): string {
  return uuidAt(time - STORED_LATE_MS_MAX);
}

function cursorOf({ transaction, id, time }: Place): string {
  return `${transaction}-${id}-${time}`;
}

/** Null for a text that is no cursor. */
function placeOf(cursor: string): Place | null {
  const [, transaction, id, time] = CURSOR.exec(cursor) ?? [];
  if (transaction === undefined || id === undefined || time === undefined) return null;
  const number = Number(transaction);
  return Number.isSafeInteger(number) ? { transaction: number, id, time: Number(time) } : null;
}
