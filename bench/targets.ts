import { STORE_NAMES, STORES } from './bed.ts';
import type { CallCost, Claims, ClaimsRow } from './claims.ts';
import { mebibytes, rate, threeDigits, twoDigits, wholeOf } from './figures.ts';
import type { Latency } from './latency.ts';
import type { NodesRow } from './node-group.ts';
import { ANSWER_MS, type Nodes } from './nodes.ts';
import type { Pending } from './pending.ts';
import type { SlowDisk } from './slow-disk-drain.ts';
import type { Cost, Speeds, StoreThroughput, Throughput } from './throughput.ts';

/** What one run found; a part that was not asked for is null or empty. */
export type Found = {
  readonly throughput: Throughput | null;
  readonly slowDisk: SlowDisk | null;
  readonly latency: readonly Latency[];
  readonly pending: readonly Pending[];
  readonly nodes: readonly Nodes[];
  readonly claims: Claims | null;
};

/** One line of the table. `met` is null where there is no target or no figure. */
export type Line = {
  readonly measure: string;
  readonly figure: string;
  readonly ratio: string;
  readonly target: string;
  readonly met: boolean | null;
};

const READY_SECONDS_MAX = 3;
const RSS_BYTES_MAX = 400 * 1_024 * 1_024;
const PENDING_CPU_RATIO_MAX = 1.1;
const P50_MS_MAX = 4;
const P99_MS_MAX = 15;
const POSTGRES_BY_SQLITE_MIN = 0.5;
const NODES_RATIO_MAX = 1.1;
/** Fewer is none: what is left are the jobs. */
const READS_PER_DELIVERY_MAX = 0.01;
/** An index of ten million is a level or two deeper than one of a thousand, which each row looked up there feels. */
const CLAIM_RATIO_MAX = 1.5;

export function linesOf(found: Found): readonly Line[] {
  return [
    ...(found.throughput === null ? [] : throughputLines(found.throughput)),
    ...(found.slowDisk === null ? [] : [slowDiskLine(found.slowDisk)]),
    ...found.latency.flatMap(latencyLines),
    ...found.pending.flatMap(pendingLines),
    ...found.nodes.flatMap(nodesLines),
    ...(found.claims === null ? [] : claimLines(found.claims)),
  ];
}

function plain(measure: string, figure: string, ratio = ''): Line {
  return { measure, figure, ratio, target: '', met: null };
}

function atMost(measure: string, value: number | null, most: number, show: (value: number) => string): Line {
  return {
    measure,
    figure: value === null ? 'not known here' : show(value),
    ratio: '',
    target: `≤ ${show(most)}`,
    met: value === null ? null : value <= most,
  };
}

function throughputLines({ ceiling, stores, postgresBySqlite }: Throughput): Line[] {
  const lines = [plain('ceiling: one thread that signs and sends, nothing stored', rate(ceiling))];
  if (stores.sqlite !== undefined) lines.push(...sqliteLines(stores.sqlite, ceiling));
  if (stores.postgres !== undefined) lines.push(...postgresLines(stores.postgres, postgresBySqlite));
  for (const store of STORES) {
    const found = stores[store];
    if (found !== undefined) lines.push(...costLines(STORE_NAMES[store], found));
  }
  return lines;
}

const MEASURES: Readonly<Record<keyof Speeds, string>> = {
  drain: 'drain, every attempt stored',
  live: 'accept and deliver at once, one event a request',
  batches: 'accept in batches of 500',
  fanOut: 'one event to 10 endpoints, accepted one by one: deliveries',
  drainTwoSecrets: 'drain with two live secrets',
};

function sqliteLines({ median }: StoreThroughput, ceiling: number): Line[] {
  const share = (measure: string, value: number, of: number, name: string, atLeast: number): Line => ({
    measure,
    figure: rate(value),
    ratio: `${twoDigits(value / of)} of ${name}`,
    target: `≥ ${twoDigits(atLeast)}`,
    met: value / of >= atLeast,
  });
  return [
    share(MEASURES.drain, median.drain, ceiling, 'the ceiling', 0.7),
    share(MEASURES.live, median.live, ceiling, 'the ceiling', 0.4),
    share(MEASURES.batches, median.batches, ceiling, 'the ceiling', 1),
    share(MEASURES.fanOut, median.fanOut, ceiling, 'the ceiling', 0.6),
    share(MEASURES.drainTwoSecrets, median.drainTwoSecrets, median.drain, 'one', 0.95),
  ];
}

