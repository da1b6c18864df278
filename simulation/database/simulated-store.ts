import type { Clock } from '../../packages/server/src/domain/clock.ts';
import {
  STORE_QUEUE_BYTES_MAX,
  STORE_QUEUE_ROW_BYTES,
  STORE_QUEUE_UNITS_MAX,
} from '../../packages/server/src/domain/limits.ts';
import {
  type AcceptUnit,
  type Applied,
  type Change,
  type Command,
  type Currency,
  type Incarnation,
  type RecordResult,
  type RecordUnit,
  type Store,
  StoreUnavailable,
} from '../../packages/server/src/store/port.ts';
import { createRemoteReader } from '../../packages/server/src/store/sqlite/remote-reader.ts';
import type { SimulatedProcess } from '../time/process.ts';
import type { Connection } from './connection.ts';
import type { DatabaseLine } from './database-line.ts';
import type { SharedDatabase } from './shared-database.ts';
import type { Work } from './work.ts';

/** What differs between a store of one process and one of many nodes. */
export type StoreTraits = {
  readonly incarnation: () => Incarnation;
  readonly clock: Clock;
  readonly currency: Currency;
  readonly spreadMs: number;
  readonly recordWaitMs: number;
  readonly retentionUnitMs: number;
  readonly takeJob: (name: string, forMs: number) => Promise<boolean>;
  readonly reap: (itemsMax: number) => Promise<{ readonly changed: number; readonly more: boolean }>;
  readonly onLeasesLost: (listener: () => void) => void;
  readonly onClose: () => Promise<void>;
};

/** Which connection takes which kind of work. */
export type Connections = {
  readonly accept: () => Connection;
  readonly record: Connection;
  readonly queue: () => Connection;
  readonly control: Connection;
  readonly upkeep: Connection;
  readonly all: readonly Connection[];
};

export type SimulatedStoreParts = {
  readonly process: SimulatedProcess;
  readonly database: SharedDatabase;
  readonly line: DatabaseLine;
  readonly connections: Connections;
  readonly traits: StoreTraits;
  readonly listeners: ((changes: readonly Change[]) => void)[];
  /** Records that were done and whose answer was lost: tried again, they are found done. */
  readonly doneRecords: WeakMap<RecordUnit, RecordResult>;
};

/** The store as one process sees it. */
export function createSimulatedStore(parts: SimulatedStoreParts): Store {
  const { database, line, connections, traits, listeners, doneRecords } = parts;
  let closed = false;

  const sumOf = (key: 'units' | 'bytes'): number => connections.all.reduce((sum, each) => sum + each[key], 0);
  const room = {
    get units() {
      return closed ? 0 : Math.max(0, STORE_QUEUE_UNITS_MAX - sumOf('units'));
    },
    get bytes() {
      return closed ? 0 : Math.max(0, STORE_QUEUE_BYTES_MAX - sumOf('bytes'));
    },
  };
  const base = () => ({ incarnation: traits.incarnation(), result: null, error: null }) as const;

  async function apply(commands: readonly Command[], notAfter: number | null): Promise<Applied> {
    const work: Work = { ...base(), kind: 'apply', unit: commands, notAfter };
    return (await connections.control.submit<'apply'>(work, STORE_QUEUE_ROW_BYTES * commands.length)).applied;
  }

  const reader = createRemoteReader(async (method, args) => {
    // The arguments are those of this method: createRemoteReader pairs them.
    const look = database.reader[method] as (...values: readonly unknown[]) => unknown;
    return await line.ask(() => look(...args));
  });

  return {
    reader:
      traits.spreadMs === 0
        ? reader
        : { ...reader, subscribers: async (id) => await line.ask(() => database.subscribers(id)) },
    get incarnation() {
      return traits.incarnation();
    },
    clock: traits.clock,
    currency: traits.currency,
    spreadMs: traits.spreadMs,
    recordWaitMs: traits.recordWaitMs,
    retentionUnitMs: traits.retentionUnitMs,
    room,
    accept(unit) {
      if (room.units === 0) return Promise.reject(new StoreUnavailable('queue_full'));
      return connections.accept().submit<'accept'>({ ...base(), kind: 'accept', unit }, bytesOf(unit));
    },
    record(unit) {
      const done = doneRecords.get(unit);
      if (done !== undefined) return line.ask(() => done);
      const bytes = (unit.outcomes.length + unit.health.length) * STORE_QUEUE_ROW_BYTES;
      return connections.record.submit<'record'>({ ...base(), kind: 'record', unit }, bytes);
    },
    claim: (unit) => connections.queue().submit<'claim'>({ ...base(), kind: 'claim', unit }, STORE_QUEUE_ROW_BYTES),
    takeDue: (unit) =>
      connections.queue().submit<'takeDue'>({ ...base(), kind: 'takeDue', unit }, STORE_QUEUE_ROW_BYTES),
    async release(unit) {
      await connections.queue().submit<'release'>({ ...base(), kind: 'release', unit }, STORE_QUEUE_ROW_BYTES);
    },
    apply: (commands, options) => apply(commands, options?.notAfter ?? null),
    housekeep(step) {
      if (step.kind === 'reap_leases') return traits.reap(step.itemsMax);
      const unit = { step, now: traits.clock.now() };
      return connections.upkeep.submit<'housekeep'>({ ...base(), kind: 'housekeep', unit }, STORE_QUEUE_ROW_BYTES);
    },
    prune(unit) {
      const timed = { ...unit, now: traits.clock.now() };
      return connections.upkeep.submit<'prune'>({ ...base(), kind: 'prune', unit: timed }, STORE_QUEUE_ROW_BYTES);
    },
    async reseal(unit) {
      const { changed } = await connections.control.submit<'reseal'>({ ...base(), kind: 'reseal', unit }, 0);
      return { changed };
    },
    space: async () => ({ databaseBytes: null, logBytes: null, diskFreeRatio: line.isDiskFull ? 0 : 1 }),
    takeJob: traits.takeJob,
    onChange: (listener) => void listeners.push(listener),
    onLeasesLost: traits.onLeasesLost,
    async ping() {
      await connections.control.submit<'ping'>({ ...base(), kind: 'ping', unit: { now: traits.clock.now() } }, 0);
    },
    async close() {
      closed = true;
      for (const connection of connections.all) await connection.drain();
      await traits.onClose();
    },
  };
}

function bytesOf(unit: AcceptUnit): number {
  let bytes = 0;
  for (const { event, deliveries } of unit.events) {
    bytes += event.payload.length + (1 + deliveries.length) * STORE_QUEUE_ROW_BYTES;
  }
  return bytes;
}
