import { Bed, PAYLOAD_BYTES, pause, payloadOf, type StoreKind, untilCount } from './bed.ts';
import { measureCeiling } from './ceiling.ts';
import { median } from './figures.ts';
import { LoadProcess } from './load-process.ts';
import { PostgresBed } from './postgres-bed.ts';
import { type SinkProcess, startSinkProcess } from './sink-process.ts';

/** As many as a lane has by default. */
const CONNECTIONS = 64;
/** Of the load generator: clients of an API are many. */
const CLIENTS = 128;
const BATCH = 500;
const BATCH_CLIENTS = 4;
const FAN_OUT = 10;
/** Of each kind of work, before anything is timed: code is compiled while it runs. */
const WARM_UP_RATIO = 0.5;
/** Between measures: what the one before left to do, such as copying the log of the database, is not the next one's. */
const REST_MS = 1_000;

/** Everything per second. */
export type Speeds = {
  readonly drain: number;
  readonly drainTwoSecrets: number;
  readonly live: number;
  readonly batches: number;
  readonly fanOut: number;
};
export type ThroughputRound = {
  readonly ceiling: number;
  readonly speeds: Readonly<Partial<Record<StoreKind, Speeds>>>;
};

/** What one event costs that goes to one endpoint. WAL and statements are PostgreSQL's alone. */
export type Cost = {
  readonly bytes: number;
  readonly commits: number;
  readonly walBytes: number | null;
  readonly statements: number | null;
  readonly cpuUs: number | null;
  readonly databaseCpuUs: number | null;
};

export type StoreThroughput = {
  readonly median: Speeds;
  /** Accepted in batches and drained; accepted one by one. */
  readonly drained: Cost;
  readonly live: Cost;
};

export type Throughput = {
  readonly rounds: readonly ThroughputRound[];
  readonly ceiling: number;
  readonly stores: Readonly<Partial<Record<StoreKind, StoreThroughput>>>;
  /** Medians of what each round found, PostgreSQL's speed by SQLite's beside it; null when only one was measured. */
  readonly postgresBySqlite: Speeds | null;
  readonly database: string | null;
};

type Scene = {
  readonly store: StoreKind;
  readonly bed: Bed;
  readonly sink: SinkProcess;
  readonly load: LoadProcess;
  readonly events: number;
  /** Endpoints of the two drains. */
  readonly one: string;
  readonly two: string;
};

/**
 * The ceiling and each server's share of it, in one run and alternating, so that a machine whose speed drifts does not
 * decide a ratio.
 */
export async function measureThroughput(options: {
  readonly events: number;
  readonly rounds: number;
  readonly stores: readonly StoreKind[];
  readonly say: (line: string) => void;
}): Promise<Throughput> {
  const { events, rounds, stores, say } = options;
  await using started = new AsyncDisposableStack();
  const sink = started.adopt(await startSinkProcess(), (receiver) => receiver.stop());
  const load = started.adopt(new LoadProcess(), (process) => process.stop());
  const postgres = stores.includes('postgres') ? started.use(await PostgresBed.start()) : null;
  const scenes: Scene[] = [];
  for (const store of stores) {
    const database = store === 'postgres' ? await postgres?.createDatabase() : undefined;
    const bed = started.adopt(await Bed.start(database === undefined ? {} : { database }), (server) => server.stop());
    scenes.push(await sceneOf(store, bed, { sink, load, events }));
  }
  const costs = new Map<StoreKind, { readonly drained: Cost; readonly live: Cost }>();
  for (const scene of scenes) {
    await speedsOf({ ...scene, events: Math.ceil((events * WARM_UP_RATIO) / BATCH) * BATCH });
    costs.set(scene.store, await costsOf(scene));
  }
  const rows: ThroughputRound[] = [];
  const body = Buffer.from(payloadOf(PAYLOAD_BYTES));
  for (let index = 0; index < rounds; index += 1) {
    const ceiling = await measureCeiling({ url: sink.url, deliveries: events, connections: CONNECTIONS, body });
    say(`round ${index + 1} of ${rounds}: ceiling ${Math.round(ceiling).toLocaleString('en')}`);
    const speeds: Partial<Record<StoreKind, Speeds>> = {};
    // Which one goes first alternates, so that a drift of the machine favours neither.
    for (const scene of index % 2 === 0 ? scenes : scenes.toReversed()) {
      const found = await speedsOf(scene);
      speeds[scene.store] = found;
      say(`  ${scene.store}: ${Object.entries(found).map(told).join('  ')}`);
    }
    rows.push({ ceiling, speeds });
  }
  const result: Partial<Record<StoreKind, StoreThroughput>> = {};
  for (const [store, cost] of costs) {
    result[store] = { median: medianOf(rows.flatMap(({ speeds }) => speeds[store] ?? [])), ...cost };
  }
  return {
    rounds: rows,
    ceiling: median(rows.map(({ ceiling }) => ceiling)),
    stores: result,
    postgresBySqlite: stores.length === 2 ? medianOf(rows.map(ratiosOf)) : null,
    database: (await postgres?.version()) ?? null,
  };
}

