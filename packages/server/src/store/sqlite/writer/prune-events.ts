import type { Pruned } from '../../port.ts';
import { number, type Row, textOrNull } from '../cells.ts';
import { createFateOf, SELECT_OLD } from '../retention-rule.ts';
import type { TimedPruneUnit } from '../wire/rare.ts';
import type { WriteContext } from './context.ts';
import { overwriting } from './overwriting.ts';

/** What is removed is overwritten, so large payloads make long steps. */
const PAYLOAD_BYTES_PER_STEP_MAX = 4 * 1024 * 1024;
const EVENTS_PER_LOOK = 100;
/** Of one event, before its rows are counted again: one event may have gone to a hundred thousand endpoints. */
const DELIVERIES_PER_DELETE = 200;

type Progress = { events: number; deliveries: number; attempts: number; rows: number; payloadBytes: number };

/** Removes old events with their deliveries and attempts, and stops in the middle of a large one if need be. */
export function createPruneEvents({ db }: WriteContext): (unit: TimedPruneUnit) => Pruned {
  const select = db.prepare(SELECT_OLD);
  const fateOf = createFateOf(db);
  const deleteAttempts = db.prepare(`
    DELETE FROM attempts WHERE delivery IN (SELECT number FROM deliveries WHERE event = ? ORDER BY number LIMIT ?)`);
  const deleteDeliveries = db.prepare(`
    DELETE FROM deliveries WHERE number IN (SELECT number FROM deliveries WHERE event = ? ORDER BY number LIMIT ?)`);
  const deleteId = db.prepare('DELETE FROM event_ids WHERE organization = ? AND id = ? AND event = ?');
  const deleteErasure = db.prepare('DELETE FROM erasures WHERE event = ?');
  const deleteEvent = db.prepare('DELETE FROM events WHERE number = ?');

  /** Answers whether the event went, or only some of its deliveries. */
  function remove(row: Row, progress: Progress, rowsMax: number): boolean {
    const event = number(row['number']);
    for (;;) {
      if (progress.rows >= rowsMax) return false;
      const attempts = Number(deleteAttempts.run(event, DELIVERIES_PER_DELETE).changes);
      const deliveries = Number(deleteDeliveries.run(event, DELIVERIES_PER_DELETE).changes);
      progress.attempts += attempts;
      progress.deliveries += deliveries;
      progress.rows += attempts + deliveries;
      if (deliveries < DELIVERIES_PER_DELETE) break;
    }
    const id = textOrNull(row['id'] ?? null);
    if (id !== null) deleteId.run(number(row['organization']), id, event);
    // Its number may be given again.
    deleteErasure.run(event);
    deleteEvent.run(event);
    progress.events += 1;
    return true;
  }

  function walk({ before, after, itemsMax, now }: TimedPruneUnit, progress: Progress): Omit<Pruned, 'removed'> {
    let at = after === null ? 0 : Number(after);
    const stop = (more: boolean) => ({ after: at === 0 ? null : String(at), more });
    for (;;) {
      const rows = select.all(at, EVENTS_PER_LOOK);
      for (const row of rows) {
        if (progress.rows >= itemsMax || progress.payloadBytes >= PAYLOAD_BYTES_PER_STEP_MAX) return stop(true);
        const fate = fateOf(row, before, now);
        if (fate === 'reached') return stop(false);
        if (fate === 'removable' && !remove(row, progress, itemsMax)) return stop(true);
        at = number(row['number']);
        progress.rows += 1;
        if (fate === 'removable') progress.payloadBytes += number(row['payload_bytes']);
      }
      if (rows.length < EVENTS_PER_LOOK) return stop(false);
    }
  }

  return (unit) => {
    const progress = { events: 0, deliveries: 0, attempts: 0, rows: 0, payloadBytes: 0 };
    const stopped = overwriting(db, () => walk(unit, progress));
    const { events, deliveries, attempts } = progress;
    return { removed: { events, deliveries, attempts }, ...stopped };
  };
}
