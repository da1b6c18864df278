import { Bed, pause, untilCount } from './bed.ts';
import { LoadProcess } from './load-process.ts';
import { PostgresBed, type PostgresDatabase, type StatementUsage } from './postgres-bed.ts';
import { cpuMsOfProcess } from './processor-time.ts';
import { type Scrape, scrape } from './scrape.ts';
import type { SinkProcess } from './sink-process.ts';

/** How many nodes on how many databases of one server. */
export type Layout = { readonly nodes: number; readonly databases: number };

/** `total`: so much in all, however many nodes there are. `each`: so much on every node. */
export type Offered = { readonly kind: 'total' | 'each'; readonly perSecond: number };

/** One layout under load; figures by delivery. */
export type NodesRow = Layout & {
  readonly perSecond: number;
  /** As much as was offered, and no request refused. */
  readonly isCarried: boolean;
  readonly refused: number;
  /** Null where the system does not say. */
  readonly nodeCpuUs: number | null;
  readonly databaseCpuUs: number | null;
  /** As PostgreSQL counts them, those of nobody left out. */
  readonly statements: number;
  readonly walBytes: number;
  /** As the nodes count them, by connection and name; more often first. */
  readonly byName: readonly { readonly connection: string; readonly statement: string; readonly count: number }[];
};

/** One lane sends 64 at once, so each could take 1,280 a second of one node. */
const ENDPOINTS = 20;
const CLIENTS = 16;
/** Less than this share of what was offered: the machine did not carry it, and the figures say nothing. */
const CARRIED_RATIO_MIN = 0.97;
/** Of all requests. */
const REFUSED_RATIO_MAX = 0.1;
const SPARE_SECONDS = 2;
const WARM_UP_EVENTS = 6_000;
const TYPES = Array.from({ length: ENDPOINTS }, (_, index) => `node.${index}`);

type Parts = {
  readonly beds: readonly Bed[];
  readonly loads: readonly LoadProcess[];
  readonly postgres: PostgresBed;
  readonly databases: readonly PostgresDatabase[];
  readonly sink: SinkProcess;
};

/** The nodes of a layout with a PostgreSQL server of their own, warm, and idle until they are measured. */
export class NodeGroup implements AsyncDisposable {
  readonly layout: Layout;
  readonly #parts: Parts;
  readonly #started: AsyncDisposableStack;

  private constructor(layout: Layout, parts: Parts, started: AsyncDisposableStack) {
    this.layout = layout;
    this.#parts = parts;
    this.#started = started;
  }

  static async start(layout: Layout, sink: SinkProcess): Promise<NodeGroup> {
    await using started = new AsyncDisposableStack();
    const postgres = started.use(await PostgresBed.start({ counted: true }));
    const databases: PostgresDatabase[] = [];
    for (let made = 0; made < layout.databases; made += 1) databases.push(await postgres.createDatabase());
    const key = `bench-${crypto.randomUUID()}${crypto.randomUUID()}`;
    const beds: Bed[] = [];
    for (let index = 0; index < layout.nodes; index += 1) {
      const database = databases[index % databases.length];
      if (database === undefined) throw new Error('no database was made');
      beds.push(started.adopt(await Bed.start({ database, key }), (bed) => bed.stop()));
    }
    for (const bed of beds.slice(0, layout.databases)) {
      for (const type of TYPES) await bed.createEndpoint(sink.url, [type]);
    }
    const loads = beds.map(() => started.adopt(new LoadProcess(), (load) => load.stop()));
    // Code is compiled by much work, not by time: a quarter of the load would leave a node at it for minutes.
    for (const [index, bed] of beds.entries()) {
      const seen = await sink.count();
      await loads[index]?.run({ ...bed.order(TYPES, 1), connections: CLIENTS, requests: WARM_UP_EVENTS });
      await untilCount(sink, seen + WARM_UP_EVENTS);
    }
    return new NodeGroup(layout, { beds, loads, postgres, databases, sink }, started.move());
  }

  async version(): Promise<string> {
    return await this.#parts.postgres.version();
  }

