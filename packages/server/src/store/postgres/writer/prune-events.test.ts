import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR, START } from '../../contract/fixtures.ts';
import type { Pruned, PruneUnit } from '../../port.ts';
import { type Database, openDatabase } from '../database.ts';
import { dayAt } from '../days.ts';
import { createPrunable } from '../reader/prunable.ts';
import type { TestDatabase } from '../testing/database.ts';
import { createMigratedDatabase } from '../testing/migrated-database.ts';
import { uuidAt } from '../uuids.ts';
import { dropDay } from './fallen-days.ts';
import { listPartitions, makeDays } from './partitions.ts';
import { createPruneEvents } from './prune-events.ts';

const MIDNIGHT = START - (START % DAY);
const NOW = MIDNIGHT + 40 * DAY;
/** All days up to the one that begins then. */
const UP_TO = MIDNIGHT + 3 * DAY;
const NOTHING = { events: 0, deliveries: 0, attempts: 0 };

let testDatabase: TestDatabase;
let db: Database;
beforeEach(async () => {
  testDatabase = await createMigratedDatabase(START);
  // Its sessions have the limits of the database: a short one lets a test wait for it.
  db = openDatabase({ url: testDatabase.url, pooler: 'transaction' });
  await run(`ALTER DATABASE ${new URL(testDatabase.url).pathname.slice(1)} SET lock_timeout = '300ms'`);
  await makeDays(
    db,
    [0, 1, 2, 3, 4].map((day) => dayAt(MIDNIGHT + day * DAY)),
  );
});
afterEach(async () => {
  await db.close();
  await testDatabase.drop();
});

