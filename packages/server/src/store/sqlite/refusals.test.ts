import { describe, expect, it } from 'vitest';
import type { Timers } from '../../domain/clock.ts';
import { STORE_QUEUE_BYTES_MAX, STORE_QUEUE_UNITS_MAX } from '../../domain/limits.ts';
import {
  acceptedEvent,
  acceptOne,
  claimUnit,
  createTestClock,
  leased,
  populate,
  START,
  succeeded,
  waiting,
} from '../contract/fixtures.ts';
import type { Store } from '../port.ts';
import { IN_MEMORY, openWriterConnection } from './connection.ts';
import { inlineReader, inlineWriter } from './inline.ts';
import type { WriterLink } from './link.ts';
import { openSqliteStore } from './open.ts';
import { createSqliteStore } from './store.ts';
import type { Answer, Batch } from './wire/batch.ts';

function unavailable(reason: string) {
  return expect.objectContaining({ name: 'StoreUnavailable', reason });
}

/** A store whose database cannot grow past so many pages. */
function tinyStore() {
  const db = openWriterConnection(IN_MEMORY);
  const clock = createTestClock();
  const store = createSqliteStore({
    writer: inlineWriter(db, START),
    reader: inlineReader(db, IN_MEMORY),
    clock,
    disk: null,
    defer: queueMicrotask,
    lock: null,
    telemetry: null,
    onFatal: null,
  });
  return { store, setPagesMax: (pages: number) => db.exec(`PRAGMA max_page_count = ${pages}`) };
}

/** A store whose writer keeps its answers until told to let them go. */
function heldStore() {
  const db = openWriterConnection(IN_MEMORY);
  const inner = inlineWriter(db, START);
  const batches: Batch[] = [];
  const writer: WriterLink = { ...inner, post: (batch) => void batches.push(batch) };
  const store = createSqliteStore({
    writer,
    reader: inlineReader(db, IN_MEMORY),
    clock: createTestClock(),
    disk: null,
    defer: queueMicrotask,
    lock: null,
    telemetry: null,
    onFatal: null,
  });
  return {
    store,
    batches,
    answerAll() {
      for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) inner.post(batch);
    },
  };
}

async function settled(held: { answerAll(): void }, work: Promise<unknown>): Promise<void> {
  const done = work.then(() => true);
  while (!(await Promise.race([done, new Promise<false>((resolve) => setImmediate(() => resolve(false)))])))
    held.answerAll();
}

