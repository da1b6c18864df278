import type { EndpointId } from '../packages/server/src/domain/ids.ts';
import type { Store } from '../packages/server/src/store/port.ts';
import { openPostgresStore } from '../packages/server/src/store/postgres/open.ts';
import { Bed, pause, untilCount } from './bed.ts';
import { median } from './figures.ts';
import { LoadProcess } from './load-process.ts';
import { CLIENTS, cpuUsPerEvent, PROOFS } from './pending.ts';
import { PostgresBed, type PostgresDatabase, type StatementUsage } from './postgres-bed.ts';
import { fillOwed, makeDaysBetween } from './postgres-rows.ts';
import { type SinkProcess, startSinkProcess } from './sink-process.ts';

/** What one call costs: until its answer, and the pages of 8 KiB that its statements looked at. */
export type CallCost = { readonly ms: number; readonly pages: number };

export type ClaimsRow = {
  readonly pending: number;
  /** Deliveries that each claim took. */
  readonly claimed: number;
  readonly claim: CallCost;
  readonly takeDue: CallCost;
  /** A claim right after so many went out, before anything cleaned up behind them. */
  readonly afterDrain: CallCost;
  readonly drained: number;
};

export type Claims = {
  readonly rows: readonly ClaimsRow[];
  /** Processor time of node and PostgreSQL per event of another endpoint, most pending by a thousand. */
  readonly cpuRatio: number | null;
  readonly cpuUsPerEvent: number | null;
  readonly cpuPending: number;
  readonly database: string;
};

const FEW = 1_000;
const CLAIMED_MAX = 100;
const TIMED_CALLS = 60;
const COUNTED_CALLS = 20;
/** Until plans are made and pages are in memory. */
const WARM_UP_CALLS = 20;
const BYTES_MAX = 64 * 1_024 * 1_024;
const DRAINED = 100_000;
const CHUNK = 200_000;
const STEP_MS = 0.005;
const PAYLOAD_BYTES = 100;
/** The first is a day old, so that all are due. */
const OLDEST_MS = 24 * 3_600_000;
const SETTLE_MS = 5_000;
/** Millions of rows are put in faster with these; what is measured does not write enough to notice. */
const FLAGS = ['-c', 'shared_buffers=512MB', '-c', 'max_wal_size=2GB'];
/** Nobody is suspended but by hand, and what failed comes again soon, so that it goes on being owed. */
const ENVIRONMENT = {
  HOOKRING_AUTO_SUSPEND_ATTEMPTS: '1000000',
  HOOKRING_RETRY_SCHEDULE: Array.from({ length: 50 }, () => '1').join(','),
};

/** A PostgreSQL server of its own, so that its processor time is known, with an endpoint that never answers. */
class Owing {
  readonly postgres: PostgresBed;
  readonly database: PostgresDatabase;
  readonly endpointId: EndpointId;
  readonly key: string;
  readonly #startMs: number;
  /** The next running number, and how many are owed. */
  #next = 0;
  #owed = 0;

  constructor(postgres: PostgresBed, database: PostgresDatabase, endpointId: EndpointId, key: string) {
    this.postgres = postgres;
    this.database = database;
    this.endpointId = endpointId;
    this.key = key;
    this.#startMs = Date.now() - OLDEST_MS;
  }

  static async start(started: AsyncDisposableStack, sinks: Sinks): Promise<Owing> {
    const postgres = started.use(await PostgresBed.start({ counted: true, flags: FLAGS }));
    const database = await postgres.createDatabase();
    const key = `bench-${crypto.randomUUID()}${crypto.randomUUID()}`;
    const bed = await Bed.start({ database, key, environment: ENVIRONMENT });
    try {
      await bed.createEndpoint(sinks.fast.url, ['fast']);
      const endpointId = (await bed.createEndpoint(sinks.hung.url, ['bench.none'])) as EndpointId; // The API answers ids.
      return new Owing(postgres, database, endpointId, key);
    } finally {
      await bed.stop();
    }
  }

