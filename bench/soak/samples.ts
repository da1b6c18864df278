import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../figures.ts';
import type { Customers } from './customers.ts';
import { lookAtNode, type NodeLook } from './look-at-process.ts';
import type { TablesLook, TablesWatch } from './look-at-tables.ts';

export type Sample = {
  /** Since the load began. */
  readonly seconds: number;
  readonly nodes: readonly NodeLook[];
  /** Of steady customers, since the sample before; null when nothing came. */
  readonly latency: { readonly count: number; readonly p50Ms: number; readonly p99Ms: number } | null;
  readonly tables: TablesLook;
};

type Watched = {
  readonly nodes: readonly { readonly url: string; readonly pid: number }[];
  readonly customers: Customers;
  readonly tables: TablesWatch;
};

/** All looks, and why some failed: an hour of load does not end because nobody could see for a moment. */
type Samples = { readonly samples: readonly Sample[]; readonly failures: readonly string[] };

/** Looks at everything again and again until told to end. */
export async function watch(
  watched: Watched,
  options: { readonly everySeconds: number; readonly signal: AbortSignal; readonly onSample: (sample: Sample) => void },
): Promise<Samples> {
  const { everySeconds, signal, onSample } = options;
  const samples: Sample[] = [];
  const failures: string[] = [];
  const started = performance.now();
  for (let index = 1; !signal.aborted; index += 1) {
    const dueInMs = started + index * everySeconds * 1_000 - performance.now();
    // An end in the meantime is not an error.
    if (dueInMs > 0) await sleep(dueInMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    try {
      const sample = await look(watched, (performance.now() - started) / 1_000);
      samples.push(sample);
      onSample(sample);
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { samples, failures };
}

export async function look({ nodes, customers, tables }: Watched, seconds: number): Promise<Sample> {
  const latencies = customers.latenciesMs.toSorted((a, b) => a - b);
  customers.latenciesMs = [];
  const latency =
    latencies.length === 0
      ? null
      : { count: latencies.length, p50Ms: percentile(latencies, 0.5), p99Ms: percentile(latencies, 0.99) };
  return {
    seconds,
    latency,
    nodes: await Promise.all(nodes.map(async ({ url, pid }) => await lookAtNode(url, pid))),
    tables: await tables.look(),
  };
}