describe('a commit that fails', () => {
  it('rejects all its units, keeps nothing of them, and the next batch goes through', async () => {
    const { store, setPagesMax } = tinyStore();
    const { organization: owner, endpoint: one } = await populate(store, 1);
    setPagesMax(1);
    const big = { event: { payload: new Uint8Array(200_000) } };
    const units = [1, 2].map(() => ({ events: [acceptedEvent(owner.id, [leased(one.id)], big)], idempotency: null }));
    const results = await Promise.allSettled(units.map((unit) => store.accept(unit)));
    expect(results).toEqual([1, 2].map(() => ({ status: 'rejected', reason: unavailable('commit_failed') })));
    expect((await store.reader.events(owner.id, { after: null, itemsMax: 9 })).items).toEqual([]);
    setPagesMax(100_000);
    const delivery = leased(one.id);
    await acceptOne(store, acceptedEvent(owner.id, [delivery], big));
    await store.record({ incarnation: store.incarnation, outcomes: [succeeded(delivery)], health: [] });
    expect((await store.reader.delivery(owner.id, delivery.id))?.shown).toBe('succeeded');
    await store.close();
  });

  it('forgets what the failed transaction taught it', async () => {
    const { store, setPagesMax } = tinyStore();
    const { organization: owner, endpoint: one } = await populate(store, 1);
    setPagesMax(1);
    const suspended = { ...one, version: 2, status: { kind: 'suspended', reason: 'manual', at: START } } as const;
    const big = acceptedEvent(owner.id, [], { event: { payload: new Uint8Array(200_000) } });
    const results = await Promise.allSettled([
      store.apply([{ kind: 'endpoint.put', endpoint: suspended, expectedVersion: 1, resetHealth: false }]),
      store.accept({ events: [big], idempotency: null }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    setPagesMax(100_000);
    await acceptOne(store, acceptedEvent(owner.id, [waiting(one.id)]));
    expect((await store.claim(claimUnit(store, one.id, START))).deliveries).toHaveLength(1);
    await store.close();
  });
});

describe('a full queue', () => {
  it('refuses events and commands, and still takes results', async () => {
    const held = heldStore();
    const { store } = held;
    const populated = populate(store, 1);
    await settled(held, populated);
    const { organization: owner, endpoint: one } = await populated;
    const payload = new Uint8Array(8 * 1024 * 1024);
    const waitingUnits: Promise<unknown>[] = [];
    while (store.room.bytes > payload.length + 1_024) {
      const events = [acceptedEvent(owner.id, [], { event: { payload } })];
      waitingUnits.push(store.accept({ events, idempotency: null }));
    }
    const refused = { events: [acceptedEvent(owner.id, [leased(one.id)], { event: { payload } })], idempotency: null };
    await expect(store.accept(refused)).rejects.toEqual(unavailable('queue_full'));
    const recorded = store.record({ incarnation: store.incarnation, outcomes: [], health: [] });
    await settled(held, Promise.all([...waitingUnits, recorded]));
    expect(store.room).toEqual({ units: STORE_QUEUE_UNITS_MAX, bytes: STORE_QUEUE_BYTES_MAX });
    await settled(held, store.accept(refused));
  });

  it('takes a unit that is larger than the whole queue when nothing else waits, or it would never go', async () => {
    const held = heldStore();
    const { store } = held;
    const populated = populate(store, 1);
    await settled(held, populated);
    const { organization: owner } = await populated;
    const large = () => {
      const payload = new Uint8Array(STORE_QUEUE_BYTES_MAX + 1);
      return { events: [acceptedEvent(owner.id, [], { event: { payload } })], idempotency: null };
    };
    const first = store.accept(large());
    await expect(store.accept(large())).rejects.toEqual(unavailable('queue_full'));
    await settled(held, first);
    expect((await first).kind).toBe('accepted');
  });

  it('counts units as well as bytes', async () => {
    const held = heldStore();
    const { store } = held;
    const units = Array.from({ length: STORE_QUEUE_UNITS_MAX }, () =>
      store.record({ incarnation: 1, outcomes: [], health: [] }),
    );
    expect(store.room.units).toBe(0);
    await expect(store.accept({ events: [], idempotency: null })).rejects.toEqual(unavailable('queue_full'));
    await expect(store.apply([])).rejects.toEqual(unavailable('queue_full'));
    await settled(held, Promise.all(units));
    expect(store.room.units).toBe(STORE_QUEUE_UNITS_MAX);
  });
});

describe('batches', () => {
  it('carry what was submitted in one turn together, and in order', async () => {
    const held = heldStore();
    const incarnation = 1;
    const units = Array.from({ length: 100 }, () => held.store.record({ incarnation, outcomes: [], health: [] }));
    await Promise.resolve();
    expect(held.batches.map(({ starts }) => starts.length)).toEqual([100]);
    const late = Array.from({ length: 31 }, () => held.store.record({ incarnation, outcomes: [], health: [] }));
    await Promise.resolve();
    // Too few for a commit of their own while one is under way.
    expect(held.batches).toHaveLength(1);
    const more = held.store.ping();
    await Promise.resolve();
    await Promise.resolve();
    expect(held.batches.map(({ starts }) => starts.length)).toEqual([100, 32]);
    await settled(held, Promise.all([...units, ...late, more]));
  });

  it('are rejected when the writer is gone', async () => {
    const db = openWriterConnection(IN_MEMORY);
    let gone: ((cause: Error) => void) | null = null;
    const writer: WriterLink = {
      ...inlineWriter(db, START),
      post() {},
      onAnswer(_listener: (answer: Answer) => void) {},
      onGone(listener) {
        gone = listener;
      },
    };
    const parts = {
      clock: createTestClock(),
      disk: null,
      defer: queueMicrotask,
      lock: null,
      telemetry: null,
      onFatal: null,
    };
    const store: Store = createSqliteStore({ ...parts, writer, reader: inlineReader(db, IN_MEMORY) });
    const lost = store.ping();
    const notify: ((cause: Error) => void) | null = gone;
    (notify as ((cause: Error) => void) | null)?.(new Error('out of memory'));
    await expect(lost).rejects.toEqual(unavailable('closed'));
    await expect(store.ping()).rejects.toEqual(unavailable('closed'));
    expect(store.room.units).toBe(0);
  });
});

describe('a disk that runs low', () => {
  it('refuses events and readiness, still takes results and claims, and recovers', async () => {
    let ratio = 0.04;
    const looks: (() => void)[] = [];
    const timers: Timers = {
      setTimeout(callback) {
        looks.push(callback);
        return { cancel: () => void looks.splice(0) };
      },
    };
    const store = await openSqliteStore({ path: IN_MEMORY, mode: 'inline', timers, freeDiskRatio: async () => ratio });
    const { organization: owner, endpoint: one } = await populate(store, 1);
    const unit = { events: [acceptedEvent(owner.id, [])], idempotency: null };
    await expect(store.accept(unit)).rejects.toEqual(unavailable('disk_low'));
    await expect(store.ping()).rejects.toEqual(unavailable('disk_low'));
    await store.record({ incarnation: store.incarnation, outcomes: [], health: [] });
    expect((await store.claim(claimUnit(store, one.id, START))).deliveries).toEqual([]);
    ratio = 0.06;
    looks.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect((await store.accept(unit)).kind).toBe('accepted');
    await store.ping();
    await store.close();
    expect(looks).toEqual([]);
  });
});

describe('a closed store', () => {
  it('commits what waited, then refuses', async () => {
    const { store } = tinyStore();
    const waitingUnit = store.ping();
    const closed = store.close();
    await waitingUnit;
    await closed;
    await expect(store.ping()).rejects.toEqual(unavailable('closed'));
    expect(store.room.units).toBe(0);
    await store.close();
  });
});