  /** Each node gets its part of the load for so long, and figures are taken after `leadSeconds` of it. */
  async measure(options: {
    readonly offered: Offered;
    /** Events of one request. */
    readonly batch: number;
    readonly leadSeconds: number;
    readonly seconds: number;
  }): Promise<NodesRow> {
    const { offered, batch, leadSeconds, seconds } = options;
    const { beds, loads, sink } = this.#parts;
    const seen = await sink.count();
    const perSecond = offered.kind === 'total' ? offered.perSecond / beds.length : offered.perSecond;
    const perNode = Math.ceil((perSecond / batch) * (leadSeconds + seconds + SPARE_SECONDS));
    const running = beds.map(async (bed, index) => {
      const order = { ...bed.order(TYPES, batch), perSecond: perSecond / batch, connections: CLIENTS };
      return await loads[index]?.run({ ...order, requests: perNode });
    });
    const whole = Promise.all(running);
    // Told when it is awaited below; until then nobody looks.
    whole.catch(() => {});
    await pause(leadSeconds * 1_000);
    const before = await look(this.#parts);
    await pause(seconds * 1_000);
    const after = await look(this.#parts);
    const refused = (await whole).reduce((sum, result) => sum + (result?.refused ?? 0), 0);
    // A node that gets no time to look at the database refuses some; so many say that something is broken.
    if (refused > perNode * beds.length * REFUSED_RATIO_MAX) throw new Error(`${refused} requests were refused`);
    // Nothing of it is left for whoever is measured next.
    await untilCount(sink, seen + (perNode * beds.length - refused) * batch);
    return rowOf(this.layout, perSecond * beds.length, refused, { before, after });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#started.disposeAsync();
  }
}

type Look = {
  readonly atMs: number;
  readonly delivered: number;
  readonly nodeCpuMs: number | null;
  readonly databaseCpuMs: number | null;
  readonly walBytes: number;
  readonly calls: number;
  readonly scrapes: readonly Scrape[];
};

async function look({ beds, postgres, databases, sink }: Parts): Promise<Look> {
  const statements: ReadonlyMap<string, StatementUsage>[] = [];
  for (const database of databases) statements.push(await postgres.statements(database));
  const scrapes = await Promise.all(beds.map(async ({ server }) => await scrape(server.url)));
  // Of the whole server, whichever of its databases is asked.
  const { cpuMs, walBytes } = (await databases[0]?.usage()) ?? { cpuMs: null, walBytes: 0 };
  const cpus = beds.map(({ server }) => cpuMsOfProcess(server.pid));
  return {
    atMs: performance.now(),
    delivered: await sink.count(),
    nodeCpuMs: cpus.reduce((sum, ms) => (sum === null || ms === null ? null : sum + ms), 0),
    databaseCpuMs: cpuMs,
    walBytes,
    calls: statements.flatMap((each) => [...each.values()]).reduce((sum, { calls }) => sum + calls, 0),
    scrapes,
  };
}

function rowOf(
  layout: Layout,
  offered: number,
  refused: number,
  { before, after }: { before: Look; after: Look },
): NodesRow {
  const delivered = after.delivered - before.delivered;
  const us = (from: number | null, to: number | null): number | null =>
    from === null || to === null ? null : ((to - from) * 1_000) / delivered;
  const perSecond = delivered / ((after.atMs - before.atMs) / 1_000);
  return {
    ...layout,
    perSecond,
    isCarried: refused === 0 && perSecond >= offered * CARRIED_RATIO_MIN,
    refused,
    nodeCpuUs: us(before.nodeCpuMs, after.nodeCpuMs),
    databaseCpuUs: us(before.databaseCpuMs, after.databaseCpuMs),
    statements: (after.calls - before.calls) / delivered,
    walBytes: (after.walBytes - before.walBytes) / delivered,
    byName: namesOf(before.scrapes, after.scrapes, delivered),
  };
}

const SEPARATOR = ' ';

function namesOf(before: readonly Scrape[], after: readonly Scrape[], delivered: number): NodesRow['byName'] {
  const counts = new Map<string, number>();
  for (const [scrapes, sign] of [
    [before, -1],
    [after, 1],
  ] as const) {
    for (const one of scrapes) {
      for (const [[connection = '', statement = ''], value] of one.all('hookring_store_statements_total')) {
        const key = connection + SEPARATOR + statement;
        counts.set(key, (counts.get(key) ?? 0) + sign * value);
      }
    }
  }
  return [...counts]
    .filter(([, count]) => count > 0)
    .map(([key, count]) => {
      const [connection = '', statement = ''] = key.split(SEPARATOR);
      return { connection, statement, count: count / delivered };
    })
    .toSorted((a, b) => b.count - a.count);
}
