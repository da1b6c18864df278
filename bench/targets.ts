import type { Latency } from './latency.ts';
import type { Pending } from './pending.ts';
import type { SlowDisk } from './slow-disk-drain.ts';
import type { Throughput } from './throughput.ts';

/** What one run found; a part that was not asked for is null. */
export type Found = {
  readonly throughput: Throughput | null;
  readonly slowDisk: SlowDisk | null;
  readonly latency: Latency | null;
  readonly pending: readonly Pending[];
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

export function linesOf(found: Found): readonly Line[] {
  return [
    ...(found.throughput === null ? [] : throughputLines(found.throughput)),
    ...(found.slowDisk === null ? [] : [slowDiskLine(found.slowDisk)]),
    ...(found.latency === null ? [] : latencyLines(found.latency)),
    ...found.pending.flatMap(pendingLines),
  ];
}

function throughputLines({ median, ...figures }: Throughput): Line[] {
  const share = (measure: string, value: number, of: number, name: string, atLeast: number): Line => ({
    measure,
    figure: rate(value),
    ratio: `${(value / of).toFixed(2)} of ${name}`,
    target: `≥ ${atLeast.toFixed(2)}`,
    met: value / of >= atLeast,
  });
  const plain = (measure: string, figure: string): Line => ({ measure, figure, ratio: '', target: '', met: null });
  const { ceiling } = median;
  return [
    plain('ceiling: one thread that signs and sends, nothing stored', rate(ceiling)),
    share('drain, every attempt stored', median.drain, ceiling, 'the ceiling', 0.7),
    share('accept and deliver at once, one event a request', median.live, ceiling, 'the ceiling', 0.4),
    share('accept in batches of 500', median.batches, ceiling, 'the ceiling', 1),
    share('one event to 10 endpoints, accepted one by one: deliveries', median.fanOut, ceiling, 'the ceiling', 0.6),
    share('drain with two live secrets', median.drainTwoSecrets, median.drain, 'one', 0.95),
    plain(
      'bytes on disk per event, accepted and drained',
      Math.round(figures.drainedBytesPerEvent).toLocaleString('en'),
    ),
    plain('commits per event, in batches and drained', figures.drainedCommitsPerEvent.toFixed(4)),
    plain('commits per event, one by one', figures.liveCommitsPerEvent.toFixed(4)),
  ];
}

function slowDiskLine({ slow, ratio }: SlowDisk): Line {
  return {
    measure: 'drain on a disk whose commits take 10 ms longer',
    figure: rate(slow),
    ratio: `${ratio.toFixed(2)} of a normal one`,
    target: '≥ 0.90',
    met: ratio >= 0.9,
  };
}

function latencyLines({ p50Ms, p99Ms, p999Ms, maxMs, seconds }: Latency): Line[] {
  const line = (name: string, ms: number, most: number | null): Line => ({
    measure: `${name} from send to receiver's first byte, 500 a second for ${seconds} s`,
    figure: `${ms.toFixed(1)} ms`,
    ratio: '',
    target: most === null ? '' : `≤ ${most} ms`,
    met: most === null ? null : ms <= most,
  });
  return [
    line('p50', p50Ms, P50_MS_MAX),
    line('p99', p99Ms, P99_MS_MAX),
    line('p99.9', p999Ms, null),
    line('longest', maxMs, null),
  ];
}

function pendingLines(found: Pending): Line[] {
  const name = `${found.pending.toLocaleString('en')} pending, ${found.shape}`;
  const bounded = (measure: string, value: number | null, most: number, show: (value: number) => string): Line => ({
    measure: `${name}: ${measure}`,
    figure: value === null ? 'not known here' : show(value),
    ratio: '',
    target: `≤ ${show(most)}`,
    met: value === null ? null : value <= most,
  });
  const lines = [
    bounded('CPU per event of another endpoint, by that with 1,000', found.cpuRatio, PENDING_CPU_RATIO_MAX, twoDigits),
    bounded('spawn to ready', found.readySeconds, READY_SECONDS_MAX, (seconds) => `${seconds.toFixed(1)} s`),
  ];
  if (found.drainedPerSecond === null) return lines;
  return [
    ...lines,
    {
      ...bounded('peak memory while draining', found.drainPeakRssBytes, RSS_BYTES_MAX, mebibytes),
      ratio: rate(found.drainedPerSecond),
    },
  ];
}

function twoDigits(value: number): string {
  return value.toFixed(2);
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1_024 / 1_024)} MiB`;
}

function rate(value: number): string {
  return `${Math.round(value).toLocaleString('en')}/s`;
}
