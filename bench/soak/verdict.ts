import { mebibytes, wholeOf } from '../figures.ts';
import type { Line } from '../targets.ts';
import type { Tally } from './customers.ts';
import type { History } from './history.ts';
import { type Plan, TREND_SECONDS_MIN } from './plan.ts';
import type { Sample } from './samples.ts';
import type { Sent } from './traffic.ts';
import { type Trend, trendOf } from './trend.ts';
import type { Deeds } from './unrest.ts';

/** All that a soak saw. */
export type Seen = {
  readonly plan: Plan;
  readonly sent: Sent;
  readonly tally: Tally;
  readonly deeds: Deeds;
  readonly history: History;
  readonly samples: readonly Sample[];
  /** Why servers or tables could not be looked at now and then. */
  readonly failedLooks: readonly string[];
  /** After everything was delivered. */
  readonly end: Sample;
  /** Accepted, and not at its customer when everything should be. */
  readonly missing: number;
  /** What the database says of those, when there are any. */
  readonly owed: readonly string[];
  /** Warnings of Node about listeners that nobody takes off. */
  readonly listenerWarnings: number;
  /** Lines of the log that say `error`, the first few. */
  readonly errorLines: readonly string[];
  readonly firstWrong: string | null;
  /** Rows made during the soak that no accepted event explains, by table. */
  readonly unexplained: ReadonlyMap<string, number>;
  /** The oldest event that is left, in hours before the end. */
  readonly oldestHours: number;
};

const RSS_GROWTH_RATIO_MAX = 0.1;
const RSS_GROWTH_BYTES_MIN = 24 * 1_024 * 1_024;
const HANDLES_GROWTH_MAX = 32;
const BUSY_TABLES_GROWTH_RATIO_MAX = 0.5;
const BUSY_TABLES_GROWTH_BYTES_MIN = 8 * 1_024 * 1_024;
const DEAD_TUPLES_MAX = 200_000;
/** PostgreSQL's own default for max_wal_size, and a segment or two. */
const POSTGRES_LOG_BYTES_MAX = 1.2 * 1_024 * 1_024 * 1_024;
const SQLITE_LOG_BYTES_MAX = 256 * 1_024 * 1_024;
const P99_GROWTH_RATIO_MAX = 1;
const P99_GROWTH_MS_MIN = 20;
/** SQLite removes event by event; PostgreSQL whole days, when all of a day is old. */
const OLDEST_HOURS_MAX = { sqlite: 24.05, postgres: 48.05 } as const;
/** Whoever answered with success and died at once is sent the event again; nobody dies here. */
const REPEATED_RATIO_MAX = 0.0001;
/** Of traffic: whoever is further behind at the end did not carry the load. */
const BEHIND_SECONDS_MAX = 1;
const BUSY_TABLES = ['queue', 'due_endpoints', 'nodes', 'jobs', 'endpoint_health', 'change_counter', 'changes'];

export function verdictOf(seen: Seen): readonly Line[] {
  return [...promiseLines(seen), ...growthLines(seen), ...tableLines(seen)];
}

export function isPassed(lines: readonly Line[]): boolean {
  return lines.every(({ met }) => met !== false);
}

function none(measure: string, count: number, of = ''): Line {
  return { measure, figure: wholeOf(count), ratio: of, target: '0', met: count === 0 };
}

function told(measure: string, figure: string, ratio = ''): Line {
  return { measure, figure, ratio, target: '', met: null };
}

function promiseLines({ plan, sent, tally, deeds, ...seen }: Seen): Line[] {
  const stillOwed = Math.min(seen.missing, seen.end.tables.rows.get('queue') ?? 0);
  const behindMax = Math.ceil(plan.perSecond * BEHIND_SECONDS_MAX);
  const repeatedMax = Math.ceil(sent.deliveries * REPEATED_RATIO_MAX);
  return [
    told('events accepted', wholeOf(sent.accepted), `${wholeOf(sent.accepted / plan.seconds)}/s`),
    told('deliveries that were expected', wholeOf(sent.deliveries)),
    none('lost: neither sent nor owed any more', seen.missing - stillOwed),
    none('owed although nothing is in the way', stillOwed, seen.owed[0] ?? ''),
    none('wrongly signed', tally.wronglySigned, `${wholeOf(deeds.rotations)} rotations`),
    none(
      'sent after a suspension or an archiving was answered',
      tally.afterTheEnd,
      `${wholeOf(deeds.suspensions)} suspensions`,
    ),
    none(
      'events that missed an endpoint made before',
      deeds.unread,
      `${wholeOf(deeds.created)} created, ${wholeOf(deeds.archived)} archived`,
    ),
    none('keys that opened something after their revocation', deeds.openAfterRevocation, `${wholeOf(deeds.keys)} keys`),
    {
      measure: 'sent twice although answered with success',
      figure: wholeOf(tally.repeated),
      ratio: '',
      target: `≤ ${wholeOf(repeatedMax)}`,
      met: tally.repeated <= repeatedMax,
    },
    none('events refused', sent.refused),
    none('requests without an answer', sent.unanswered),
    {
      measure: 'events that were not sent by the end, because too many requests were under way',
      figure: wholeOf(sent.behind),
      ratio: `${wholeOf(sent.behindMax)} behind at the most`,
      target: `≤ ${wholeOf(behindMax)}`,
      met: sent.behind <= behindMax,
    },
    none('calls that were answered otherwise than they must', deeds.problems.length, deeds.problems[0] ?? ''),
    none('looks at the servers and their tables that failed', seen.failedLooks.length, seen.failedLooks[0] ?? ''),
    none('warnings about listeners', seen.listenerWarnings),
    none('errors in the log', seen.errorLines.length, seen.errorLines[0]?.slice(0, 120) ?? ''),
    none(
      'faults that were contained',
      seen.end.nodes.reduce((sum, { faults }) => sum + faults, 0),
    ),
    none(
      'runs of jobs that failed',
      seen.end.nodes.reduce((sum, { jobFailures }) => sum + jobFailures, 0),
    ),
  ];
}

