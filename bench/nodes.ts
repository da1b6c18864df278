import { Bed, pause, untilCount } from './bed.ts';
import { median } from './figures.ts';
import { LoadProcess } from './load-process.ts';
import { PostgresBed, type PostgresDatabase, type StatementUsage } from './postgres-bed.ts';
import { cpuMsOfProcess } from './processor-time.ts';
import { type Scrape, scrape } from './scrape.ts';
import { type SinkProcess, startSinkProcess } from './sink-process.ts';

/** How many nodes on how many databases. */
type Layout = { readonly nodes: number; readonly databases: number };

const SHARING: readonly Layout[] = [1, 2, 4].map((nodes) => ({ nodes, databases: 1 }));
/** As many processes as beside the one database, and nothing that they share: what then costs more, the machine costs. */
const APART: Layout = { nodes: 4, databases: 4 };
/** What receivers take for an answer. */
export const ANSWER_MS = 50;
/** One lane sends 64 at once, so each could take 1,280 a second of one node. */
const ENDPOINTS = 20;
const CLIENTS = 16;
/** Less than this share of what was offered: the machine did not carry it, and the figures say nothing. */
const CARRIED_RATIO_MIN = 0.97;
/** Of all requests. */
const REFUSED_RATIO_MAX = 0.1;
const SPARE_SECONDS = 5;
const WARM_UP_EVENTS = 6_000;

/** `total`: so much in all, however many nodes there are. `each`: so much on every node. */
export type Offered = { readonly kind: 'total' | 'each'; readonly perSecond: number };

