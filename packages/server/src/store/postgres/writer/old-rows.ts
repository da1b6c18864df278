import { number, text } from '../../cells.ts';
import type { Database, Statement, Transaction, Value } from '../database.ts';
import { boundsOf, type Day } from '../days.ts';
import { firstMadeAfter } from '../retention-rule.ts';
import { uuidsSince } from '../uuids.ts';

/** Of one event, before its rows are counted again: one event may have gone to a hundred thousand endpoints. */
const DELIVERIES_PER_DELETE = 200;

const GIVEN = 'unnest($3::integer[], $4::uuid[]) AS k (organization, key)';
const IS_GIVEN = 'v.key >= $1::uuid AND v.key < $2::uuid AND v.organization = k.organization AND v.key = k.key';
/**
 * Of events that were seen to be removable: they are held, so that none can be sent again any more, and then looked at
 * once more. One that somebody else holds stays for now.
 */
const HOLD: Statement = {
  name: 'prune_hold',
  text: `SELECT v.key FROM ${GIVEN} JOIN events v ON ${IS_GIVEN} FOR UPDATE OF v SKIP LOCKED`,
};
const FREE: Statement = {
  name: 'prune_free',
  text: `SELECT k.key, (SELECT count(*) FROM (
        SELECT 1 FROM deliveries d WHERE d.event = k.key AND d.id >= ids_since(k.key)
        LIMIT ${DELIVERIES_PER_DELETE + 1}) s)
    FROM unnest($1::uuid[]) AS k (key)
    WHERE NOT EXISTS (SELECT 1 FROM queue q WHERE q.resend AND q.event = k.key OFFSET 0)
      AND NOT EXISTS (
        SELECT 1 FROM deliveries d WHERE d.event = k.key AND d.id >= ids_since(k.key) AND d.id < $2::uuid
          AND EXISTS (SELECT 1 FROM queue q WHERE q.delivery = d.id OFFSET 0) OFFSET 0)`,
};
/** All that hangs on events which have few deliveries. */
const DELETE_HISTORY: Statement = {
  name: 'prune_delete_history',
  text: deletion('d.event = ANY ($1::uuid[]) AND d.id >= $2::uuid'),
};
/** As much of one event as one statement removes. */
const DELETE_SOME: Statement = {
  name: 'prune_delete_some',
  text: deletion(`d.organization = $3 AND d.id >= $2::uuid AND d.id = ANY (ARRAY(
    SELECT e.id FROM deliveries e WHERE e.event = ANY ($1::uuid[]) AND e.id >= $2::uuid LIMIT ${DELIVERIES_PER_DELETE}))`),
};
const DELETE_EVENTS: Statement = {
  name: 'prune_delete_events',
  text: `WITH gone AS (
      DELETE FROM events v USING ${GIVEN} WHERE ${IS_GIVEN} RETURNING v.organization, v.key, v.id),
    ids AS (
      DELETE FROM event_ids i USING gone
      WHERE i.organization = gone.organization AND i.id = gone.id AND i.event = gone.key),
    erased AS (
      DELETE FROM erasures x WHERE x.event = ANY (ARRAY(SELECT key FROM gone)))
    SELECT count(*) FROM gone`,
};

export type OldEvent = { readonly organization: number; readonly key: string };
export type Progress = { events: number; deliveries: number; attempts: number; rows: number };
type Counted = OldEvent & { readonly deliveries: number };

/**
 * Removes these events of one day with all that hangs on them, in one transaction, until so many rows were removed.
 * Answers at which event it stopped; null: none is left but those that must stay after all.
 */
