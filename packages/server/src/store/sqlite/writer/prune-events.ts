import { CLIENT_EVENT_ID_DAYS } from '../../../domain/limits.ts';
import type { HousekeepingResult } from '../../port.ts';
import { number, textOrNull } from '../cells.ts';
import type { WriteContext } from './context.ts';

const DAY_MS = 24 * 3_600 * 1_000;

/**
 * Removes old events with their deliveries and attempts, oldest first. An event that is still owed stays, and so does
 * one whose id the client chose and must not use again yet. The walk remembers where it was, so that events that stay
 * are not looked at by every step.
 */
export function createPruneEvents({
  db,
}: WriteContext): (before: number, now: number, itemsMax: number) => HousekeepingResult {
  let after = 0;
  const select = db.prepare(`
    SELECT number, organization, id, created_at FROM events WHERE number > ? ORDER BY number LIMIT ?`);
  const selectOwed = db.prepare(`
    SELECT 1 AS owed FROM deliveries d JOIN queue q ON q.delivery = d.number WHERE d.event = ? LIMIT 1`);
  const deleteAttempts = db.prepare(
    'DELETE FROM attempts WHERE delivery IN (SELECT number FROM deliveries WHERE event = ?)',
  );
  const deleteDeliveries = db.prepare('DELETE FROM deliveries WHERE event = ?');
  const deleteId = db.prepare('DELETE FROM event_ids WHERE organization = ? AND id = ? AND event = ?');
  const deleteEvent = db.prepare('DELETE FROM events WHERE number = ?');

  return function pruneEvents(before, now, itemsMax) {
    let changed = 0;
    let rows = 0;
    for (const row of select.all(after, itemsMax)) {
      if (rows >= itemsMax) return { changed, more: true };
      const createdAt = number(row['created_at']);
      if (createdAt >= before) {
        after = 0;
        return { changed, more: false };
      }
      const event = number(row['number']);
      const id = textOrNull(row['id']);
      after = event;
      rows += 1;
      if (id !== null && createdAt + CLIENT_EVENT_ID_DAYS * DAY_MS > now) continue;
      if (selectOwed.get(event) !== undefined) continue;
      rows += Number(deleteAttempts.run(event).changes) + Number(deleteDeliveries.run(event).changes);
      if (id !== null) deleteId.run(number(row['organization']), id, event);
      deleteEvent.run(event);
      changed += 1;
    }
    const more = rows >= itemsMax;
    if (!more) after = 0;
    return { changed, more };
  };
}
