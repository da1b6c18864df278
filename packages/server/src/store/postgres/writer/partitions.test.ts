import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY, START } from '../../contract/fixtures.ts';
import { type Database, openDatabase } from '../database.ts';
import { type Day, dayAt, endOf, parseDay, startOf } from '../days.ts';
import type { TestDatabase } from '../testing/database.ts';
import { createMigratedDatabase } from '../testing/migrated-database.ts';
import { uuidAt } from '../uuids.ts';
import { listPartitions, makeDays, makeDaysAhead, PARTITIONED, withDays } from './partitions.ts';

let testDatabase: TestDatabase;
let db: Database;
beforeEach(async () => {
  testDatabase = await createMigratedDatabase(START);
  db = openDatabase({ url: testDatabase.url, pooler: 'none' });
});
afterEach(async () => {
  await db.close();
  await testDatabase.drop();
});

function insertEvent(at: number, organization = 1): Promise<number> {
  return insertEvents([at], organization);
}

async function insertEvents(times: readonly number[], organization = 1): Promise<number> {
  const statement = {
    name: 'test_insert_events',
    text: `INSERT INTO events (key, organization, type, created_at, payload)
      SELECT k::uuid, $2, 'x', 0, '' FROM unnest($1::text[]) AS k`,
  };
  return (await db.on('write').run(statement, [`{${times.map(uuidAt).join(',')}}`, organization])).count;
}

async function daysOf(table: string): Promise<readonly string[]> {
  const partitions = await listPartitions(db);
  return partitions.filter((one) => one.table === table && one.state === 'attached').map(({ day }) => day);
}

async function one(text: string): Promise<unknown> {
  return (await db.on('read').run({ name: `test ${text}`.slice(0, 60), text })).rows[0]?.[0];
}

describe('days', () => {
  it('are those of the calendar in UTC, between 2020 and 2100', () => {
    expect(dayAt(START)).toBe('20270115');
    expect(dayAt(Date.UTC(2028, 1, 29, 23, 59, 59, 999))).toBe('20280229');
    for (const name of ['20270230', '20191231', '21000101', '2027011', 'x0270115']) expect(parseDay(name)).toBeNull();
    for (const ms of [Date.UTC(2019, 11, 31), Date.UTC(2100, 0, 1), Number.NaN, -1]) expect(dayAt(ms)).toBeNull();
    const day = parseDay('20270115');
    if (day === null) throw new Error('a day');
    expect([startOf(day), endOf(day)]).toEqual([Date.UTC(2027, 0, 15), Date.UTC(2027, 0, 16)]);
  });
});

describe('partitions', () => {
  it('are there from yesterday to a week ahead, made once by however many nodes', async () => {
    const others = [db, openDatabase({ url: testDatabase.url, pooler: 'transaction' })];
    const made = await Promise.all(others.map(async (each) => await makeDaysAhead(each, START + 3 * DAY)));
    expect(made.reduce((sum, days) => sum + days)).toBe(3);
    expect(await makeDaysAhead(db, START + 3 * DAY)).toBe(0);
    for (const table of PARTITIONED) {
      expect(await daysOf(table)).toEqual(Array.from({ length: 12 }, (_, index) => dayAt(START + (index - 1) * DAY)));
    }
    await others[1]?.close();
  });

  it('are made for a day that an insert finds missing, and then it runs again', async () => {
    const at = START - 100 * DAY;
    await expect(insertEvent(at)).rejects.toThrow(/no partition/);
    expect(await withDays(db, async () => await insertEvent(at))).toBe(1);
    for (const table of PARTITIONED) expect(await daysOf(table)).toContain(dayAt(at));
    expect(await one('SELECT count(*) FROM events')).toBe(1);
  });

  it('are made for each of the days of one insert, which happens once', async () => {
    const times = Array.from({ length: 12 }, (_, index) => START - (20 + index) * DAY);
    expect(await withDays(db, async () => await insertEvents(times))).toBe(12);
    expect(await one('SELECT count(*) FROM events')).toBe(12);
  });

  it('are not made for times that cannot be true, nor for other errors', async () => {
    for (const at of [0, Date.UTC(2019, 11, 31), Date.UTC(2101, 0, 1)]) {
      await expect(withDays(db, async () => await insertEvent(at))).rejects.toThrow(/no partition/);
    }
    await insertEvent(START);
    await expect(withDays(db, async () => await insertEvent(START))).rejects.toThrow(/duplicate key/);
    expect(await daysOf('events')).toHaveLength(9);
  });

  it('are told by the error in any language', async () => {
    const client = new Client({ connectionString: testDatabase.url });
    await client.connect();
    await client.query(`ALTER DATABASE ${new URL(testDatabase.url).pathname.slice(1)} SET lc_messages = 'C'`);
    await client.end();
    expect(await withDays(db, async () => await insertEvent(START - 50 * DAY))).toBe(1);
  });

  it('are made while others read and write the table, and keep nobody waiting', async () => {
    const others = new Client({ connectionString: testDatabase.url });
    await others.connect();
    await others.query('BEGIN');
    await others.query(`INSERT INTO events VALUES ('${uuidAt(START)}', 1, NULL, 'x', NULL, NULL, 0, '')`);
    await others.query('SELECT count(*) FROM deliveries, attempts, failed_deliveries');
    expect(await makeDays(db, [dayAt(START + 50 * DAY)])).toBe(1);
    await others.query('COMMIT');
    await others.end();
    expect(await insertEvent(START + 50 * DAY)).toBe(1);
  });

  it('leave room in pages for what changes, and pack no payload', async () => {
    const day: Day | null = dayAt(START);
    const options = String(await one(`SELECT reloptions::text FROM pg_class WHERE relname = 'deliveries_${day}'`));
    expect(Number(/fillfactor=(\d+)/.exec(options)?.[1])).toBeLessThan(86);
    expect(
      await one(
        `SELECT attstorage::text FROM pg_attribute WHERE attrelid = 'events_${day}'::regclass AND attname = 'payload'`,
      ),
    ).toBe('e');
    await withDays(
      db,
      async () =>
        await db.on('write').run({
          name: 'test_attempt',
          text: `INSERT INTO attempts (id, delivery, started_at, endpoint, ordinal, ring_version, total_ms, key_ids)
          VALUES ('${uuidAt(START)}', '${uuidAt(START)}', 0, 1, 1, 1, 1, '')`,
        }),
    );
    expect(await one('SELECT recorded FROM attempts')).toBeGreaterThan(3);
  });
});