/** On the same cores as the database; the ratio is the median of the rounds' own. */
function postgresLines({ median }: StoreThroughput, by: Speeds | null): Line[] {
  return (Object.keys(MEASURES) as (keyof Speeds)[]).map((name) => {
    const measure = `PostgreSQL: ${MEASURES[name]}`;
    if (by === null) return plain(measure, rate(median[name]));
    const isBound = name === 'drain' || name === 'live';
    return {
      measure,
      figure: rate(median[name]),
      ratio: `${twoDigits(by[name])} of SQLite`,
      target: isBound ? `≥ ${twoDigits(POSTGRES_BY_SQLITE_MIN)}` : '',
      met: isBound ? by[name] >= POSTGRES_BY_SQLITE_MIN : null,
    };
  });
}

function costLines(name: string, { drained, live }: StoreThroughput): Line[] {
  const us = (value: number | null): string => (value === null ? 'not known here' : `${value.toFixed(0)} µs`);
  const cpu = ({ cpuUs, databaseCpuUs }: Cost): string =>
    databaseCpuUs === null ? us(cpuUs) : `${us(cpuUs)} + ${us(databaseCpuUs)} of PostgreSQL`;
  const lines = [
    plain(`${name}: bytes on disk per event, accepted and drained`, wholeOf(drained.bytes)),
    plain(`${name}: commits per event, in batches and drained`, drained.commits.toFixed(4)),
    plain(`${name}: commits per event, one by one`, live.commits.toFixed(4)),
    plain(`${name}: processor time per event, in batches and drained`, cpu(drained)),
    plain(`${name}: processor time per event, one by one`, cpu(live)),
  ];
  for (const [way, cost] of [
    ['in batches and drained', drained],
    ['one by one', live],
  ] as const) {
    if (cost.walBytes !== null) lines.push(plain(`${name}: bytes of WAL per event, ${way}`, wholeOf(cost.walBytes)));
    if (cost.statements !== null)
      lines.push(plain(`${name}: statements per delivery, ${way}`, cost.statements.toFixed(4)));
  }
  return lines;
}

function slowDiskLine({ slow, ratio }: SlowDisk): Line {
  return {
    measure: 'drain on a disk whose commits take 10 ms longer',
    figure: rate(slow),
    ratio: `${twoDigits(ratio)} of a normal one`,
    target: '≥ 0.90',
    met: ratio >= 0.9,
  };
}

function latencyLines({ store, p50Ms, p99Ms, p999Ms, maxMs, seconds }: Latency): Line[] {
  const prefix = store === 'sqlite' ? '' : `${STORE_NAMES[store]}: `;
  const line = (name: string, ms: number, most: number | null): Line => ({
    measure: `${prefix}${name} from send to receiver's first byte, 500 a second for ${seconds} s`,
    figure: `${ms.toFixed(1)} ms`,
    ratio: '',
    target: most === null ? '' : `≤ ${most} ms`,
    met: most === null ? null : ms <= most,
  });
  const isBound = store === 'sqlite';
  return [
    line('p50', p50Ms, isBound ? P50_MS_MAX : null),
    line('p99', p99Ms, isBound ? P99_MS_MAX : null),
    line('p99.9', p999Ms, null),
    line('longest', maxMs, null),
  ];
}

function pendingLines(found: Pending): Line[] {
  const name = `${found.pending.toLocaleString('en')} pending, ${found.shape}`;
  const lines = [
    atMost(
      `${name}: CPU per event of another endpoint, by that with 1,000`,
      found.cpuRatio,
      PENDING_CPU_RATIO_MAX,
      twoDigits,
    ),
    atMost(`${name}: spawn to ready`, found.readySeconds, READY_SECONDS_MAX, (seconds) => `${seconds.toFixed(1)} s`),
  ];
  if (found.drainedPerSecond === null) return lines;
  return [
    ...lines,
    {
      ...atMost(`${name}: peak memory while draining`, found.drainPeakRssBytes, RSS_BYTES_MAX, mebibytes),
      ratio: rate(found.drainedPerSecond),
    },
  ];
}

