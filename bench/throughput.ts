import { Bed, PAYLOAD_BYTES, pause, payloadOf, untilCount } from './bed.ts';
import { measureCeiling } from './ceiling.ts';
import { median } from './figures.ts';
import { LoadProcess } from './load-process.ts';
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
export type ThroughputRound = {
  readonly ceiling: number;
  readonly drain: number;
  readonly drainTwoSecrets: number;
  readonly live: number;
  readonly batches: number;
  readonly fanOut: number;
};

export type Throughput = {
  readonly rounds: readonly ThroughputRound[];
  readonly median: ThroughputRound;
  /** Of an event that goes to one endpoint: accepted in batches and drained, and accepted one by one. */
  readonly drainedBytesPerEvent: number;
  readonly drainedCommitsPerEvent: number;
  readonly liveCommitsPerEvent: number;
};

type Scene = {
  readonly bed: Bed;
  readonly sink: SinkProcess;
  readonly load: LoadProcess;
  readonly events: number;
  /** Endpoints of the two drains. */
  readonly one: string;
  readonly two: string;
};

/**
 * The ceiling and the server's share of it, in one run and alternating, so that a machine whose speed drifts does not
 * decide the ratio.
 */
export async function measureThroughput(options: {
  readonly events: number;
  readonly rounds: number;
  readonly say: (line: string) => void;
}): Promise<Throughput> {
  const { events, rounds, say } = options;
  await using started = new AsyncDisposableStack();
  const sink = started.adopt(await startSinkProcess(), (receiver) => receiver.stop());
  const load = started.adopt(new LoadProcess(), (process) => process.stop());
  const bed = started.adopt(await Bed.start(), (server) => server.stop());
  const one = await bed.createEndpoint(sink.url, ['drain.one']);
  const two = await bed.createEndpoint(sink.url, ['drain.two']);
  await bed.call('POST', `/v1/endpoints/${two}/rotate`, '{"graceSeconds":86400}');
  await bed.createEndpoint(sink.url, ['live']);
  await bed.setStatus(await bed.createEndpoint(sink.url, ['held']), 'suspended');
  for (let index = 0; index < FAN_OUT; index += 1) await bed.createEndpoint(sink.url, ['fan']);
  const scene: Scene = { bed, sink, load, events, one, two };
  await round({ ...scene, events: Math.ceil((events * WARM_UP_RATIO) / BATCH) * BATCH });
  const figures = await figuresOfWork(scene);
  const rows: ThroughputRound[] = [];
  for (let index = 1; index <= rounds; index += 1) {
    const row = await round(scene);
    rows.push(row);
    say(`round ${index} of ${rounds}: ${Object.entries(row).map(told).join('  ')}`);
  }
  return { rounds: rows, median: medianOf(rows), ...figures };
}

function told([name, value]: [string, number]): string {
  return `${name} ${Math.round(value).toLocaleString('en')}`;
}

function medianOf(rows: readonly ThroughputRound[]): ThroughputRound {
  const of = (pick: (row: ThroughputRound) => number): number => median(rows.map(pick));
  return {
    ceiling: of((row) => row.ceiling),
    drain: of((row) => row.drain),
    drainTwoSecrets: of((row) => row.drainTwoSecrets),
    live: of((row) => row.live),
    batches: of((row) => row.batches),
    fanOut: of((row) => row.fanOut),
  };
}

async function round(scene: Scene): Promise<ThroughputRound> {
  const { bed, sink, events } = scene;
  const body = Buffer.from(payloadOf(PAYLOAD_BYTES));
  const ceiling = await measureCeiling({ url: sink.url, deliveries: events, connections: CONNECTIONS, body });
  const drain = await measureDrain(bed, sink, { endpoint: scene.one, type: 'drain.one', events });
  const drainTwoSecrets = await measureDrain(bed, sink, { endpoint: scene.two, type: 'drain.two', events });
  const live = await measureLive(scene, { type: 'live', events, deliveriesEach: 1 });
  const batches = await acceptBatches(scene, events);
  const fanOut = await measureLive(scene, {
    type: 'fan',
    events: Math.ceil(events / FAN_OUT),
    deliveriesEach: FAN_OUT,
  });
  return { ceiling, drain, drainTwoSecrets, live, batches, fanOut };
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

async function figuresOfWork(scene: Scene) {
  const { bed, sink, events } = scene;
  const before = await bed.usage();
  await measureDrain(bed, sink, { endpoint: scene.one, type: 'drain.one', events });
  const drained = await bed.usage();
  await measureLive(scene, { type: 'live', events, deliveriesEach: 1 });
  await pause(REST_MS);
  const live = await bed.usage();
  return {
    drainedBytesPerEvent: Math.max(0, drained.diskBytes - before.diskBytes) / events,
    drainedCommitsPerEvent: (drained.commits - before.commits) / events,
    liveCommitsPerEvent: (live.commits - drained.commits) / events,
  };
}