/** One count of nodes under load; figures by delivery. */
export type NodesRow = {
  readonly nodes: number;
  readonly databases: number;
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

export type Nodes = {
  readonly offered: Offered;
  readonly seconds: number;
  readonly rounds: readonly (readonly NodesRow[])[];
  /** Medians of what each round found: most nodes by one. */
  readonly cpuRatio: number | null;
  readonly nodeCpuRatio: number | null;
  readonly databaseCpuRatio: number | null;
  readonly statementRatio: number;
  /** Most nodes on one database by as many that each have one to themselves; null where that was not measured. */
  readonly sharingCpuRatio: number | null;
  readonly database: string;
};

/** The same load on one node, on two and on four, which share one database. */
export async function measureNodes(options: {
  readonly offered: Offered;
  /** Events of one request. */
  readonly batch: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly say: (line: string) => void;
}): Promise<Nodes> {
  const { offered, rounds, say } = options;
  await using started = new AsyncDisposableStack();
  const postgres = started.use(await PostgresBed.start({ counted: true }));
  const sink = started.adopt(await startSinkProcess({ delayMs: ANSWER_MS }), (one) => one.stop());
  // The same in all would be a fourth of it on each, which costs more by itself.
  const layouts = offered.kind === 'each' ? [...SHARING, APART] : SHARING;
  const found: NodesRow[][] = [];
  for (let round = 0; round < rounds; round += 1) {
    const rows: NodesRow[] = [];
    // Which one goes first alternates, so that a drift of the machine favours none.
    for (const layout of round % 2 === 0 ? layouts : layouts.toReversed()) {
      const row = await measureRow(layout, { ...options, postgres, sink });
      say(`round ${round + 1} of ${rounds}: ${told(row)}`);
      rows.push(row);
    }
    found.push(rows.toSorted((a, b) => a.nodes - b.nodes || a.databases - b.databases));
  }
  const [one, most] = [SHARING[0], SHARING.at(-1)];
  const ratio = (of: (row: NodesRow) => number | null, [upper, lower] = [most, one]): number | null => {
    const each = found.flatMap((rows) => {
      const [above, below] = [upper, lower].map((layout) => {
        const row = rows.find(({ nodes, databases }) => nodes === layout?.nodes && databases === layout.databases);
        return row === undefined ? null : of(row);
      });
      return typeof above === 'number' && typeof below === 'number' ? [above / below] : [];
    });
    return each.length === 0 ? null : median(each);
  };
  const both = ({ nodeCpuUs, databaseCpuUs }: NodesRow): number | null =>
    nodeCpuUs === null || databaseCpuUs === null ? null : nodeCpuUs + databaseCpuUs;
  return {
    offered,
    seconds: options.seconds,
    rounds: found,
    cpuRatio: ratio(both),
    nodeCpuRatio: ratio(({ nodeCpuUs }) => nodeCpuUs),
    databaseCpuRatio: ratio(({ databaseCpuUs }) => databaseCpuUs),
    statementRatio: ratio(({ statements }) => statements) ?? 0,
    sharingCpuRatio: ratio(both, [most, APART]),
    database: await postgres.version(),
  };
}

type RowOptions = Pick<Parameters<typeof measureNodes>[0], 'offered' | 'batch' | 'warmUpSeconds' | 'seconds'> & {
  readonly postgres: PostgresBed;
  readonly sink: SinkProcess;
};

async function measureRow(layout: Layout, options: RowOptions): Promise<NodesRow> {
  const { offered, batch, warmUpSeconds, seconds, postgres, sink } = options;
  const count = layout.nodes;
  await using started = new AsyncDisposableStack();
  const databases: PostgresDatabase[] = [];
  for (let made = 0; made < layout.databases; made += 1) {
    databases.push(started.adopt(await postgres.createDatabase(), (database) => postgres.dropDatabase(database)));
  }
  const beds: Bed[] = [];
  const key = `bench-${crypto.randomUUID()}${crypto.randomUUID()}`;
  for (let index = 0; index < count; index += 1) {
    const database = databases[index % databases.length];
    if (database === undefined) throw new Error('no database was made');
    beds.push(started.adopt(await Bed.start({ database, key }), (bed) => bed.stop()));
  }
  const types = Array.from({ length: ENDPOINTS }, (_, index) => `node.${index}`);
  for (const bed of beds.slice(0, databases.length))
    for (const type of types) await bed.createEndpoint(sink.url, [type]);
  const perSecond = offered.kind === 'total' ? offered.perSecond / count : offered.perSecond;
  const loads = beds.map(() => started.adopt(new LoadProcess(), (load) => load.stop()));
  // Code is compiled by much work, not by time: a quarter of the load would leave a node at it for minutes.
  for (const [index, bed] of beds.entries()) {
    const seen = await sink.count();
    await loads[index]?.run({ ...bed.order(types, 1), connections: CLIENTS, requests: WARM_UP_EVENTS });
    await untilCount(sink, seen + WARM_UP_EVENTS);
  }
  const perNode = Math.ceil((perSecond / batch) * (warmUpSeconds + seconds + SPARE_SECONDS));
  const running = beds.map(async (bed, index) => {
    const order = { ...bed.order(types, batch), perSecond: perSecond / batch, connections: CLIENTS };
    return await loads[index]?.run({ ...order, requests: perNode });
  });
  const whole = Promise.all(running);
  // Told when it is awaited below; until then nobody looks.
  whole.catch(() => {});
  await pause(warmUpSeconds * 1_000);
  const before = await look(beds, postgres, databases, sink);
  await pause(seconds * 1_000);
  const after = await look(beds, postgres, databases, sink);
  const refused = (await whole).reduce((sum, result) => sum + (result?.refused ?? 0), 0);
  // A node that gets no time to look at the database refuses some; so many say that something is broken.
  if (refused > perNode * count * REFUSED_RATIO_MAX) throw new Error(`${refused} requests were refused`);
  return rowOf(layout, perSecond * count, refused, { before, after });
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

async function look(
  beds: readonly Bed[],
  postgres: PostgresBed,
  databases: readonly PostgresDatabase[],
  sink: SinkProcess,
): Promise<Look> {
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

function told(row: NodesRow): string {
  const us = (value: number | null): string => (value === null ? 'unknown' : `${value.toFixed(0)} µs`);
  return [
    `${row.nodes} node${row.nodes === 1 ? '' : 's'}${row.databases === 1 ? '' : `, ${row.databases} databases`}`,
    `${Math.round(row.perSecond).toLocaleString('en')}/s${row.isCarried ? '' : ` (less than offered, ${row.refused} refused)`}`,
    `nodes ${us(row.nodeCpuUs)}`,
    `PostgreSQL ${us(row.databaseCpuUs)}`,
    `${row.statements.toFixed(3)} statements`,
    `${Math.round(row.walBytes).toLocaleString('en')} bytes of WAL`,
  ].join('  ');
}