  /** Puts rows into the tables until so many are owed, and lets the database settle. */
  async fill(owed: number): Promise<void> {
    const { database, endpointId } = this;
    await makeDaysBetween(database, this.#startMs, Date.now());
    await database.query('SET synchronous_commit = off');
    while (this.#owed < owed) {
      const count = Math.min(CHUNK, owed - this.#owed);
      const range = { from: this.#next, to: this.#next + count };
      const times = { startMs: this.#startMs, stepMs: STEP_MS };
      await fillOwed(database, { endpointId, ...range, ...times, payloadBytes: PAYLOAD_BYTES });
      this.#next += count;
      this.#owed += count;
    }
    await database.query('VACUUM ANALYZE queue');
    await this.makeDue();
    await database.query('CHECKPOINT');
  }

  async makeDue(): Promise<void> {
    await this.database.query(
      `INSERT INTO due_endpoints (endpoint, due_at)
       SELECT number, $2 FROM endpoints WHERE id = $1
       ON CONFLICT (endpoint) DO UPDATE SET due_at = least(due_endpoints.due_at, excluded.due_at), taken_by = NULL,
         revision = due_endpoints.revision + 1`,
      [this.endpointId, this.#startMs],
    );
  }

  /** Those that were due first are sent, as far as the queue is concerned. */
  async drain(count: number): Promise<void> {
    const { rowCount } = await this.database.query(
      `DELETE FROM queue WHERE delivery IN (
         SELECT q.delivery FROM queue q JOIN endpoints e ON e.number = q.endpoint
         WHERE e.id = $1 AND q.lease IS NULL ORDER BY q.due_at, q.delivery LIMIT $2)`,
      [this.endpointId, count],
    );
    this.#owed -= rowCount ?? 0;
  }
}

type Sinks = { readonly fast: SinkProcess; readonly hung: SinkProcess };

/**
 * Claims through the real adapter while one endpoint is owed more and more, and then the same events to another endpoint
 * beside the most and beside a thousand, alternating.
 */
export async function measureClaims(options: {
  readonly sizes: readonly number[];
  readonly events: number;
  readonly rounds: number;
  readonly say: (line: string) => void;
}): Promise<Claims> {
  const { sizes, say } = options;
  await using started = new AsyncDisposableStack();
  const sinks: Sinks = {
    fast: started.adopt(await startSinkProcess(), (sink) => sink.stop()),
    hung: started.adopt(await startSinkProcess({ status: 0 }), (sink) => sink.stop()),
  };
  const many = await Owing.start(started, sinks);
  const rows: ClaimsRow[] = [];
  // One table that only grows.
  for (const pending of sizes.toSorted((a, b) => a - b)) {
    const began = performance.now();
    await many.fill(pending);
    say(`${pending.toLocaleString('en')} owed after ${((performance.now() - began) / 1_000).toFixed(0)} s`);
    const row = await measureRow(many, pending);
    rows.push(row);
    say(`  claim ${told(row.claim)}, after a drain ${told(row.afterDrain)}, take due ${told(row.takeDue)}`);
  }
  const cpuPending = Math.max(...sizes);
  await many.fill(cpuPending);
  const few = await Owing.start(started, sinks);
  await few.fill(Math.min(FEW, cpuPending));
  const cpu = await measureCpu({ few, many, sinks, started, ...options });
  return { rows, ...cpu, cpuPending, database: await many.postgres.version() };
}

function told({ ms, pages }: CallCost): string {
  return `${ms.toFixed(2)} ms and ${pages.toFixed(0)} pages`;
}

async function measureRow(owing: Owing, pending: number): Promise<ClaimsRow> {
  const store = await openPostgresStore({ url: owing.database.url, pooler: 'none', sends: true });
  try {
    const claimed = Math.min(CLAIMED_MAX, pending);
    const takeDue = await costOf(owing, store, 'takeDue', claimed);
    const claim = await costOf(owing, store, 'claim', claimed);
    await owing.fill(pending + DRAINED);
    await owing.drain(DRAINED);
    const afterDrain = await costOf(owing, store, 'claim', claimed);
    return { pending, claimed, claim, takeDue, afterDrain, drained: DRAINED };
  } finally {
    await store.close();
  }
}

async function plainly<T>(work: () => Promise<T>): Promise<T> {
  return await work();
}

/** Each claim takes what is due first, and gives it back. */
async function costOf(owing: Owing, store: Store, call: 'claim' | 'takeDue', itemsMax: number): Promise<CallCost> {
  const { endpointId, postgres, database } = owing;
  const step = async (measured: <T>(work: () => Promise<T>) => Promise<T>): Promise<void> => {
    const now = Date.now();
    await owing.makeDue();
    const taken = await (call === 'takeDue' ? measured : plainly)(
      async () => await store.takeDue({ now, itemsMax: 10 }),
    );
    if (!taken.endpointIds.includes(endpointId)) throw new Error('the endpoint that is owed was not found');
    const unit = { incarnation: store.incarnation, endpointId, now, itemsMax, bytesMax: BYTES_MAX };
    const { deliveries } = await (call === 'claim' ? measured : plainly)(async () => await store.claim(unit));
    if (deliveries.length !== itemsMax) throw new Error(`${deliveries.length} of ${itemsMax} were claimed`);
    const deliveryIds = deliveries.map(({ id }) => id);
    const dueAt = Math.min(...deliveries.map((delivery) => delivery.dueAt));
    await store.release({ incarnation: store.incarnation, endpointId, deliveryIds, dueAt });
  };
  const times: number[] = [];
  let pages = 0;
  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    const result = await work();
    times.push(performance.now() - began);
    return result;
  };
  const counted = async <T>(work: () => Promise<T>): Promise<T> => {
    const before = await postgres.statements(database);
    const result = await work();
    pages += pagesBetween(before, await postgres.statements(database));
    return result;
  };
  for (let count = 0; count < WARM_UP_CALLS; count += 1) await step(plainly);
  for (let count = 0; count < TIMED_CALLS; count += 1) await step(timed);
  for (let count = 0; count < COUNTED_CALLS; count += 1) await step(counted);
  return { ms: median(times), pages: pages / COUNTED_CALLS };
}

/** The beat of the node and its look at what others changed go on meanwhile: they touch neither table. */
function pagesBetween(before: ReadonlyMap<string, StatementUsage>, after: ReadonlyMap<string, StatementUsage>): number {
  let pages = 0;
  for (const [id, usage] of after) {
    if (/\b(queue|due_endpoints)\b/.test(usage.text)) pages += usage.pages - (before.get(id)?.pages ?? 0);
  }
  return pages;
}

async function measureCpu(options: {
  readonly few: Owing;
  readonly many: Owing;
  readonly sinks: Sinks;
  readonly started: AsyncDisposableStack;
  readonly events: number;
  readonly rounds: number;
}): Promise<{ readonly cpuRatio: number | null; readonly cpuUsPerEvent: number | null }> {
  const { few, many, sinks, started, events, rounds } = options;
  const load = started.adopt(new LoadProcess(), (process) => process.stop());
  const beds = new Map<Owing, Bed>();
  for (const owing of [few, many]) {
    const { database, key } = owing;
    const bed = started.adopt(await Bed.start({ database, key, environment: ENVIRONMENT }), (one) => one.stop());
    beds.set(owing, bed);
    // It has answered before what hangs takes its place.
    const seen = await sinks.fast.count();
    await bed.fill('fast', PROOFS, PROOFS);
    await untilCount(sinks.fast, seen + PROOFS);
  }
  await pause(SETTLE_MS);
  const measure = async (owing: Owing): Promise<number | null> => {
    const bed = beds.get(owing);
    return bed === undefined ? null : await cpuUsPerEvent(bed, sinks.fast, load, { events, clients: CLIENTS });
  };
  for (const owing of [few, many]) await measure(owing);
  const ratios: number[] = [];
  const each: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Which one goes first alternates, so that a drift of the machine favours neither.
    const found = new Map<Owing, number | null>();
    for (const owing of round % 2 === 0 ? [few, many] : [many, few]) found.set(owing, await measure(owing));
    const [byFew, byMany] = [found.get(few) ?? null, found.get(many) ?? null];
    if (byFew === null || byMany === null) continue;
    ratios.push(byMany / byFew);
    each.push(byMany);
  }
  return ratios.length === 0
    ? { cpuRatio: null, cpuUsPerEvent: null }
    : { cpuRatio: median(ratios), cpuUsPerEvent: median(each) };
}