/** What may be added, by whichever is more: a share of what there was, or so much. */
type Allowance = { readonly ratio: number; readonly least: number; readonly show: (value: number) => string };

function growthLines({ plan, samples }: Seen): Line[] {
  const warm = samples.filter(({ seconds }) => seconds >= plan.warmUpSeconds && seconds <= plan.seconds);
  const isLong = plan.seconds >= TREND_SECONDS_MIN;
  const flat = (measure: string, of: (sample: Sample) => number | null, allowance: Allowance): Line => {
    const points = warm.flatMap((sample) => {
      const value = of(sample);
      return value === null ? [] : [{ seconds: sample.seconds, value }];
    });
    return flatLine(measure, trendOf(points), allowance, isLong);
  };
  const memory = { ratio: RSS_GROWTH_RATIO_MAX, least: RSS_GROWTH_BYTES_MIN, show: mebibytes };
  const handles = { ratio: 0, least: HANDLES_GROWTH_MAX, show: wholeOf };
  const nodes = Array.from({ length: plan.nodes }, (_, index) => index);
  const each = (measure: string, of: (node: Sample['nodes'][number]) => number | null, allowance: Allowance): Line[] =>
    nodes.map((index) =>
      flat(
        plan.nodes === 1 ? measure : `node ${index + 1}: ${measure}`,
        ({ nodes: seen }) => {
          const node = seen[index];
          return node === undefined ? null : of(node);
        },
        allowance,
      ),
    );
  return [
    ...each('memory of the process', ({ rssBytes }) => rssBytes, memory),
    ...each('heap', ({ heapBytes }) => heapBytes, memory),
    ...each('memory outside of the heap', ({ externalBytes }) => externalBytes, memory),
    ...each('open files', ({ files }) => files, handles),
    ...each('sockets', ({ sockets }) => sockets, handles),
    ...each('handles and timers', ({ resources }) => resources, handles),
    ...(plan.store === 'sqlite'
      ? [flat('size of the file', ({ tables }) => tables.bytes.get('the file') ?? null, FILE_ALLOWANCE)]
      : [
          flat('connections to PostgreSQL', ({ tables }) => tables.connections, handles),
          flat('tables of what is owed, with their indexes', busyBytes, {
            ratio: BUSY_TABLES_GROWTH_RATIO_MAX,
            least: BUSY_TABLES_GROWTH_BYTES_MIN,
            show: mebibytes,
          }),
        ]),
    ...(['p50Ms', 'p99Ms'] as const).map((name) =>
      flat(`latency, ${name.slice(0, 3)} of steady receivers`, ({ latency }) => latency?.[name] ?? null, {
        ratio: P99_GROWTH_RATIO_MAX,
        least: P99_GROWTH_MS_MIN,
        show: (ms) => `${ms.toFixed(1)} ms`,
      }),
    ),
  ];
}

/** As much goes as comes, but what customers chose the ids of stays for seven days. */
const FILE_ALLOWANCE = { ratio: 0.5, least: 64 * 1_024 * 1_024, show: mebibytes };

function busyBytes({ tables }: Sample): number {
  return BUSY_TABLES.reduce((sum, name) => sum + (tables.bytes.get(name) ?? 0), 0);
}

function flatLine(measure: string, trend: Trend | null, { ratio, least, show }: Allowance, isLong: boolean): Line {
  if (trend === null) return told(measure, 'too short to say');
  const { first, last, perHour } = trend;
  const most = first + Math.max(first * ratio, least);
  return {
    measure,
    figure: `${show(first)} → ${show(last)}`,
    ratio: isLong ? `${perHour < 0 ? '-' : '+'}${show(Math.abs(perHour))} an hour` : '',
    target: isLong ? `≤ ${show(most)}` : '',
    met: isLong ? last <= most : null,
  };
}

function tableLines({ plan, samples, end, unexplained, oldestHours, history, missing }: Seen): Line[] {
  const most = (of: (sample: Sample) => number): number => Math.max(...[...samples, end].map(of));
  const bounded = (measure: string, value: number, bound: number, show: (value: number) => string): Line => ({
    measure,
    figure: show(value),
    ratio: '',
    target: `≤ ${show(bound)}`,
    met: value <= bound,
  });
  const isSqlite = plan.store === 'sqlite';
  const removed = end.nodes.reduce((sum, { removedEvents }) => sum + removedEvents, 0);
  return [
    none('rows of the queue that nobody waits for', Math.max(0, (end.tables.rows.get('queue') ?? 0) - missing)),
    ...[...unexplained].map(([table, rows]) => none(`rows of ${table} that no accepted event explains`, rows)),
    bounded('oldest event that is left', oldestHours, OLDEST_HOURS_MAX[plan.store], (hours) => `${hours.toFixed(2)} h`),
    told(
      'events that retention removed',
      wholeOf(removed),
      `${wholeOf(history.mustGo)} were to go; days left: ${end.tables.days.join(', ') || 'one table'}`,
    ),
    bounded(
      'the log of the database at its largest',
      most(({ tables }) => tables.logBytes),
      isSqlite ? SQLITE_LOG_BYTES_MAX : POSTGRES_LOG_BYTES_MAX,
      mebibytes,
    ),
    ...(isSqlite
      ? []
      : [
          bounded(
            'dead rows of what is owed, at the most',
            most(({ tables }) => tables.deadTuples),
            DEAD_TUPLES_MAX,
            wholeOf,
          ),
        ]),
  ];
}