async function run(text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: testDatabase.url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

type Put = { readonly day: number; readonly hour?: number; readonly id?: string };

/** An event with one delivery that has ended, and its attempt. Answers the id of all three. */
async function put({ day, hour = 1, id }: Put): Promise<string> {
  const at = MIDNIGHT + day * DAY + hour * HOUR;
  const uuid = uuidAt(at);
  await run(`
    INSERT INTO events (key, organization, id, type, created_at, payload)
      VALUES ('${uuid}', 1, ${id === undefined ? 'NULL' : `'${id}'`}, 'x', ${at}, '{}');
    INSERT INTO deliveries (id, event, organization, endpoint, created_at, status)
      VALUES ('${uuid}', '${uuid}', 1, 1, ${at}, 'dead');
    INSERT INTO failed_deliveries VALUES ('${uuid}', 1, 1, 'dead');
    INSERT INTO erasures VALUES ('${uuid}', 1);
    INSERT INTO attempts (id, delivery, started_at, endpoint, ordinal, ring_version, total_ms, key_ids)
      VALUES ('${uuid}', '${uuid}', ${at}, 1, 1, 1, 1, '');`);
  if (id !== undefined) {
    await run(`INSERT INTO event_ids VALUES (1, '${id}', '${uuid}', 'f', ${at}, ${at + 7 * DAY})`);
  }
  return uuid;
}

async function owe(event: string, resend: { readonly day: number } | null = null): Promise<void> {
  const delivery = resend === null ? event : uuidAt(MIDNIGHT + resend.day * DAY + 5 * HOUR);
  if (resend !== null) {
    await run(
      `INSERT INTO deliveries (id, event, organization, endpoint, created_at) VALUES ('${delivery}', '${event}', 1, 1, 0)`,
    );
  }
  await run(`INSERT INTO queue VALUES ('${delivery}', '${event}', 1, 1, 0, NULL, ${resend !== null})`);
}

/** All steps of a run. */
async function runToEnd(step: (unit: PruneUnit) => Promise<Pruned>, before: number, itemsMax = 100) {
  const removed = { ...NOTHING };
  let after: string | null = null;
  for (let steps = 1; steps < 100; steps += 1) {
    const pruned = await step({ before, after, itemsMax });
    removed.events += pruned.removed.events;
    removed.deliveries += pruned.removed.deliveries;
    removed.attempts += pruned.removed.attempts;
    if (!pruned.more) return removed;
    after = pruned.after;
  }
  throw new Error('the run never ended');
}

async function prune(before = UP_TO, now = NOW) {
  const events = createPruneEvents(db);
  const counted = await runToEnd(async (unit) => await createPrunable(db).prunable(unit, now), before);
  const removed = await runToEnd(async (unit) => await events(unit, now), before);
  return { counted, removed };
}

/** By table: the days that have partitions, up to the time. */
async function daysLeft(table = 'events'): Promise<readonly (string | null)[]> {
  const partitions = await listPartitions(db);
  const days = partitions.filter((one) => one.table === table && one.state === 'attached').map(({ day }) => day);
  return days.filter((day) => day >= '20270115' && day <= '20270119');
}

const days = (...which: readonly number[]) => which.map((day) => dayAt(MIDNIGHT + day * DAY));

async function countOf(table: string): Promise<number> {
  const [row] = await run(`SELECT count(*)::integer AS found FROM ${table}`);
  return Number(row?.['found']);
}

describe('retention by days', () => {
  it('takes whole days that have ended, with all that was in them', async () => {
    for (const day of [0, 1, 1.5, 2, 3]) await put({ day, id: `own-${day}` });
    const { counted, removed } = await prune();
    expect(removed).toEqual({ events: 4, deliveries: 4, attempts: 4 });
    expect(counted).toEqual(removed);
    for (const table of ['events', 'deliveries', 'failed_deliveries', 'attempts']) {
      expect(await daysLeft(table)).toEqual(days(3, 4));
      expect(await countOf(table)).toBe(1);
    }
    expect([await countOf('event_ids'), await countOf('erasures')]).toEqual([1, 1]);
    expect((await listPartitions(db)).every(({ state }) => state === 'attached')).toBe(true);
    expect((await prune()).removed).toEqual(NOTHING);
  });

  it('takes rows where the time is in the middle of a day', async () => {
    for (const hour of [1, 2, 3]) await put({ day: 0, hour });
    const { counted, removed } = await prune(MIDNIGHT + 3 * HOUR);
    expect([removed.events, counted.events]).toEqual([2, 2]);
    expect(await daysLeft()).toEqual(days(0, 1, 2, 3, 4));
  });

  it('keeps what is still owed, and goes through its day row by row', async () => {
    const [owed, , other] = [await put({ day: 1 }), await put({ day: 1, hour: 2 }), await put({ day: 2 })];
    await owe(owed);
    const { counted, removed } = await prune();
    expect(removed.events).toBe(2);
    expect(counted).toEqual(removed);
    expect(await daysLeft()).toEqual(days(1, 3, 4));
    expect((await run('SELECT key FROM events')).map(({ key }) => key)).toEqual([owed]);
    expect(await countOf('attempts')).toBe(1);
    expect(other).not.toBe(owed);
    await run('DELETE FROM queue');
    expect((await prune()).removed.events).toBe(1);
    expect(await daysLeft()).toEqual(days(3, 4));
  });

  it('keeps an event that is being sent again from a later day', async () => {
    await owe(await put({ day: 0 }), { day: 4 });
    expect((await prune()).removed).toEqual(NOTHING);
    expect(await countOf('events')).toBe(1);
  });

  it('keeps the day in which an older event that is still owed was tried', async () => {
    const owed = await put({ day: 0 });
    await owe(owed);
    await run(`INSERT INTO attempts (id, delivery, started_at, endpoint, ordinal, ring_version, total_ms, key_ids)
      VALUES ('${uuidAt(MIDNIGHT + DAY + 7)}', '${owed}', 1, 1, 2, 1, 1, '')`);
    await put({ day: 1, hour: 2 });
    const { removed } = await prune();
    expect(removed.events).toBe(1);
    expect(await daysLeft()).toEqual(days(0, 1, 3, 4));
    expect(await countOf(`attempts WHERE delivery = '${owed}'`)).toBe(2);
  });

  it('keeps events whose ids are taken, until they are not', async () => {
    await put({ day: 2, id: 'mine' });
    await put({ day: 2, hour: 2 });
    const early = await prune(UP_TO, MIDNIGHT + 8 * DAY);
    expect(early.removed.events).toBe(1);
    expect(early.counted).toEqual(early.removed);
    expect(await countOf('event_ids')).toBe(1);
    const late = await prune(UP_TO, MIDNIGHT + 10 * DAY);
    expect(late.removed.events).toBe(1);
    expect([await countOf('event_ids'), await daysLeft()]).toEqual([0, days(3, 4)]);
  });
});

describe('a day that is taken off', () => {
  it('waits while somebody reads for long, and goes at the next run', async () => {
    await put({ day: 0 });
    const reader = new Client({ connectionString: testDatabase.url });
    await reader.connect();
    await reader.query('BEGIN; SELECT count(*) FROM events');
    expect((await prune()).removed.events).toBe(0);
    // It is half done: nobody else is kept from anything.
    expect((await listPartitions(db)).some(({ state }) => state === 'pending')).toBe(true);
    await put({ day: 4 });
    expect((await prune()).removed.events).toBe(0);
    await reader.query('COMMIT');
    await reader.end();
    const events = createPruneEvents(db);
    expect(await runToEnd(async (unit) => await events(unit, NOW), UP_TO)).toEqual({
      events: 1,
      deliveries: 1,
      attempts: 1,
    });
    expect(await daysLeft()).toEqual(days(3, 4));
  });

  it('is dropped by whoever comes next, when the one who took it off was killed', async () => {
    const owed = await put({ day: 0 });
    const day = dayAt(MIDNIGHT);
    await run(`ALTER TABLE events DETACH PARTITION events_${day} CONCURRENTLY`);
    await run(`ALTER TABLE attempts DETACH PARTITION attempts_${day} CONCURRENTLY`);
    await run(`DROP TABLE attempts_${day}`);
    expect(owed).not.toBe('');
    const events = createPruneEvents(db);
    const removed = await runToEnd(async (unit) => await events(unit, NOW), UP_TO);
    expect([removed.events, removed.deliveries]).toEqual([1, 1]);
    expect(await run("SELECT relname FROM pg_class WHERE relname LIKE '%\\_20270115' AND relkind = 'r'")).toEqual([]);
    expect(await countOf('erasures')).toBe(0);
  });

  it('comes back when one of its events was sent again in the meantime', async () => {
    const event = await put({ day: 0 });
    await owe(event, { day: 4 });
    const day = dayAt(MIDNIGHT);
    if (day === null) throw new Error('a day');
    expect(await dropDay(db, day, NOW)).toEqual({ kind: 'owed' });
    expect(await daysLeft()).toEqual(days(0, 1, 2, 3, 4));
    expect([await countOf('events'), await countOf('attempts')]).toEqual([1, 1]);
  });
});
