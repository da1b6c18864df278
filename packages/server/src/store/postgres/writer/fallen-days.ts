import { DatabaseError } from 'pg';
import { number } from '../../cells.ts';
import type { Removed } from '../../port.ts';
import type { Database, Runner, Statement } from '../database.ts';
import { boundsOf, type Day, endOf, startOf } from '../days.ts';
import { IDS_MS, TIMES_APART_MS_MAX } from '../retention-rule.ts';
import { listPartitions, PARTITIONED, type Partition, type Partitioned, partitionName } from './partitions.ts';

/** Counting a partition of more pages takes seconds; then the server's own estimate must do. */
const COUNTED_PAGES_MAX = 20_000;
const ROWS_PER_DELETE = 2_000;
/**
 * The table is in use by somebody who takes long (a dump, a report), or somebody else is at the same day. It is tried
 * again at the next run.
 */
const BUSY = new Set(['55P03', '57014', '40P01', '55000', '42P01', '42P07', '42809']);

const OWED_AGAIN: Statement = {
  name: 'fall_owed_again',
  text: 'SELECT EXISTS (SELECT 1 FROM queue WHERE resend AND event >= $1::uuid AND event < $2::uuid)',
};
const DELETE_IDS: Statement = {
  name: 'fall_delete_ids',
  text: `DELETE FROM event_ids WHERE (organization, id) IN (
    SELECT organization, id FROM event_ids
    WHERE expires_at >= $1 AND expires_at < $2 AND event >= $3::uuid AND event < $4::uuid
    LIMIT ${ROWS_PER_DELETE})`,
};
const DELETE_ERASURES: Statement = {
  name: 'fall_delete_erasures',
  text: `DELETE FROM erasures WHERE event IN (
    SELECT event FROM erasures WHERE event >= $1::uuid AND event < $2::uuid LIMIT ${ROWS_PER_DELETE})`,
};

/** `owed`: somebody had one of its events sent again, so the day is as it was. */
export type Fall = { readonly kind: 'fallen'; readonly removed: Removed } | { readonly kind: 'busy' | 'owed' };

/**
 * Takes a day off and drops it. No statement that locks more than this one day waits for anything. Whatever interrupts
 * it, it can be called again: what is half done shows in the catalogue, and the table of the events goes last.
 */
export async function dropDay(database: Database, day: Day, now: number): Promise<Fall> {
  const reads = database.on('read');
  try {
    // Once the events are off, and every transaction that saw them has ended, nobody can have them sent again.
    await takeOff(database, 'events', day);
    if (await isOwedAgain(reads, day)) {
      await reads.run(attaching('events', day));
      return { kind: 'owed' };
    }
    for (const table of PARTITIONED) if (table !== 'events') await takeOff(database, table, day);
    await forgetEvents(database.on('write'), day, now);
    const removed = await drop(database, day);
    return { kind: 'fallen', removed };
  } catch (error) {
    if (error instanceof DatabaseError && BUSY.has(error.code ?? '')) return { kind: 'busy' };
    throw error;
  }
}

/** What dropping a day would remove. */
export async function countDay(reads: Runner, day: Day, partitions: readonly Partition[]): Promise<Removed> {
  const [events, deliveries, attempts] = await Promise.all(
    (['events', 'deliveries', 'attempts'] as const).map(async (table) => {
      const partition = partitions.find((one) => one.table === table && one.day === day && one.state === 'attached');
      return partition === undefined ? 0 : await rowsOf(reads, partition);
    }),
  );
  return { events: events ?? 0, deliveries: deliveries ?? 0, attempts: attempts ?? 0 };
}

async function takeOff(database: Database, table: Partitioned, day: Day): Promise<void> {
  const partitions = await listPartitions(database);
  const state = partitions.find((one) => one.table === table && one.day === day)?.state;
  if (state === undefined || state === 'apart') return;
  const how = state === 'pending' ? 'FINALIZE' : 'CONCURRENTLY';
  const name = partitionName(table, day);
  await database.on('read').run({
    name: 'fall_detach',
    once: true,
    text: `ALTER TABLE ${table} DETACH PARTITION ${name} ${how}`,
  });
}

/** What was taken off keeps a constraint that says what it holds, so nothing is read to put it back. */
function attaching(table: Partitioned, day: Day): Statement {
  const name = partitionName(table, day);
  const [from, to] = boundsOf(day);
  return {
    name: 'fall_attach',
    once: true,
    text: `ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`,
  };
}

async function isOwedAgain(reads: Runner, day: Day): Promise<boolean> {
  const { rows } = await reads.run(OWED_AGAIN, [...boundsOf(day)]);
  return rows[0]?.[0] === true;
}

async function forgetEvents(writes: Runner, day: Day, now: number): Promise<void> {
  const bounds = boundsOf(day);
  const expiry = [
    startOf(day) + IDS_MS - TIMES_APART_MS_MAX,
    Math.min(now + 1, endOf(day) + IDS_MS + TIMES_APART_MS_MAX),
  ];
  while ((await writes.run(DELETE_IDS, [...expiry, ...bounds])).count === ROWS_PER_DELETE);
  while ((await writes.run(DELETE_ERASURES, [...bounds])).count === ROWS_PER_DELETE);
}

async function drop(database: Database, day: Day): Promise<Removed> {
  const reads = database.on('read');
  const partitions = (await listPartitions(database)).filter((one) => one.day === day && one.state === 'apart');
  const removed = { events: 0, deliveries: 0, failed_deliveries: 0, attempts: 0 };
  for (const table of PARTITIONED.toReversed()) {
    const partition = partitions.find((one) => one.table === table);
    if (partition === undefined) continue;
    removed[table] = await rowsOf(reads, partition);
    const name = partitionName(table, day);
    await reads.run({ name: 'fall_drop', text: `DROP TABLE ${name}`, once: true });
  }
  const { failed_deliveries: _, ...told } = removed;
  return told;
}

async function rowsOf(reads: Runner, { table, day, pages, rows: estimate }: Partition): Promise<number> {
  if (pages > COUNTED_PAGES_MAX && estimate !== null) return estimate;
  const name = partitionName(table, day);
  const { rows } = await reads.run({ name: 'fall_count', text: `SELECT count(*) FROM ${name}`, once: true });
  return number(rows[0]?.[0]);
}