async function sceneOf(store: StoreKind, bed: Bed, rest: Pick<Scene, 'sink' | 'load' | 'events'>): Promise<Scene> {
  const { url } = rest.sink;
  const one = await bed.createEndpoint(url, ['drain.one']);
  const two = await bed.createEndpoint(url, ['drain.two']);
  await bed.call('POST', `/v1/endpoints/${two}/rotate`, '{"graceSeconds":86400}');
  await bed.createEndpoint(url, ['live']);
  await bed.setStatus(await bed.createEndpoint(url, ['held']), 'suspended');
  for (let index = 0; index < FAN_OUT; index += 1) await bed.createEndpoint(url, ['fan']);
  return { store, bed, one, two, ...rest };
}

function told([name, value]: [string, number]): string {
  return `${name} ${Math.round(value).toLocaleString('en')}`;
}

function medianOf(rows: readonly Speeds[]): Speeds {
  const of = (pick: (row: Speeds) => number): number => median(rows.map(pick));
  return {
    drain: of((row) => row.drain),
    drainTwoSecrets: of((row) => row.drainTwoSecrets),
    live: of((row) => row.live),
    batches: of((row) => row.batches),
    fanOut: of((row) => row.fanOut),
  };
}

function ratiosOf({ speeds: { sqlite, postgres } }: ThroughputRound): Speeds {
  if (sqlite === undefined || postgres === undefined) throw new Error('a round without one of the stores');
  return {
    drain: postgres.drain / sqlite.drain,
    drainTwoSecrets: postgres.drainTwoSecrets / sqlite.drainTwoSecrets,
    live: postgres.live / sqlite.live,
    batches: postgres.batches / sqlite.batches,
    fanOut: postgres.fanOut / sqlite.fanOut,
  };
}

async function speedsOf(scene: Scene): Promise<Speeds> {
  const { bed, sink, events } = scene;
  const drain = await measureDrain(bed, sink, { endpoint: scene.one, type: 'drain.one', events });
  const drainTwoSecrets = await measureDrain(bed, sink, { endpoint: scene.two, type: 'drain.two', events });
  const live = await measureLive(scene, { type: 'live', events, deliveriesEach: 1 });
  const batches = await acceptBatches(scene, events);
  const fanOut = await measureLive(scene, {
    type: 'fan',
    events: Math.ceil(events / FAN_OUT),
    deliveriesEach: FAN_OUT,
  });
  return { drain, drainTwoSecrets, live, batches, fanOut };
}

/** Events for a suspended endpoint are accepted and held; then it is resumed. From the resume to the last arrival. */
export async function measureDrain(
  bed: Bed,
  sink: SinkProcess,
  work: { readonly endpoint: string; readonly type: string; readonly events: number },
): Promise<number> {
  await bed.setStatus(work.endpoint, 'suspended');
  const before = await sink.count();
  const events = Math.ceil(work.events / BATCH) * BATCH;
  await bed.fill(work.type, events);
  await pause(REST_MS);
  const started = performance.now();
  await bed.setStatus(work.endpoint, 'active');
  await untilCount(sink, before + events);
  return events / ((performance.now() - started) / 1_000);
}

/** Accepting and delivering at once, one event a request. From the first request to the last arrival. */
async function measureLive(
  { bed, sink, load }: Scene,
  work: { readonly type: string; readonly events: number; readonly deliveriesEach: number },
): Promise<number> {
  await pause(REST_MS);
  const before = await sink.count();
  const deliveries = work.events * work.deliveriesEach;
  const started = performance.now();
  const { refused } = await load.run({ ...bed.order(work.type, 1), connections: CLIENTS, requests: work.events });
  if (refused > 0) throw new Error(`${refused} of ${work.events} events were refused`);
  await untilCount(sink, before + deliveries);
  return deliveries / ((performance.now() - started) / 1_000);
}

/** Each event makes a delivery, which is held: what is measured is accepting alone. */
async function acceptBatches({ bed, load }: Scene, events: number): Promise<number> {
  const requests = Math.ceil(events / BATCH);
  const result = await load.run({ ...bed.order('held', BATCH), connections: BATCH_CLIENTS, requests });
  if (result.refused > 0) throw new Error(`${result.refused} of ${requests} batches were refused`);
  return (requests * BATCH) / result.seconds;
}

async function costsOf(scene: Scene): Promise<{ readonly drained: Cost; readonly live: Cost }> {
  const { bed, sink, events } = scene;
  const cost = async (work: () => Promise<unknown>): Promise<Cost> => {
    const before = await bed.usage();
    await work();
    // Results are recorded after they arrived.
    await pause(REST_MS);
    const after = await bed.usage();
    const per = (from: number | null, to: number | null): number | null =>
      from === null || to === null ? null : (to - from) / events;
    const us = (from: number | null, to: number | null): number | null => {
      const ms = per(from, to);
      return ms === null ? null : ms * 1_000;
    };
    return {
      bytes: Math.max(0, after.diskBytes - before.diskBytes) / events,
      commits: (after.commits - before.commits) / events,
      walBytes: per(before.walBytes, after.walBytes),
      statements: per(before.statements, after.statements),
      cpuUs: us(before.cpuMs, after.cpuMs),
      databaseCpuUs: us(before.databaseCpuMs, after.databaseCpuMs),
    };
  };
  return {
    drained: await cost(async () => await measureDrain(bed, sink, { endpoint: scene.one, type: 'drain.one', events })),
    live: await cost(async () => await measureLive(scene, { type: 'live', events, deliveriesEach: 1 })),
  };
}
