import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  acceptedEvent,
  acceptOne,
  claimUnit,
  createTestClock,
  populate,
  START,
  waiting,
} from '../contract/fixtures.ts';
import { createCheckpointer } from './checkpointer.ts';
import { BUSY_TIMEOUT_MS, IN_MEMORY, openWriterConnection } from './connection.ts';
import { freeRatioOf } from './disk.ts';
import { GroupCommit } from './group-commit.ts';
import { inlineReader, inlineWriter } from './inline.ts';
import { openSqliteStore } from './open.ts';
import { createSqliteStore } from './store.ts';
import { startThread } from './thread.ts';
import { threadedReader, threadedWriter } from './threads.ts';
import type { UnitCodec } from './wire/batch.ts';
import { pingCodec } from './wire/rare.ts';
import { createCheckpoint } from './writer/checkpoint.ts';

const parts = { clock: createTestClock(), disk: null, defer: queueMicrotask, lock: null, telemetry: null };

function unavailable(reason: string) {
  return expect.objectContaining({ name: 'StoreUnavailable', reason });
}

/** From now on a statement of this connection that touches the log fails as on a full disk. */
function breakCheckpoints(db: DatabaseSync): () => number {
  const prepare = db.prepare.bind(db);
  let failures = 0;
  db.prepare = (sql) => {
    const statement: StatementSync = prepare(sql);
    if (!sql.includes('wal_checkpoint')) return statement;
    statement.get = () => {
      failures += 1;
      throw Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR', errcode: 13 });
    };
    return statement;
  };
  return () => failures;
}

describe('a checkpoint that fails', () => {
  it('throws nothing, and leaves the connection as patient as it was', () => {
    const db = openWriterConnection(IN_MEMORY);
    const failures = breakCheckpoints(db);
    const checkpoint = createCheckpoint(db);
    for (let asks = 1; asks <= 2; asks += 1) {
      checkpoint.ask();
      checkpoint.runIfAsked();
      expect(failures()).toBe(asks);
      expect(db.prepare('PRAGMA busy_timeout').get()).toEqual({ timeout: BUSY_TIMEOUT_MS });
    }
    checkpoint.run();
    for (let commits = 0; commits < 16; commits += 1) expect(checkpoint.frames()).toBeNull();
    expect(failures()).toBe(4);
    db.close();
  });

  it('does not make a committed batch run again, or be reported as failed', async () => {
    const db = openWriterConnection(IN_MEMORY);
    const failures = breakCheckpoints(db);
    const writer = inlineWriter(db, START);
    const store = createSqliteStore({ ...parts, writer, reader: inlineReader(db, IN_MEMORY), onFatal: null });
    const { organization: owner } = await populate(store, 0);
    for (let commits = 0; commits < 20; commits += 1) await acceptOne(store, acceptedEvent(owner.id, []));
    await store.housekeep({ kind: 'upkeep', now: 0 });
    await acceptOne(store, acceptedEvent(owner.id, []));
    expect(failures()).toBeGreaterThanOrEqual(2);
    expect(db.prepare('SELECT count(*) AS stored FROM events').get()).toEqual({ stored: 21 });
    await store.close();
  });
});

describe('a thread that ends on its own', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hookring-ends-'));
    path = join(folder, 'hookring.db');
    openWriterConnection(path).close();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is started again by the next ask when it copies the log', async () => {
    const start = () => startThread({ role: 'checkpoint', path, now: START });
    const first = await start();
    let copied = (): void => {};
    const checkpointer = createCheckpointer(first, start, () => copied());
    const copy = () =>
      new Promise<void>((resolve) => {
        copied = resolve;
        checkpointer.ask();
      });
    await copy();
    checkpointer.ask();
    first.send({ kind: 'close' });
    await first.exited;
    await copy();
    await copy();
    await checkpointer.close();
  });

  it('is tried again by the ask after one that could not start it', async () => {
    const start = () => startThread({ role: 'checkpoint', path, now: START });
    const first = await start();
    let starts = 0;
    let copied = (): void => {};
    const checkpointer = createCheckpointer(
      first,
      async () => {
        starts += 1;
        if (starts === 1) throw new Error('no room for a thread');
        return await start();
      },
      () => copied(),
    );
    first.send({ kind: 'close' });
    await first.exited;
    checkpointer.ask();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => {
      copied = resolve;
      checkpointer.ask();
    });
    expect(starts).toBe(2);
    await checkpointer.close();
  });

  it.each(['write', 'read'] as const)('is told to the process once, and readiness is lost (%s)', async (role) => {
    const start = (name: 'write' | 'read' | 'checkpoint') => startThread({ role: name, path, now: START });
    const threads = { write: await start('write'), read: await start('read'), checkpoint: await start('checkpoint') };
    const causes: Error[] = [];
    const store = createSqliteStore({
      ...parts,
      writer: threadedWriter(threads.write, threads.checkpoint, () => start('checkpoint')),
      reader: threadedReader(threads.read),
      onFatal: (cause) => causes.push(cause),
    });
    await store.ping();
    threads[role].send({ kind: 'close' });
    await threads[role].exited;
    await expect(store.ping()).rejects.toEqual(unavailable('closed'));
    await expect(store.ping()).rejects.toEqual(unavailable('closed'));
    expect(causes.map(({ message }) => message)).toEqual([`the ${role} thread of the store ended`]);
    await store.close();
    expect(causes).toHaveLength(1);
  });

  it('is noticed also when it ended before anybody listened', async () => {
    const thread = await startThread({ role: 'read', path, now: START });
    thread.send({ kind: 'close' });
    await thread.exited;
    const causes: Error[] = [];
    thread.onGone((cause) => causes.push(cause));
    expect(causes).toHaveLength(1);
  });

  it('is no accident when the store is closed', async () => {
    const causes: Error[] = [];
    const store = await openSqliteStore({ path, mode: 'threads', onFatal: (cause) => causes.push(cause) });
    await store.close();
    expect(causes).toEqual([]);
  });
});

