import { median } from './figures.ts';
import { type Layout, NodeGroup, type NodesRow, type Offered } from './node-group.ts';
import { startSinkProcess } from './sink-process.ts';

const ONE: Layout = { nodes: 1, databases: 1 };
const MOST: Layout = { nodes: 4, databases: 1 };
const SHARING: readonly Layout[] = [ONE, { nodes: 2, databases: 1 }, MOST];
/** As many processes as beside the one database, and nothing that they share: what then costs more, the machine costs. */
const APART: Layout = { nodes: 4, databases: 4 };
/** What receivers take for an answer. */
export const ANSWER_MS = 50;

export type Nodes = {
  readonly offered: Offered;
  /** Of each time that a layout is measured. */
  readonly seconds: number;
  /** What each layout came to, the median of all rounds. */
  readonly rows: readonly NodesRow[];
  /** Medians of what each round found: most nodes by one. */
  readonly cpuRatio: number | null;
  readonly nodeCpuRatio: number | null;
  readonly databaseCpuRatio: number | null;
  readonly statementRatio: number;
  /** Most nodes on one database by as many that each have one to themselves; null where that was not measured. */
  readonly sharingCpuRatio: number | null;
  readonly database: string;
};

/**
 * The same load on one node, on two and on four, which share one database. All are there at the same time and take short
 * turns, so that a machine that is slower for a minute is so for each of them.
 */
export async function measureNodes(options: {
  readonly offered: Offered;
  /** Events of one request. */
  readonly batch: number;
  readonly leadSeconds: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly say: (line: string) => void;
}): Promise<Nodes> {
  const { offered, rounds, say, ...window } = options;
  await using started = new AsyncDisposableStack();
  const sink = started.adopt(await startSinkProcess({ delayMs: ANSWER_MS }), (one) => one.stop());
  // The same in all would be a fourth of it on each, which costs more by itself.
  const layouts = offered.kind === 'each' ? [...SHARING, APART] : SHARING;
  const groups: NodeGroup[] = [];
  for (const layout of layouts) groups.push(started.use(await NodeGroup.start(layout, sink)));
  const found: NodesRow[][] = [];
  for (let round = 0; round < rounds; round += 1) {
    const rows: NodesRow[] = [];
    // Which one goes first alternates, so that a drift of the machine favours none.
    for (const group of round % 2 === 0 ? groups : groups.toReversed()) {
      const row = await group.measure({ offered, ...window });
      say(`round ${round + 1} of ${rounds}: ${told(row)}`);
      rows.push(row);
    }
    found.push(rows);
  }
  const ratio = (of: (row: NodesRow) => number | null, by: Layout = ONE): number | null => {
    const each = found.flatMap((rows) => {
      const [above, below] = [MOST, by].map((layout) => valueOf(rows, layout, of));
      return typeof above === 'number' && typeof below === 'number' ? [above / below] : [];
    });
    return each.length === 0 ? null : median(each);
  };
  const both = ({ nodeCpuUs, databaseCpuUs }: NodesRow): number | null =>
    nodeCpuUs === null || databaseCpuUs === null ? null : nodeCpuUs + databaseCpuUs;
  return {
    offered,
    seconds: options.seconds,
    rows: layouts.flatMap((layout) => middleOf(found.flatMap((rows) => rows.filter((row) => isOf(row, layout))))),
    cpuRatio: ratio(both),
    nodeCpuRatio: ratio(({ nodeCpuUs }) => nodeCpuUs),
    databaseCpuRatio: ratio(({ databaseCpuUs }) => databaseCpuUs),
    statementRatio: ratio(({ statements }) => statements) ?? 0,
    sharingCpuRatio: ratio(both, APART),
    database: (await groups[0]?.version()) ?? '',
  };
}

function isOf({ nodes, databases }: NodesRow, layout: Layout): boolean {
  return nodes === layout.nodes && databases === layout.databases;
}

function valueOf(rows: readonly NodesRow[], layout: Layout, of: (row: NodesRow) => number | null): number | null {
  const row = rows.find((each) => isOf(each, layout));
  return row === undefined ? null : of(row);
}

/** The figures of one layout in all rounds as one row: the median of each; none of no rows. */
function middleOf(rows: readonly NodesRow[]): readonly NodesRow[] {
  const [first] = rows;
  if (first === undefined) return [];
  const middle = (of: (row: NodesRow) => number): number => median(rows.map(of));
  const middleOrNull = (of: (row: NodesRow) => number | null): number | null => {
    const known = rows.flatMap((row) => of(row) ?? []);
    return known.length === 0 ? null : median(known);
  };
  const names = new Map(rows.flatMap(({ byName }) => byName.map((one) => [nameOf(one), one] as const)));
  const countOf = (row: NodesRow, name: string): number => row.byName.find((one) => nameOf(one) === name)?.count ?? 0;
  return [
    {
      nodes: first.nodes,
      databases: first.databases,
      perSecond: middle(({ perSecond }) => perSecond),
      isCarried: rows.every(({ isCarried }) => isCarried),
      refused: rows.reduce((sum, { refused }) => sum + refused, 0),
      nodeCpuUs: middleOrNull(({ nodeCpuUs }) => nodeCpuUs),
      databaseCpuUs: middleOrNull(({ databaseCpuUs }) => databaseCpuUs),
      statements: middle(({ statements }) => statements),
      walBytes: middle(({ walBytes }) => walBytes),
      byName: [...names]
        .map(([name, one]) => ({ ...one, count: middle((row) => countOf(row, name)) }))
        .toSorted((a, b) => b.count - a.count),
    },
  ];
}

function nameOf({ connection, statement }: NodesRow['byName'][number]): string {
  return `${connection} ${statement}`;
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
