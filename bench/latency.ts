import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Bed, pause, type StoreKind } from './bed.ts';
import { percentile } from './figures.ts';
import { LoadProcess } from './load-process.ts';
import { PostgresBed } from './postgres-bed.ts';

const ARRIVALS = fileURLToPath(new URL('./arrivals.ts', import.meta.url));
export const EVENTS_PER_SECOND = 500;
const CLIENTS = 16;
const WARM_UP_SECONDS = 3;
/** Retries and stragglers: everything has come long before. */
const REST_MS = 2_000;

export type Latency = {
  readonly store: StoreKind;
  readonly seconds: number;
  readonly events: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
};

/** Open loop: events are sent at their time whether or not those before are answered. Client's send to receiver's first byte. */
export async function measureLatency(store: StoreKind, seconds: number): Promise<Latency> {
  await using started = new AsyncDisposableStack();
  const receiver = spawn(process.execPath, [ARRIVALS], { stdio: ['ignore', 'pipe', 'inherit'] });
  started.defer(() => void receiver.kill('SIGTERM'));
  const lines = createInterface({ input: receiver.stdout })[Symbol.asyncIterator]();
  // It prints JSON lines only.
  const next = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value));
  const tell = async (): Promise<readonly number[]> => {
    receiver.kill('SIGUSR2');
    return (await next()) as readonly number[];
  };
  const { port } = (await next()) as { port: number };
  const load = started.adopt(new LoadProcess(), (process) => process.stop());
  const postgres = store === 'postgres' ? started.use(await PostgresBed.start()) : null;
  const database = await postgres?.createDatabase();
  const bed = started.adopt(await Bed.start(database === undefined ? {} : { database }), (server) => server.stop());
  await bed.createEndpoint(`http://127.0.0.1:${port}/hooks`, ['live']);
  const order = { ...bed.order('live', 1, '@'.repeat(16)), perSecond: EVENTS_PER_SECOND, connections: CLIENTS };
  await load.run({ ...order, requests: EVENTS_PER_SECOND * WARM_UP_SECONDS });
  await pause(REST_MS);
  const before = (await tell()).length;
  const { refused } = await load.run({ ...order, requests: EVENTS_PER_SECOND * seconds });
  if (refused > 0) throw new Error(`${refused} events were refused`);
  await pause(REST_MS);
  const sorted = (await tell()).slice(before).toSorted((a, b) => a - b);
  const at = (share: number): number => percentile(sorted, share) / 1_000;
  return { store, seconds, events: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999), maxMs: at(1) };
}
