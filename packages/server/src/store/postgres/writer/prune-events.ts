import { number, text } from '../../cells.ts';
import type { Pruned, PruneUnit } from '../../port.ts';
import type { Database } from '../database.ts';
import type { Day } from '../days.ts';
import {
  canFall,
  daysToLookAt,
  isRemovable,
  isWhole,
  lookAt,
  type Place,
  placeOf,
  SELECT_OLD,
  textOfPlace,
} from '../retention-rule.ts';
import { dropDay } from './fallen-days.ts';
import { type Progress, removeEvents } from './old-rows.ts';
import { listPartitions, type Partition } from './partitions.ts';

const EVENTS_PER_LOOK = 100;

type Walk = { readonly unit: PruneUnit; readonly now: number; readonly progress: Progress };
/** `passed`: go on behind the place. */
type DayEnd = { readonly kind: 'passed' | 'stopped'; readonly place: Place | null };

/**
 * Removes old events with their deliveries and attempts: a day at a time where all of one can go, else in bounded steps,
 * stopping in the middle of a large event if need be.
 */
export function createPruneEvents(database: Database): (unit: PruneUnit, now: number) => Promise<Pruned> {
  return async (unit, now) => {
    const walk = { unit, now, progress: { events: 0, deliveries: 0, attempts: 0, rows: 0 } };
    const partitions = await listPartitions(database);
    let place = placeOf(unit.after);
    let isStopped = false;
    for (const day of daysToLookAt(partitions, unit.before, place)) {
      const end =
        (await tryWhole(database, walk, day, place, partitions)) ?? (await walkDay(database, walk, day, place));
      place = end.place;
      isStopped = end.kind === 'stopped';
      if (isStopped) break;
    }
    const { rows: _, ...removed } = walk.progress;
    return { removed, after: place === null ? null : textOfPlace(place), more: isStopped };
  };
}

/** Null: the day is to be gone through row by row. */
async function tryWhole(
  database: Database,
  { unit, now, progress }: Walk,
  day: Day,
  place: Place | null,
  partitions: readonly Partition[],
): Promise<DayEnd | null> {
  // One that is on its way out was found to be removable, and its rows are out of everybody's sight.
  const isGoing = partitions.some((one) => one.day === day && one.state !== 'attached');
  if (!isGoing && !(isWhole(day, unit, place) && (await canFall(database.on('read'), day, now)))) return null;
  const fall = await dropDay(database, day, now);
  if (fall.kind === 'owed') return null;
  if (fall.kind === 'fallen') {
    progress.events += fall.removed.events;
    progress.deliveries += fall.removed.deliveries;
    progress.attempts += fall.removed.attempts;
  }
  return { kind: fall.kind === 'fallen' ? 'stopped' : 'passed', place: { day, event: null } };
}

async function walkDay(database: Database, walk: Walk, day: Day, from: Place | null): Promise<DayEnd> {
  const { unit, now, progress } = walk;
  let place = from;
  for (;;) {
    if (progress.rows >= unit.itemsMax) return { kind: 'stopped', place };
    const looked = Math.min(EVENTS_PER_LOOK, unit.itemsMax - progress.rows);
    const rows = await database.find(SELECT_OLD, lookAt(day, place, looked));
    const events = rows.map((row) => ({ organization: number(row['organization']), key: text(row['key']) }));
    const old = events.filter((_event, index) => isRemovable(rows[index] ?? {}, unit.before, now));
    const stoppedAt =
      old.length === 0 ? null : await removeEvents(database, { day, old, rowsMax: unit.itemsMax }, progress);
    for (const event of events) {
      if (event.key === stoppedAt) return { kind: 'stopped', place };
      place = { day, event };
      progress.rows += 1;
    }
    if (rows.length < looked) return { kind: 'passed', place: { day, event: null } };
  }
}
