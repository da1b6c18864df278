import { describe, expect, it } from 'vitest';
import { type Database, openDatabase } from './database.ts';
import { BEAT_MS, Heartbeat, LEASE_MS, STEADY_MS } from './heartbeat.ts';
import { createMigratedDatabase } from './testing/migrated-database.ts';
import { freeLeases, reapLeases } from './writer/reap-leases.ts';

const START = Date.UTC(2030, 0, 1);
const SILENT = { setTimeout: () => ({ cancel() {} }) };

/** A database whose clock and the machines' clocks are moved by hand. */
async function withDatabase(test: (world: World) => Promise<void>): Promise<void> {
  const database = await createMigratedDatabase(START);
  const db = openDatabase({ url: database.url, pooler: 'none', connections: { control: 1, change: 1 } });
  const beats: Heartbeat[] = [];
  const world: World = {
    db,
    machine: { awakeMs: 0, asleepMs: 0 },
    databaseAheadMs: 0,
    time: () => START + world.machine.awakeMs + world.machine.asleepMs + world.databaseAheadMs,
    async start() {
      const { machine } = world;
      const clock = { monotonic: () => machine.awakeMs, now: () => START + machine.awakeMs + machine.asleepMs };
      const beat = await Heartbeat.start({ db, clock, timers: SILENT, time: world.time });
      beats.push(beat);
      return beat;
    },
    async pass(forMs, ...beating) {
      for (const end = world.machine.awakeMs + forMs; world.machine.awakeMs < end; ) {
        world.machine.awakeMs += BEAT_MS;
        for (const beat of beating) await beat.renew();
      }
    },
    async reap(by) {
      await reapLeases(db, world.time, by, 10);
      const { rows } = await db.on('read').run({ name: 'test', text: 'SELECT incarnation FROM nodes' });
      return rows.map(([incarnation]) => Number(incarnation)).toSorted((one, two) => one - two);
    },
  };
  try {
    await test(world);
  } finally {
    for (const beat of beats) await beat.stop();
    await db.close();
    await database.drop();
  }
}

type World = {
  readonly db: Database;
  readonly machine: { awakeMs: number; asleepMs: number };
  databaseAheadMs: number;
  readonly time: () => number;
  readonly start: () => Promise<Heartbeat>;
  /** Time goes by in which these beat. */
  readonly pass: (forMs: number, ...beating: readonly Heartbeat[]) => Promise<void>;
  /** Answers who is there afterwards. */
  readonly reap: (by: { readonly incarnation: number; readonly steadyAt: number | null }) => Promise<readonly number[]>;
};

const LONG_MS = STEADY_MS + LEASE_MS + 2 * BEAT_MS;

describe('the beat of a node', () => {
  it('says nothing of leases after the machine was suspended, of which the monotonic clock knows nothing, before the next', () =>
    withDatabase(async ({ machine, start }) => {
      const beat = await start();
      machine.awakeMs += 1_000;
      expect(beat.goodUntil).toBe(10_000);
      machine.asleepMs += 30_000;
      expect(beat.goodUntil).toBe(Number.NEGATIVE_INFINITY);
      expect(await beat.renew()).toBe(true);
      expect(beat.goodUntil).toBe(11_000);
    }));
});

