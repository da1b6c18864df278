import { CLIENT_EVENT_ID_DAYS } from '../../domain/limits.ts';
import { number, type Row, text } from '../cells.ts';
import type { PruneUnit } from '../port.ts';
import type { Runner, Statement } from './database.ts';
import { boundsOf, DAY_MS, type Day, endOf, parseDay, startOf } from './days.ts';
import { UUID_MIN, uuidAt } from './uuids.ts';
import type { Partition } from './writer/partitions.ts';

export const IDS_MS = CLIENT_EVENT_ID_DAYS * DAY_MS;
/** Deliveries that are made with their event have ids of the same time, but for this. */
export const TIMES_APART_MS_MAX = 600_000;
/** When so many deliveries of old events are owed, days are gone through row by row. */
const OWED_MAX = 1_000;

/** Where a walk through old events stands: behind a whole day, or behind one event of it, by organization and key. */
export type Place = {
  readonly day: Day;
  readonly event: { readonly organization: number; readonly key: string } | null;
};
const PLACE = /^(\d{8})(?:-(\d{1,10})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}))?$/;

/** Null for a text that says no place: then the walk begins with the oldest. */
export function placeOf(after: string | null): Place | null {
  const [, digits, organization, key] = PLACE.exec(after ?? '') ?? [];
  const day = parseDay(digits ?? '');
  if (day === null) return null;
  return {
    day,
    event: organization === undefined || key === undefined ? null : { organization: Number(organization), key },
  };
}

export function textOfPlace({ day, event }: Place): string {
  return event === null ? day : `${day}-${event.organization}-${event.key}`;
}

/** Days with events that may be old enough and were not looked at, oldest first. */
export function daysToLookAt(partitions: readonly Partition[], before: number, place: Place | null): readonly Day[] {
  const days = new Set<Day>();
  for (const { day } of partitions) {
    const isSeen = place !== null && (day < place.day || (day === place.day && place.event === null));
    if (!isSeen && startOf(day) < before) days.add(day);
  }
  return [...days].toSorted();
}

/** Retention that goes by days takes whole days, as far as they have ended before the time. */
export function isWhole(day: Day, { before }: PruneUnit, place: Place | null): boolean {
  const isBegun = place?.day === day && place.event !== null;
  return before % DAY_MS === 0 && endOf(day) <= before && !isBegun;
}

/** Of one day, in the order of organization and key. The length of a payload is known without reading it. */
export const SELECT_OLD: Statement = {
  name: 'prune_look',
  text: `SELECT v.organization, v.key, v.id, v.created_at,
      (EXISTS (SELECT 1 FROM queue q WHERE q.resend AND q.event = v.key OFFSET 0) OR EXISTS (
        SELECT 1 FROM deliveries d WHERE d.event = v.key AND d.id >= ids_since(v.key) AND d.id < $6::uuid
          AND EXISTS (SELECT 1 FROM queue q WHERE q.delivery = d.id OFFSET 0) OFFSET 0)) AS is_owed
    FROM events v WHERE v.key >= $1::uuid AND v.key < $2::uuid AND (v.organization, v.key) > ($3, $4::uuid)
    ORDER BY v.organization, v.key LIMIT $5`,
};

/** Where a look at a day begins and ends, for that statement. */
export function lookAt(day: Day, place: Place | null, rowsMax: number) {
  const [from, to] = boundsOf(day);
  const event = place?.day === day ? place.event : null;
  return [from, to, event?.organization ?? 0, event?.key ?? UUID_MIN, rowsMax, firstMadeAfter(day)] as const;
}

/** No delivery that was made with an event of the day has this id or a later one. */
export function firstMadeAfter(day: Day): string {
  return uuidAt(endOf(day) + TIMES_APART_MS_MAX);
}

/** What retention does with an event of a day that it looks at. A count and the removal must never differ in this. */
export function isRemovable(row: Row, before: number, now: number): boolean {
  const createdAt = number(row['created_at']);
  if (createdAt >= before || row['is_owed'] === true) return false;
  // Until then the same id gets the same answer, which is read from the event.
  return row['id'] === null || createdAt + IDS_MS <= now;
}

const OWED: Statement = {
  name: 'prune_owed',
  text: `(SELECT q.event FROM queue q WHERE q.delivery < $1::uuid ORDER BY q.delivery LIMIT ${OWED_MAX + 1})
    UNION ALL (SELECT q.event FROM queue q WHERE q.resend AND q.event < $2::uuid LIMIT ${OWED_MAX + 1})`,
};
const HISTORY: Statement = {
  name: 'prune_history',
  text: `SELECT EXISTS (
      SELECT 1 FROM deliveries d WHERE d.event = ANY ($1::uuid[]) AND d.id >= $2::uuid AND d.id < $3::uuid OFFSET 0)
    OR EXISTS (
      SELECT 1 FROM (SELECT d.id FROM deliveries d WHERE d.event = ANY ($1::uuid[]) AND d.id < $3::uuid OFFSET 0) d
      CROSS JOIN LATERAL (
        SELECT 1 FROM attempts a WHERE a.delivery = d.id AND a.id >= $2::uuid AND a.id < $3::uuid LIMIT 1) a OFFSET 0)`,
};
const TAKEN_IDS: Statement = {
  name: 'prune_taken_ids',
  text: `SELECT EXISTS (
    SELECT 1 FROM event_ids i WHERE i.expires_at > $1 AND i.expires_at <= $2 AND i.event < $3::uuid OFFSET 0)`,
};

/**
 * Whether a day can go as a whole: none of its events stays, and nothing of an older one that stays lies in it. Events
 * stay that are owed, and those whose ids their clients must not use again.
 */
export async function canFall(reads: Runner, day: Day, now: number): Promise<boolean> {
  const [from, to] = boundsOf(day);
  if (endOf(day) + IDS_MS > now) {
    const { rows } = await reads.run(TAKEN_IDS, [now, endOf(day) + IDS_MS + TIMES_APART_MS_MAX, to]);
    if (rows[0]?.[0] === true) return false;
  }
  const { rows } = await reads.run(OWED, [firstMadeAfter(day), to]);
  const owed = rows.map((row) => text(row[0])).filter((event) => event < to);
  if (owed.length > OWED_MAX || owed.some((event) => event >= from)) return false;
  if (owed.length === 0) return true;
  const history = await reads.run(HISTORY, [`{${[...new Set(owed)].join(',')}}`, from, to]);
  return history.rows[0]?.[0] !== true;
}
