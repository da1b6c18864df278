import type { DatabaseSync } from 'node:sqlite';
import { number } from '../cells.ts';
import { createFateOf, SELECT_OLD } from '../retention-rule.ts';
import type { SyncReader } from './sync-reader.ts';

const EVENTS_PER_LOOK = 200;

/** Counts what a step of retention would remove. */
export function createPrunable(db: DatabaseSync): Pick<SyncReader, 'prunable'> {
  const select = db.prepare(SELECT_OLD);
  const fateOf = createFateOf(db);
  const countDeliveries = db.prepare('SELECT count(*) AS found FROM deliveries WHERE event = ?');
  const countAttempts = db.prepare(`
    SELECT count(*) AS found FROM deliveries d JOIN attempts a ON a.delivery = d.number WHERE d.event = ?`);

  return {
    prunable({ before, after, itemsMax }, now) {
      const removed = { events: 0, deliveries: 0, attempts: 0 };
      let at = after === null ? 0 : Number(after);
      let rows = 0;
      const stop = (more: boolean) => ({ removed, after: at === 0 ? null : String(at), more });
      for (;;) {
        const found = select.all(at, EVENTS_PER_LOOK);
        for (const row of found) {
          if (rows >= itemsMax) return stop(true);
          const fate = fateOf(row, before, now);
          if (fate === 'reached') return stop(false);
          at = number(row['number']);
          rows += 1;
          if (fate === 'kept') continue;
          const deliveries = number(countDeliveries.get(at)?.['found']);
          const attempts = number(countAttempts.get(at)?.['found']);
          removed.events += 1;
          removed.deliveries += deliveries;
          removed.attempts += attempts;
          rows += deliveries + attempts;
        }
        if (found.length < EVENTS_PER_LOOK) return stop(false);
      }
    },
  };
}
