import type { DatabaseSync } from 'node:sqlite';
import { CLIENT_EVENT_ID_DAYS } from '../../domain/limits.ts';
import { number, type Row } from './cells.ts';

const DAY_MS = 24 * 3_600 * 1_000;

/** Of the next events in the order in which they were stored. The length of a payload is known without reading it. */
export const SELECT_OLD = `SELECT number, organization, id, created_at, length(payload) AS payload_bytes
  FROM events WHERE number > ? ORDER BY number LIMIT ?`;

/** `reached`: neither this event nor a later one is old enough. */
export type Fate = 'reached' | 'kept' | 'removable';

/** What retention does with an event. A read and the write that follows it must never differ in this. */
export function createFateOf(db: DatabaseSync): (row: Row, before: number, now: number) => Fate {
  const selectOwed = db.prepare(`
    SELECT 1 AS owed FROM deliveries d JOIN queue q ON q.delivery = d.number WHERE d.event = ? LIMIT 1`);
  return (row, before, now) => {
    const createdAt = number(row['created_at']);
    if (createdAt >= before) return 'reached';
    // Until then the same id gets the same answer, which is read from the event.
    if (row['id'] !== null && createdAt + CLIENT_EVENT_ID_DAYS * DAY_MS > now) return 'kept';
    return selectOwed.get(number(row['number'])) === undefined ? 'removable' : 'kept';
  };
}