describe('an answer that cannot be read', () => {
  it('is a defect of its own unit, and the others of the batch have their answers', async () => {
    const db = openWriterConnection(IN_MEMORY);
    const commits = new GroupCommit(inlineWriter(db, START), queueMicrotask, {
      monotonic: () => 0,
      committed() {},
    });
    const takeDue: UnitCodec<null, number | null> = {
      slabBytes: () => 0,
      // Answered with two cells.
      encode: (_unit, { cells }) => void cells.push(4, START, 10),
      decode: (_unit, { cells }) => cells.numberOrNull() ?? cells.number(),
    };
    const broken: UnitCodec<null, never> = {
      ...takeDue,
      decode() {
        throw new SyntaxError('not what was expected');
      },
    };
    const results = await Promise.allSettled([
      commits.submit(takeDue, null, 0),
      commits.submit(broken, null, 0),
      commits.submit(takeDue, null, 0),
      commits.submit(pingCodec, { now: START }, 0),
    ]);
    expect(results).toEqual([
      { status: 'fulfilled', value: 0 },
      { status: 'rejected', reason: new SyntaxError('not what was expected') },
      { status: 'fulfilled', value: 0 },
      { status: 'fulfilled', value: undefined },
    ]);
    expect(commits.units).toBe(0);
    db.close();
  });
});

describe('room inside the database', () => {
  it('counts as free disk', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hookring-room-'));
    const path = join(folder, 'hookring.db');
    const store = await openSqliteStore({ path, mode: 'inline', clock: parts.clock, freeDiskRatio: async () => 1 });
    const { organization: owner } = await populate(store, 0);
    const payload = new Uint8Array(1_000_000);
    await acceptOne(store, acceptedEvent(owner.id, [], { event: { payload } }));
    const fullDisk = async () => ({ bavail: 1, blocks: 1_000, bsize: 4_096 });
    expect(await freeRatioOf(path, fullDisk)).toBeCloseTo(0.001, 2);
    await store.prune({ before: START + 1, after: null, itemsMax: 100 });
    const ratio = await freeRatioOf(path, fullDisk);
    expect(ratio).toBeGreaterThan(0.001 + 1_000_000 / (1_000 * 4_096) - 0.01);
    expect(ratio).toBeLessThan(0.3);
    // A file that cannot be opened has no room inside.
    expect(await freeRatioOf(join(folder, 'none.db'), fullDisk)).toBe(0.001);
    await store.close();
    rmSync(folder, { recursive: true });
  });
});

describe('a delivery whose event is gone', () => {
  it('ends as dead, and its endpoint is named again while more is due', async () => {
    const db = openWriterConnection(IN_MEMORY);
    const writer = inlineWriter(db, START);
    const store = createSqliteStore({ ...parts, writer, reader: inlineReader(db, IN_MEMORY), onFatal: null });
    const { organization: owner, endpoint: one } = await populate(store, 1);
    const deliveries = [waiting(one.id), waiting(one.id), waiting(one.id)];
    for (const [index, delivery] of deliveries.entries()) {
      await acceptOne(store, acceptedEvent(owner.id, [delivery], { event: { createdAt: START + index } }));
    }
    const [first, second, last] = deliveries;
    if (first === undefined || second === undefined || last === undefined) throw new Error('three deliveries');
    db.exec('DELETE FROM events WHERE number <= 2');
    // One row of the queue has not even its delivery.
    db.exec('DELETE FROM deliveries WHERE number = 2');
    const now = START + 5;
    expect((await store.takeDue({ now, itemsMax: 9 })).endpointIds).toEqual([one.id]);
    expect(await store.claim(claimUnit(store, one.id, now, 2))).toEqual({ deliveries: [], nextDueAt: START + 2 });
    expect(db.prepare('SELECT status, ended_at, death_reason FROM deliveries WHERE number = 1').get()).toEqual({
      status: 'dead',
      ended_at: now,
      death_reason: 'payload_missing',
    });
    expect((await store.takeDue({ now, itemsMax: 9 })).endpointIds).toEqual([one.id]);
    const claimed = await store.claim(claimUnit(store, one.id, now, 2));
    expect([claimed.deliveries.map(({ id }) => id), claimed.nextDueAt]).toEqual([[last.id], null]);
    expect(await store.takeDue({ now, itemsMax: 9 })).toEqual({ endpointIds: [], nextDueAt: null });
    await store.close();
  });
});