export async function removeEvents(
  database: Database,
  { day, old, rowsMax }: { readonly day: Day; readonly old: readonly OldEvent[]; readonly rowsMax: number },
  progress: Progress,
): Promise<string | null> {
  return await database.transaction('change', async (transaction) => {
    const removal = { transaction, day, progress };
    let small: Counted[] = [];
    let planned = 0;
    for (const event of await heldOf(transaction, day, old)) {
      if (progress.rows + planned >= rowsMax) {
        await removeSmall(removal, small);
        return event.key;
      }
      if (event.deliveries <= DELIVERIES_PER_DELETE) {
        small.push(event);
        planned += 1 + 2 * event.deliveries;
        continue;
      }
      await removeSmall(removal, small);
      [small, planned] = [[], 0];
      if (!(await removeLarge(removal, event, rowsMax))) return event.key;
    }
    await removeSmall(removal, small);
    return null;
  });
}

function deletion(condition: string): string {
  return `WITH gone AS (
      DELETE FROM deliveries d WHERE ${condition} RETURNING d.id, d.endpoint, d.status),
    failed AS (
      DELETE FROM failed_deliveries f USING gone
      WHERE f.endpoint = gone.endpoint AND f.status = gone.status AND f.delivery = gone.id
        AND gone.status IN ('dead', 'cancelled')),
    tried AS (
      DELETE FROM attempts a WHERE a.delivery = ANY (ARRAY(SELECT id FROM gone)) AND a.id >= $2::uuid RETURNING 1)
    SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM tried)`;
}

type Removal = { readonly transaction: Transaction; readonly day: Day; readonly progress: Progress };

/** Those of the events that nobody holds and that may still go. */
async function heldOf(transaction: Transaction, day: Day, old: readonly OldEvent[]): Promise<readonly Counted[]> {
  const { rows: held } = await transaction.run(HOLD, givenOf(day, old));
  const keys = arrayOf(held.map((row) => text(row[0])));
  const { rows: free } = await transaction.run(FREE, [keys, firstMadeAfter(day)]);
  const deliveriesOf = new Map(free.map((row) => [text(row[0]), number(row[1])]));
  return old.flatMap((event) => {
    const deliveries = deliveriesOf.get(event.key);
    return deliveries === undefined ? [] : [{ ...event, deliveries }];
  });
}

async function removeSmall(removal: Removal, events: readonly Counted[]): Promise<void> {
  if (events.length === 0) return;
  await removeHistory(removal, DELETE_HISTORY, boundOf(events));
  await removeRows(removal, events);
}

/** Answers whether it is gone, or only some of its deliveries. */
async function removeLarge(removal: Removal, event: Counted, rowsMax: number): Promise<boolean> {
  while (removal.progress.rows < rowsMax) {
    const values = [...boundOf([event]), event.organization];
    if ((await removeHistory(removal, DELETE_SOME, values)) === DELIVERIES_PER_DELETE) continue;
    await removeRows(removal, [event]);
    return true;
  }
  return false;
}

/** The events, and from where on their deliveries are. */
function boundOf(events: readonly OldEvent[]): readonly Value[] {
  const keys = events.map(({ key }) => key);
  return [arrayOf(keys), uuidsSince(keys.reduce((one, other) => (other < one ? other : one)))];
}

async function removeHistory(
  { transaction, progress }: Removal,
  statement: Statement,
  values: readonly Value[],
): Promise<number> {
  const { rows } = await transaction.run(statement, values);
  const [deliveries, attempts] = [number(rows[0]?.[0]), number(rows[0]?.[1])];
  progress.deliveries += deliveries;
  progress.attempts += attempts;
  progress.rows += deliveries + attempts;
  return deliveries;
}

async function removeRows({ transaction, day, progress }: Removal, events: readonly OldEvent[]): Promise<void> {
  const { rows } = await transaction.run(DELETE_EVENTS, givenOf(day, events));
  progress.events += number(rows[0]?.[0]);
}

function givenOf(day: Day, events: readonly OldEvent[]): readonly Value[] {
  const organizations = arrayOf(events.map(({ organization }) => organization));
  return [...boundsOf(day), organizations, arrayOf(events.map(({ key }) => key))];
}

/** Of values that need no quotes. */
function arrayOf(values: readonly (string | number)[]): string {
  return `{${values.join(',')}}`;
}
