import { Bed, pause, untilCount } from './bed.ts';
import { median } from './figures.ts';
import { LoadProcess } from './load-process.ts';
import { type SinkProcess, startSinkProcess } from './sink-process.ts';

export const SHAPES = ['one hung endpoint', 'many hung endpoints', 'all due later'] as const;
export type Shape = (typeof SHAPES)[number];

export type Pending = {
  readonly shape: Shape;
  readonly pending: number;
  /** Processor time of all threads per event delivered on another endpoint, by that with a thousand pending. */
  readonly cpuRatio: number | null;
  readonly cpuUsPerEvent: number | null;
  readonly readySeconds: number;
  /** The most memory held from the new start to the last delivery; null where the deliveries are due later. */
  readonly drainPeakRssBytes: number | null;
  readonly drainedPerSecond: number | null;
};

const FEW = 1_000;
const EACH = 10;
export const CLIENTS = 64;
const SETTLE_MS = 3_000;
const CREATED_AT_ONCE = 64;
export const PROOFS = 100;

/** One server with a backlog, and the receiver that its backlog is for. */
type Owing = { bed: Bed; readonly slow: SinkProcess; readonly pending: number };

/**
 * Two servers, one of which owes a thousand times more. The same events go to an endpoint that answers on each,
 * alternating; then the one that owes more is killed, started again, and its receiver answers.
 */
export async function measurePending(options: {
  readonly shape: Shape;
  readonly pending: number;
  readonly events: number;
  readonly rounds: number;
  readonly say: (line: string) => void;
}): Promise<Pending> {
  const { shape, pending, events, rounds, say } = options;
  await using started = new AsyncDisposableStack();
  const fast = started.adopt(await startSinkProcess(), (sink) => sink.stop());
  const load = started.adopt(new LoadProcess(), (process) => process.stop());
  const few = await owing(shape, Math.min(FEW, pending), fast, started);
  const many = await owing(shape, pending, fast, started);
  say(`${shape}: ${pending.toLocaleString('en')} deliveries are owed`);
  await pause(SETTLE_MS);
  for (const one of [few, many]) await cpuUsPerEvent(one.bed, fast, load, { events, clients: CLIENTS });
  const rows: { few: number | null; many: number | null }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Which one goes first alternates, so that a drift of the machine favours neither.
    const order = round % 2 === 0 ? [few, many] : [many, few];
    const found = new Map<Owing, number | null>();
    for (const one of order) found.set(one, await cpuUsPerEvent(one.bed, fast, load, { events, clients: CLIENTS }));
    rows.push({ few: found.get(few) ?? null, many: found.get(many) ?? null });
  }
  const ratios = rows.flatMap((row) => (row.few === null || row.many === null ? [] : [row.many / row.few]));
  const spawned = performance.now();
  many.bed = await many.bed.restart();
  const readySeconds = (performance.now() - spawned) / 1_000;
  const drained = shape === 'all due later' ? null : await drain(many);
  return {
    shape,
    pending,
    cpuRatio: ratios.length === 0 ? null : median(ratios),
    cpuUsPerEvent: ratios.length === 0 ? null : median(rows.flatMap((row) => row.many ?? [])),
    readySeconds,
    drainPeakRssBytes: drained === null ? null : many.bed.peakRssBytes(),
    drainedPerSecond: drained,
  };
}

async function owing(shape: Shape, pending: number, fast: SinkProcess, started: AsyncDisposableStack): Promise<Owing> {
  const slow = await startSinkProcess({ status: shape === 'all due later' ? 500 : 0 });
  started.defer(() => slow.stop());
  // What failed is due a day later, or soon again so that it does not hold up the end of the drain.
  const retries = shape === 'all due later' ? String(24 * 3_600) : Array.from({ length: 50 }, () => '1').join(',');
  const bed = await Bed.start({
    environment: {
      HOOKRING_AUTO_SUSPEND_ATTEMPTS: '1000000',
      HOOKRING_RETRY_SCHEDULE: retries,
    },
  });
  const owing: Owing = { bed, slow, pending };
  // By then it is another server on the same database.
  started.defer(() => owing.bed.server.remove());
  // It has answered before the others come: an endpoint that nobody knows waits its turn among those that nobody knows.
  await bed.createEndpoint(fast.url, ['fast']);
  const seen = await fast.count();
  await bed.fill('fast', PROOFS, PROOFS);
  await untilCount(fast, seen + PROOFS);
  const endpoints = shape === 'many hung endpoints' ? Math.ceil(pending / EACH) : 1;
  for (let made = 0; made < endpoints; made += CREATED_AT_ONCE) {
    const count = Math.min(CREATED_AT_ONCE, endpoints - made);
    await Promise.all(Array.from({ length: count }, () => bed.createEndpoint(slow.url, ['slow'])));
  }
  await bed.fill('slow', shape === 'many hung endpoints' ? EACH : pending, endpoints === 1 ? undefined : 1);
  if (shape === 'all due later') await untilCount(slow, pending);
  return owing;
}

/** Of the server, and of PostgreSQL where that is the store. */
export async function cpuUsPerEvent(
  bed: Bed,
  fast: SinkProcess,
  load: LoadProcess,
  { events, clients }: { readonly events: number; readonly clients: number },
): Promise<number | null> {
  const seen = await fast.count();
  const before = await bed.usage();
  await load.run({ ...bed.order('fast', 1), connections: clients, requests: events });
  await untilCount(fast, seen + events);
  const after = await bed.usage();
  if (before.cpuMs === null || after.cpuMs === null) return null;
  const ms = after.cpuMs - before.cpuMs + ((after.databaseCpuMs ?? 0) - (before.databaseCpuMs ?? 0));
  return (ms * 1_000) / events;
}

/** The receiver that never answered ends and another one takes its place. Answers deliveries per second. */
async function drain({ slow, pending }: Owing): Promise<number> {
  await slow.stop();
  const answering = await startSinkProcess({ port: slow.port });
  try {
    const started = performance.now();
    await untilCount(answering, pending);
    return pending / ((performance.now() - started) / 1_000);
  } finally {
    await answering.stop();
  }
}
