import type { Clock } from '../../packages/server/src/domain/clock.ts';
import {
  type ChangesRead,
  createCurrency,
  type Limit,
  type NodeCurrency,
} from '../../packages/server/src/store/currency.ts';
import type { Change, Currency, RecordResult, RecordUnit, Store } from '../../packages/server/src/store/port.ts';
import type { Database } from '../../packages/server/src/store/postgres/database.ts';
import { Heartbeat } from '../../packages/server/src/store/postgres/heartbeat.ts';
import { NodeTime } from '../../packages/server/src/store/postgres/node-time.ts';
import type { Faults } from '../faults.ts';
import type { Agenda } from '../time/agenda.ts';
import type { SimulatedProcess } from '../time/process.ts';
import type { Trace } from '../trace.ts';
import { Connection } from './connection.ts';
import { DatabaseLine, type DatabaseWeather } from './database-line.ts';
import type { NodeRegistry } from './node-registry.ts';
import type { Listening } from './notifications.ts';
import type { SharedDatabase } from './shared-database.ts';
import { type Connections, createSimulatedStore, type StoreTraits } from './simulated-store.ts';
import type { Work } from './work.ts';

/** `file`: one process owns the database, as with SQLite. `cluster`: many nodes share it, as with PostgreSQL. */
export type StoreKind = 'file' | 'cluster';

export type OpenStoreParts = {
  readonly kind: StoreKind;
  readonly process: SimulatedProcess;
  readonly agenda: Agenda;
  readonly faults: Faults;
  readonly trace: Trace;
  readonly database: SharedDatabase;
  readonly registry: NodeRegistry;
  readonly weather: DatabaseWeather;
  readonly latencyMsMax: number;
  /** The process knows now what these did. */
  readonly onTold: (works: readonly Work[]) => void;
};

export type OpenedStore = {
  readonly store: Store;
  /** To be called when the database calls out; null where nobody else changes anything. */
  readonly notify: Listening['notify'] | null;
};

const CHANGES_PER_READ_MAX = 500;
const SPREAD_MS = 1_000;
const RECORD_WAIT_MS = 50;
/** Retention of many nodes removes in units: a minute here, so that short runs see it. */
const RETENTION_UNIT_MS = 60_000;
const ALWAYS_CURRENT: Currency = { goodUntil: Number.POSITIVE_INFINITY, renew: async () => true };

/** Opens the database for a process that just began. */
export async function openStore(parts: OpenStoreParts): Promise<OpenedStore> {
  const isEmbedded = parts.kind === 'file';
  const line = new DatabaseLine({ ...parts, isEmbedded });
  const listeners: ((changes: readonly Change[]) => void)[] = [];
  const doneRecords = new WeakMap<RecordUnit, RecordResult>();
  const tell = (changes: readonly Change[]): void => {
    for (const listener of listeners) listener(changes);
  };
  /** Own changes that listeners were told of when they were answered. */
  const told = new WeakSet<Change>();
  const connect = (): Connection =>
    new Connection({
      ...parts,
      line,
      isEmbedded,
      onAnswered(works) {
        tellOwn(works, told, tell);
        parts.onTold(works);
      },
      onDoubt: (works) => doubt(parts, line, works, doneRecords),
    });
  const connections = isEmbedded ? oneConnection(connect()) : severalConnections(parts.process, connect);
  const common = { process: parts.process, database: parts.database, line, connections, listeners, doneRecords };
  if (isEmbedded) {
    const store = createSimulatedStore({ ...common, traits: fileTraits(parts) });
    return { store, notify: null };
  }
  const { traits, currency } = await clusterTraits(parts, line, told, tell);
  const notify: Listening['notify'] = (what) => {
    if (what === 'due') tell([{ kind: 'due' }]);
    else currency.nudge();
  };
  return { store: createSimulatedStore({ ...common, traits }), notify };
}

/** Listeners are told before any promise of the works resolves. */
function tellOwn(works: readonly Work[], told: WeakSet<Change>, tell: (changes: readonly Change[]) => void): void {
  for (const work of works) {
    if (work.kind !== 'apply' && work.kind !== 'reseal') continue;
    const changes = work.result?.changes ?? [];
    for (const change of changes) told.add(change);
    if (changes.length > 0) tell(changes);
  }
}

function oneConnection(only: Connection): Connections {
  return { accept: () => only, record: only, queue: () => only, control: only, upkeep: only, all: [only] };
}

function severalConnections(process: SimulatedProcess, connect: () => Connection): Connections {
  const accepts = [connect(), connect()];
  const queues = [connect(), connect()];
  const [record, control, upkeep] = [connect(), connect(), connect()];
  return {
    accept: () => process.random.pick(accepts),
    record,
    queue: () => process.random.pick(queues),
    control,
    upkeep,
    all: [...accepts, ...queues, record, control, upkeep],
  };
}

/** What was leased to a process that does not know of it is given back by a statement of its own. */
function doubt(
  { process, registry }: OpenStoreParts,
  line: DatabaseLine,
  works: readonly Work[],
  doneRecords: WeakMap<RecordUnit, RecordResult>,
): void {
  for (const work of works) {
    if (work.error !== null || work.result === null) continue;
    if (work.kind === 'record') doneRecords.set(work.unit, work.result);
    const leased = leasedBy(work);
    const endpoints = work.kind === 'takeDue' ? work.result.endpointIds : [];
    const claimed = work.kind === 'claim' ? [work.unit.endpointId] : [];
    if (leased.length + endpoints.length + claimed.length === 0) continue;
    const giveBack = (): void => {
      if (!process.alive) return;
      line
        .ask(() => registry.giveBack(work.incarnation, leased, [...endpoints, ...claimed]))
        .catch(() => void process.setTimeout(giveBack, 200));
    };
    giveBack();
  }
}

