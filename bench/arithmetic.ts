import { wholeOf } from './figures.ts';
import { markdownTable } from './table.ts';
import type { Line } from './targets.ts';
import type { Cost, StoreThroughput } from './throughput.ts';

const EVENTS_A_DAY = 1e9;
const SECONDS_A_DAY = 86_400;
const PEAK_BY_MEAN = 3;
/** Of a core: more, and what arrives together waits. */
const BUSY_RATIO = 0.6;
const RETENTION_DAYS = 30;
/** Tables that are cut by day. */
const PARTITIONED = 4;
/** Days that have partitions beside those of retention: today, and a week ahead. */
const DAYS_BESIDE = 8;
/** write 4, read 6, control 2, change 3, and one that listens. */
const CONNECTIONS_OF_A_NODE = 16;
/** PostgreSQL's default for autovacuum_freeze_max_age. */
const FREEZE_TRANSACTIONS = 200e6;

/** What a billion events a day take, from what one event was measured to cost. Null when that is not known. */
export function arithmetic(postgres: StoreThroughput | undefined): string | null {
  if (postgres === undefined) return null;
  const { live, drained } = postgres;
  const lines = live.cpuUs === null || live.databaseCpuUs === null ? null : linesOf(live, drained.bytes);
  return lines === null ? null : markdownTable(lines, ['what', 'figure', 'from']);
}

function linesOf({ cpuUs, databaseCpuUs, walBytes, statements }: Cost, bytes: number): readonly Line[] {
  const mean = EVENTS_A_DAY / SECONDS_A_DAY;
  const peak = mean * PEAK_BY_MEAN;
  const cores = (perSecond: number, us: number | null): number => (perSecond * (us ?? 0)) / 1e6;
  const nodes = Math.ceil(cores(peak, cpuUs) / BUSY_RATIO);
  const line = (measure: string, figure: string, ratio: string): Line => ({
    measure,
    figure,
    ratio,
    target: '',
    met: null,
  });
  const transactions = mean * (statements ?? 0) * SECONDS_A_DAY;
  return [
    line('events a second', `${wholeOf(mean)}, peaks of ${wholeOf(peak)}`, '10⁹ / 86,400; three times that'),
    line(
      'nodes',
      `${nodes} of one busy core each`,
      `${wholeOf(peak)} × ${wholeOf(cpuUs ?? 0)} µs = ${cores(peak, cpuUs).toFixed(1)} cores, ${BUSY_RATIO * 100} % busy`,
    ),
    line(
      'cores of PostgreSQL',
      `${Math.ceil(cores(peak, databaseCpuUs) / BUSY_RATIO)}`,
      `${wholeOf(peak)} × ${wholeOf(databaseCpuUs ?? 0)} µs = ${cores(peak, databaseCpuUs).toFixed(1)} cores, as busy`,
    ),
    line('connections', wholeOf(nodes * CONNECTIONS_OF_A_NODE), `${nodes} × ${CONNECTIONS_OF_A_NODE}`),
    line(
      'statements a second',
      `${wholeOf(mean * (statements ?? 0))}, peaks of ${wholeOf(peak * (statements ?? 0))}`,
      `${(statements ?? 0).toFixed(4)} for each event, in full batches; a quiet node sends up to 2`,
    ),
    line(
      'write-ahead log',
      `${((mean * (walBytes ?? 0)) / 1e6).toFixed(0)} MB a second, peaks of ${((peak * (walBytes ?? 0)) / 1e6).toFixed(0)}; ${((EVENTS_A_DAY * (walBytes ?? 0)) / 1e12).toFixed(1)} TB a day`,
      `${wholeOf(walBytes ?? 0)} bytes for each event`,
    ),
    line(
      'disk',
      `${((EVENTS_A_DAY * bytes) / 1e12).toFixed(1)} TB a day, ${((EVENTS_A_DAY * bytes * RETENTION_DAYS) / 1e12).toFixed(0)} TB for ${RETENTION_DAYS} days`,
      `${wholeOf(bytes)} bytes for each event, indexes included`,
    ),
    line(
      'partitions',
      `${PARTITIONED} a day, ${wholeOf(PARTITIONED * (RETENTION_DAYS + DAYS_BESIDE))} in all`,
      `${PARTITIONED} tables × (${RETENTION_DAYS} + ${DAYS_BESIDE} days)`,
    ),
    line(
      'transaction ids',
      `${wholeOf(transactions / 1e6)} million a day`,
      `one for each statement that writes; a freeze every ${(FREEZE_TRANSACTIONS / transactions).toFixed(1)} days`,
    ),
  ];
}
