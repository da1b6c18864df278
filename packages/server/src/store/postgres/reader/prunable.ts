import { number, text } from '../../cells.ts';
import type { Pruned } from '../../port.ts';
import type { Reader } from '../../reader.ts';
import type { Database, Statement } from '../database.ts';
import {
  canFall,
  daysToLookAt,
  isRemovable,
  isWhole,
  lookAt,
  placeOf,
  SELECT_OLD,
  textOfPlace,
} from '../retention-rule.ts';
import { uuidsSince } from '../uuids.ts';
import { countDay } from '../writer/fallen-days.ts';
import { listPartitions } from '../writer/partitions.ts';

const EVENTS_PER_LOOK = 200;

const COUNT: Statement = {
  name: 'prunable_count',
  text: `SELECT count(*) AS deliveries, coalesce(sum((
      SELECT count(*) FROM attempts a WHERE a.delivery = d.id AND a.id >= $2::uuid)), 0)::bigint AS attempts
    FROM deliveries d WHERE d.event = $1::uuid AND d.id >= $2::uuid`,
};

/** Counts what a step of retention would remove. */
export function createPrunable(database: Database): Pick<Reader, 'prunable'> {
  const reads = database.on('read');

  return {
    async prunable(unit, now) {
      const { before, itemsMax } = unit;
      const removed = { events: 0, deliveries: 0, attempts: 0 };
      let place = placeOf(unit.after);
      let looked = 0;
      const stop = (more: boolean): Pruned => ({ removed, after: place === null ? null : textOfPlace(place), more });
      const partitions = await listPartitions(database);
      for (const day of daysToLookAt(partitions, before, place)) {
        if (isWhole(day, unit, place) && (await canFall(reads, day, now))) {
          const counted = await countDay(reads, day, partitions);
          removed.events += counted.events;
          removed.deliveries += counted.deliveries;
          removed.attempts += counted.attempts;
          place = { day, event: null };
          return stop(true);
        }
        for (;;) {
          const rows = await database.find(SELECT_OLD, lookAt(day, place, EVENTS_PER_LOOK));
          for (const row of rows) {
            if (looked >= itemsMax) return stop(true);
            const key = text(row['key']);
            place = { day, event: { organization: number(row['organization']), key } };
            looked += 1;
            if (!isRemovable(row, before, now)) continue;
            const [count] = await database.find(COUNT, [key, uuidsSince(key)]);
            const [deliveries, attempts] = [number(count?.['deliveries']), number(count?.['attempts'])];
            removed.events += 1;
            removed.deliveries += deliveries;
            removed.attempts += attempts;
            looked += deliveries + attempts;
          }
          if (rows.length < EVENTS_PER_LOOK) break;
        }
        place = { day, event: null };
      }
      return stop(false);
    },
  };
}