describe('a node that takes over from silent ones', () => {
  it('does so when it has beaten for a while, and those have not for as long as a lease', () =>
    withDatabase(async ({ start, pass, reap }) => {
      const [one, two] = [await start(), await start()];
      await pass(LEASE_MS - 1_000, one);
      expect(await reap(one)).toEqual([one.incarnation, two.incarnation]);
      await pass(BEAT_MS, one);
      expect(await reap(one)).toEqual([one.incarnation]);
    }));

  it('waits for those that had no way to the database either', () =>
    withDatabase(async (world) => {
      const { start, pass, reap, machine } = world;
      const [one, two] = [await start(), await start()];
      await pass(LONG_MS, one, two);
      machine.awakeMs += 2 * LEASE_MS;
      await pass(STEADY_MS, one);
      expect(await reap(one)).toHaveLength(2);
      await pass(BEAT_MS, one);
      expect(await reap(one)).toEqual([one.incarnation]);
    }));

  it.each([
    ['ahead', 3_600_000],
    ['back', -3_600_000],
  ])('waits when the clock of the database was set %s', (_, stepMs) =>
    withDatabase(async (world) => {
      const { start, pass, reap } = world;
      const [one, two, dead] = [await start(), await start(), await start()];
      await pass(LONG_MS - LEASE_MS, one, two, dead);
      world.databaseAheadMs += stepMs;
      expect(await reap(one)).toHaveLength(3);
      await pass(BEAT_MS, one);
      expect(await reap(one)).toHaveLength(3);
      // Those that live say so by the new clock, and the other one's time is an hour wrong.
      await pass(LONG_MS, two, one);
      expect(await reap(one)).toEqual([one.incarnation, two.incarnation]);
      expect(await two.renew()).toBe(true);
    }),
  );

  it('waits when its machine slept', () =>
    withDatabase(async ({ machine, start, pass, reap }) => {
      const [one, two] = [await start(), await start()];
      await pass(LONG_MS, one, two);
      machine.asleepMs += 60_000;
      await pass(BEAT_MS, one);
      expect(await reap(one)).toEqual([one.incarnation, two.incarnation]);
    }));

  it('waits when another database answers, which is behind the one before', () =>
    withDatabase(async ({ db, start, pass, reap }) => {
      const [one, two] = [await start(), await start()];
      await pass(LONG_MS, one, two);
      const behind = 'UPDATE nodes SET seen_at = seen_at - 60000';
      await db.on('change').run({ name: 'test_behind', text: behind });
      expect(await reap(one)).toHaveLength(2);
      await pass(BEAT_MS, one);
      expect(await reap(one)).toHaveLength(2);
      await pass(LONG_MS, two, one);
      expect(await reap(one)).toHaveLength(2);
    }));

  it('goes by its last beat when the database stands still after it asked', () =>
    withDatabase(async ({ machine, start, pass, reap }) => {
      const [one, two] = [await start(), await start()];
      await pass(LONG_MS, one, two);
      const asked = { incarnation: one.incarnation, steadyAt: one.steadyAt };
      machine.awakeMs += 60_000;
      expect(await reap(asked)).toEqual([one.incarnation, two.incarnation]);
      // Or one of the others was first.
      await pass(BEAT_MS, two);
      expect(await reap(asked)).toEqual([one.incarnation, two.incarnation]);
    }));

  it('waits after it was counted among the dead itself', () =>
    withDatabase(async ({ db, start, pass, reap }) => {
      const [one, two] = [await start(), await start()];
      await pass(LONG_MS, one, two);
      await db
        .on('change')
        .run({ name: 'test_gone', text: `DELETE FROM nodes WHERE incarnation = ${one.incarnation}` });
      expect(await reap(one)).toEqual([two.incarnation]);
      await pass(LEASE_MS + STEADY_MS, one);
      expect(await reap(one)).toEqual([one.incarnation]);
    }));

  it('frees nothing of runs that are not there before that', () =>
    withDatabase(async ({ db, start, pass }) => {
      const one = await start();
      const taken = 'INSERT INTO due_endpoints (endpoint, due_at, taken_by) VALUES (1, 0, 4711)';
      await db.on('change').run({ name: 'test_taken', text: taken });
      expect(await reapLeases(db, () => START, one, 10)).toEqual({ changed: 0, more: false });
      await pass(LONG_MS, one);
      expect(await reapLeases(db, () => START, one, 10)).toEqual({ changed: 1, more: false });
      expect(await freeLeases(db, [4711], 10)).toEqual({ changed: 0, more: false });
    }));
});