function leasedBy(work: Work): Parameters<NodeRegistry['giveBack']>[1] {
  if (work.kind === 'claim') {
    return (work.result?.deliveries ?? []).map(({ id }) => ({ id, endpointId: work.unit.endpointId }));
  }
  if (work.kind !== 'accept' || work.result?.kind !== 'accepted') return [];
  const { outcomes } = work.result;
  return work.unit.events.flatMap(({ deliveries }, index) =>
    outcomes[index]?.kind === 'stored' ? deliveries.filter(({ leased }) => leased) : [],
  );
}

function fileTraits({ process, database }: OpenStoreParts): StoreTraits {
  const incarnation = database.reopen(process.now());
  return {
    incarnation: () => incarnation,
    clock: process,
    currency: ALWAYS_CURRENT,
    spreadMs: 0,
    recordWaitMs: 0,
    retentionUnitMs: 1,
    takeJob: async () => true,
    reap: async () => ({ changed: 0, more: false }),
    onLeasesLost() {},
    async onClose() {},
  };
}

async function clusterTraits(
  parts: OpenStoreParts,
  line: DatabaseLine,
  told: WeakSet<Change>,
  tell: (changes: readonly Change[]) => void,
): Promise<{ traits: StoreTraits; currency: NodeCurrency }> {
  const { process, database, registry, faults } = parts;
  const time = new NodeTime(process);
  const clock: Clock = time;
  const beats = beatsOf(registry, line);
  const heartbeat = await Heartbeat.start({ db: beats, clock: process, timers: process, time: () => null });
  const readChanges = async (after: number | null): Promise<ChangesRead> => {
    const fault = faults.next('feed');
    if (fault !== null) {
      faults.count(fault);
      await new Promise<void>((go) => process.later(process.random.between(50, 3_000), go));
    }
    return await line.ask(() => readFeed(database, after, told));
  };
  const currency = createCurrency({
    clock: process,
    timers: process,
    readChanges,
    tell,
    onTime: (sample) => time.add(sample),
    limits: limitsOf(heartbeat, time),
  });
  await currency.start();
  const traits: StoreTraits = {
    incarnation: () => heartbeat.incarnation,
    clock,
    currency,
    spreadMs: SPREAD_MS,
    recordWaitMs: RECORD_WAIT_MS,
    retentionUnitMs: RETENTION_UNIT_MS,
    takeJob: async (name, forMs) => await line.ask(() => registry.takeJob(name, forMs, heartbeat.incarnation)),
    async reap(itemsMax) {
      const { incarnation, steadyAt } = heartbeat;
      return await line.ask(() => registry.reap(itemsMax, { incarnation, steadyAt }));
    },
    onLeasesLost: (listener) => heartbeat.onLost(listener),
    async onClose() {
      currency.stop();
      await heartbeat.stop();
      await line.ask(() => {
        registry.giveBack(heartbeat.incarnation, database.leasedTo(heartbeat.incarnation), []);
        registry.end(heartbeat.incarnation);
      });
    },
  };
  return { traits, currency };
}

/** As `startNodeFeed` has them. */
function limitsOf(heartbeat: Heartbeat, time: NodeTime): Limit[] {
  const beat: Limit = {
    get goodUntil() {
      return heartbeat.goodUntil;
    },
    cause: 'no beat',
    renew: async () => await heartbeat.renew(),
  };
  const clock: Limit = {
    get goodUntil() {
      return time.goodUntil;
    },
    cause: 'no clock',
  };
  return [beat, clock];
}

/** The two statements of a heartbeat. */
function beatsOf(registry: NodeRegistry, line: DatabaseLine): Database {
  const run = async (statement: { readonly name: string }, values: readonly unknown[] = []) =>
    await line.ask(() => {
      if (statement.name === 'node_start') return { rows: [[registry.register()]], count: 1 };
      if (statement.name === 'node_beat') {
        const beat = registry.beat(Number(values[1]));
        return beat === null ? { rows: [], count: 0 } : { rows: [beat], count: 1 };
      }
      throw new Error(`a heartbeat has no statement ${statement.name}`);
    });
  const none = (): never => {
    throw new Error('a heartbeat runs single statements only');
  };
  return { on: () => ({ run }), find: none, transaction: none, statements: 0, close: none };
}

function readFeed(database: SharedDatabase, after: number | null, told: WeakSet<Change>): ChangesRead {
  const databaseTime = database.now();
  if (after === null) return { changes: [], lastNumber: database.lastChange, more: false, databaseTime };
  const logged = database.changesAfter(after, CHANGES_PER_READ_MAX);
  if (logged === null) {
    return { changes: [{ kind: 'everything' }], lastNumber: database.lastChange, more: false, databaseTime };
  }
  const lastNumber = logged.at(-1)?.number ?? after;
  const changes = logged.flatMap(({ change }) => (told.has(change) ? [] : [asRead(database, change)]));
  return { changes, lastNumber, more: lastNumber < database.lastChange, databaseTime };
}

function asRead({ reader }: SharedDatabase, change: Change): Change {
  switch (change.kind) {
    case 'keyring':
      return { kind: 'resealed', owner: change.ring.owner };
    case 'endpoint':
      return { ...change, endpoint: reader.endpointById(change.endpoint.id)?.endpoint ?? change.endpoint };
    case 'organization':
      return { ...change, organization: reader.organization(change.organization.id) ?? change.organization };
    default:
      return change;
  }
}