function nodesLines({ offered, rows, cpuRatio, statementRatio, ...ratios }: Nodes): Line[] {
  const of = `${wholeOf(offered.perSecond)}/s ${offered.kind === 'total' ? 'in all' : 'on each node'}`;
  const isCarried = rows.every((row) => row.isCarried);
  const judged = (line: Line): Line =>
    isCarried ? line : { ...line, figure: `${line.figure}, overloaded`, met: null };
  const us = (value: number | null): string => (value === null ? 'not known here' : `${value.toFixed(0)} µs`);
  const perRow = rows.map((row) =>
    plain(
      `${of}, receivers that take ${ANSWER_MS} ms, ${row.nodes} node${row.nodes === 1 ? '' : 's'}${row.databases === 1 ? '' : ', each with a database of its own'}: per delivery`,
      `${us(row.nodeCpuUs)} + ${us(row.databaseCpuUs)} of PostgreSQL`,
      `${threeDigits(row.statements)} statements (${partsOf(row)}), ${wholeOf(row.walBytes)} bytes of WAL`,
    ),
  );
  const reads = Math.max(...rows.map(readsOf));
  return [
    ...perRow,
    judged(atMost(`${of}: CPU per delivery, 4 nodes by 1`, cpuRatio, NODES_RATIO_MAX, twoDigits)),
    plain(
      `${of}: the same of the nodes alone, of PostgreSQL alone`,
      [ratios.nodeCpuRatio, ratios.databaseCpuRatio].map((one) => (one === null ? '?' : twoDigits(one))).join(', '),
    ),
    ...(ratios.sharingCpuRatio === null
      ? []
      : [
          judged(
            atMost(
              `${of}: CPU per delivery, 4 nodes on one database by 4 that share nothing but the machine`,
              ratios.sharingCpuRatio,
              NODES_RATIO_MAX,
              twoDigits,
            ),
          ),
        ]),
    judged(atMost(`${of}: statements per delivery, 4 nodes by 1`, statementRatio, NODES_RATIO_MAX, twoDigits)),
    atMost(
      `${of}: reads of the database per delivery, the most of all rows`,
      reads,
      READS_PER_DELIVERY_MAX,
      threeDigits,
    ),
  ];
}

/** What of the statements grows with the load, and what each node sends besides, however much or little it has to do. */
function partsOf({ nodes, perSecond, byName }: NodesRow): string {
  const count = (isCounted: (name: string) => boolean): number =>
    byName.reduce((sum, { statement, count: each }) => sum + (isCounted(statement) ? each : 0), 0);
  const perDelivery = ['accept', 'record'].map((name) => `${threeDigits(count((one) => one === name))} ${name}`);
  const besides = count((one) => one !== 'accept' && one !== 'record' && !isOfTheLook(one));
  return [...perDelivery, `${((besides * perSecond) / nodes).toFixed(1)} a second on each node besides`].join(', ');
}

function isOfTheLook(statement: string): boolean {
  return /^(figures_|space$)/.test(statement);
}

/** But for those of the two looks at `/metrics` themselves. */
function readsOf({ byName }: NodesRow): number {
  const isRead = ({ connection, statement }: NodesRow['byName'][number]): boolean =>
    connection === 'read' && !isOfTheLook(statement);
  return byName.filter(isRead).reduce((sum, { count }) => sum + count, 0);
}

function claimLines({ rows, cpuRatio, cpuPending }: Claims): Line[] {
  const [few, many] = [rows[0], rows.at(-1)];
  const cost = ({ ms, pages }: CallCost): string => `${twoDigits(ms)} ms, ${pages.toFixed(0)} pages`;
  const lines = rows.map((row) =>
    plain(
      `PostgreSQL, ${wholeOf(row.pending)} pending on one endpoint: claim of ${row.claimed}`,
      cost(row.claim),
      `after ${wholeOf(row.drained)} went out ${cost(row.afterDrain)}; take due ${cost(row.takeDue)}`,
    ),
  );
  if (few !== undefined && many !== undefined && few !== many) {
    const by = `${wholeOf(many.pending)} pending by ${wholeOf(few.pending)}`;
    const ratio = (what: string, of: (row: ClaimsRow) => number): Line =>
      atMost(`${what} of a claim, ${by}`, of(many) / of(few), CLAIM_RATIO_MAX, twoDigits);
    lines.push(
      ratio('pages', ({ claim }) => claim.pages),
      ratio('time', ({ claim }) => claim.ms),
    );
    lines.push(
      plain(`pages of a claim after that drain, ${by}`, twoDigits(many.afterDrain.pages / few.afterDrain.pages)),
    );
  }
  lines.push(
    atMost(
      `PostgreSQL, ${cpuPending.toLocaleString('en')} pending: CPU per event of another endpoint, by that with 1,000`,
      cpuRatio,
      PENDING_CPU_RATIO_MAX,
      twoDigits,
    ),
  );
  return lines;
}
