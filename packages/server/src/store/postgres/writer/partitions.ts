import { DatabaseError } from 'pg';
import { number, text } from '../../cells.ts';
import { PARTITIONS_LOCK } from '../advisory-locks.ts';
import type { Database, Runner, Statement } from '../database.ts';
import { boundsOf, DAY_MS, type Day, dayAt, parseDay } from '../days.ts';
import { timeOfUuid } from '../uuids.ts';

/**
 * Days of the tables that grow without end. There is one partition of each for every day in UTC; the ids that they are
 * cut by begin with the time. None catches what fits nowhere: an insert that finds no partition has the day made.
 */
export const PARTITIONED = ['events', 'deliveries', 'failed_deliveries', 'attempts'] as const;
export type Partitioned = (typeof PARTITIONED)[number];

/**
 * - A delivery is rewritten in place once or twice, right after it was made, and its neighbours with it: pages keep room for
 *   a second version of every row. With less room the second versions go to other pages, and to all indexes once more:
 *   measured, 508 bytes a delivery instead of 431, and a third more log.
 * - Rows of the others never change. All are frozen by the first vacuum that comes by, which the growth of the table
 *   brings about, so that none ever has to go over a full day again.
 */
const STORAGE: Readonly<Record<Partitioned, string>> = {
  events: 'autovacuum_freeze_min_age = 0, toast.autovacuum_freeze_min_age = 0',
  deliveries: 'fillfactor = 50, autovacuum_freeze_min_age = 0',
  failed_deliveries: 'autovacuum_freeze_min_age = 0',
  attempts: 'autovacuum_freeze_min_age = 0, toast.autovacuum_freeze_min_age = 0',
};

/** Days before and after the present one for which there is always room. */
const DAYS_BACK = 1;
const DAYS_AHEAD = 7;
/** Days that one insert can have made, one after the other. */
const MADE_PER_WRITE_MAX = 64;
const LOCK_TIMEOUT_MS = 3_000;
const CHECK_VIOLATION = '23514';
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;

/** How a partition stands to its table: `pending` while it is being taken off, `apart` once it is off. */
export type PartitionState = 'attached' | 'pending' | 'apart';
export type Partition = {
  readonly table: Partitioned;
  readonly day: Day;
  readonly state: PartitionState;
  /** Of its heap. */
  readonly pages: number;
  /** As the server estimates them; null before it has counted. */
  readonly rows: number | null;
};

const LIST: Statement = {
  name: 'partitions_list',
  text: `SELECT c.relname, i.inhparent IS NOT NULL, coalesce(i.inhdetachpending, false), c.relpages, c.reltuples::bigint
    FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
      AND c.relname ~ '^(${PARTITIONED.join('|')})_[0-9]{8}$'
    ORDER BY right(c.relname, 8), c.relname`,
};
const LOCK_TIMEOUT: Statement = {
  name: 'partitions_lock_timeout',
  text: `SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`,
};
const LOCK: Statement = { name: 'partitions_lock', text: `SELECT pg_advisory_xact_lock(${PARTITIONS_LOCK})` };

/** Earliest day first. */
export async function listPartitions(database: Database): Promise<readonly Partition[]> {
  return await partitionsOf(database.on('read'));
}

async function partitionsOf(runner: Runner): Promise<readonly Partition[]> {
  const { rows } = await runner.run(LIST);
  return rows.flatMap(([name, hasParent, isPending, pages, estimate]): Partition[] => {
    const [, table, digits] = /^(.*)_(\d{8})$/.exec(text(name)) ?? [];
    const known = PARTITIONED.find((one) => one === table);
    const day = parseDay(digits ?? '');
    if (known === undefined || day === null) return [];
    const state = hasParent !== true ? 'apart' : isPending === true ? 'pending' : 'attached';
    const counted = number(estimate);
    return [{ table: known, day, state, pages: number(pages), rows: counted < 0 ? null : counted }];
  });
}

export function partitionName(table: Partitioned, day: Day): string {
  return `${table}_${day}`;
}

/** Makes the days from yesterday to a week ahead. Answers how many were not there. */
export async function makeDaysAhead(database: Database, now: number): Promise<number> {
  const days = Array.from({ length: DAYS_BACK + 1 + DAYS_AHEAD }, (_, index) =>
    dayAt(now + (index - DAYS_BACK) * DAY_MS),
  );
  return await makeDays(database, days);
}

/** Makes the partitions of these days that are not there, and answers of how many days. */
export async function makeDays(database: Database, days: Iterable<Day | null>): Promise<number> {
  const wanted = new Set<Day>();
  for (const day of days) if (day !== null) wanted.add(day);
  let made = 0;
  for (const day of missingOf(wanted, await listPartitions(database))) {
    if ((await makeDay(database, day)) === 'made') made += 1;
  }
  return made;
}

/**
 * Runs what inserts rows. When it finds no partition for one of them, its day is made and all of it runs again: `work`
 * must be atomic.
 */
export async function withDays<T>(database: Database, work: () => Promise<T>): Promise<T> {
  for (let made = 0; ; made += 1) {
    try {
      return await work();
    } catch (error) {
      const day = missingDayOf(error);
      if (day === null || made === MADE_PER_WRITE_MAX) throw error;
      if ((await makeDay(database, day)) === 'going') throw error;
    }
  }
}

/** The day whose partition an insert did not find; null for any other error, and for a time that cannot be true. */
export function missingDayOf(error: unknown): Day | null {
  if (!(error instanceof DatabaseError) || error.code !== CHECK_VIOLATION) return null;
  if (error.constraint !== undefined || error.detail === undefined) return null;
  // The words depend on the language of the server. The id in them does not.
  const id = UUID.exec(error.detail)?.[0];
  return id === undefined ? null : dayAt(timeOfUuid(id));
}

function missingOf(wanted: ReadonlySet<Day>, partitions: readonly Partition[]): readonly Day[] {
  const found = new Map<Day, number>();
  for (const { day, state } of partitions) if (state === 'attached') found.set(day, (found.get(day) ?? 0) + 1);
  return [...wanted].filter((day) => (found.get(day) ?? 0) < PARTITIONED.length);
}

/** `going`: it is being taken off, so nothing can be put there until it is gone. */
type DayMade = 'made' | 'there' | 'going';

/**
 * Partitions are made apart and then attached, which lets everybody go on reading
 * and writing the other ones; made in place they would lock the whole table.
 */
async function makeDay(database: Database, day: Day): Promise<DayMade> {
  return await database.transaction('read', async (transaction) => {
    await transaction.run(LOCK_TIMEOUT);
    await transaction.run(LOCK);
    const there = (await partitionsOf(transaction)).filter((one) => one.day === day);
    if (there.some(({ state }) => state !== 'attached')) return 'going';
    const missing = PARTITIONED.filter((table) => !there.some((one) => one.table === table));
    if (missing.length === 0) return 'there';
    await transaction.commitWith(missing.flatMap((table) => creationOf(table, day)));
    return 'made';
  });
}

function creationOf(table: Partitioned, day: Day): string[] {
  const name = partitionName(table, day);
  const [from, to] = boundsOf(day);
  return [
    `CREATE TABLE ${name} (LIKE ${table} INCLUDING DEFAULTS INCLUDING STORAGE) WITH (${STORAGE[table]})`,
    `ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`,
  ];
}
