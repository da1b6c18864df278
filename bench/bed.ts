import { readdirSync, readFileSync, statSync } from 'node:fs';
import { type ServerProcess, startServer } from '../testbed/server-process.ts';
import type { LoadOrder } from './load-process.ts';
import type { SinkProcess } from './sink-process.ts';

export const PAYLOAD_BYTES = 1_024;
const BATCH = 500;
const POLL_MS = 10;
/** Nothing in a benchmark may wait for ever. */
const WAIT_MS_MAX = 10 * 60_000;

/** A JSON value of exactly so many bytes; `stamp` leaves room for the time of sending. */
export function payloadOf(bytes: number, stamp = ''): string {
  const frame = `{"at":"${stamp}","data":""}`;
  return `{"at":"${stamp}","data":"${'x'.repeat(bytes - frame.length)}"}`;
}

export type Usage = {
  /** Processor time of all threads since the start, milliseconds; null where the system does not say. */
  readonly cpuMs: number | null;
  readonly commits: number;
  readonly diskBytes: number;
};

/** A server in a process of its own, with everything on that a user has on, and the calls that measures make. */
export class Bed {
  readonly server: ServerProcess;

  constructor(server: ServerProcess) {
    this.server = server;
  }

  static async start(options: { environment?: Record<string, string>; nodeFlags?: readonly string[] } = {}) {
    const { environment = {}, ...others } = options;
    return new Bed(await startServer(environment, others));
  }

  async call(method: string, path: string, body: string | null = null): Promise<unknown> {
    const headers = { authorization: `Bearer ${this.server.key}`, 'content-type': 'application/json' };
    const response = await fetch(`${this.server.url}${path}`, { method, headers, body });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text === '' ? null : JSON.parse(text);
  }

  async createEndpoint(url: string, eventTypes: readonly string[]): Promise<string> {
    const created = await this.call('POST', '/v1/endpoints', JSON.stringify({ url, eventTypes }));
    return (created as { endpoint: { id: string } }).endpoint.id; // The contract's answer.
  }

  async setStatus(endpointId: string, status: 'active' | 'suspended'): Promise<void> {
    await this.call('PATCH', `/v1/endpoints/${endpointId}`, JSON.stringify({ status }));
  }

  /** What the load generator sends: events one by one, or in batches. */
  order(type: string, batch: number, stamp = ''): Omit<LoadOrder, 'connections' | 'requests'> {
    const event = `{"type":"${type}","payload":${payloadOf(PAYLOAD_BYTES, stamp)}}`;
    const { host, hostname, port } = new URL(this.server.url);
    const head = [
      'POST /v1/events HTTP/1.1',
      `host: ${host}`,
      `authorization: Bearer ${this.server.key}`,
      'content-type: application/json',
      '',
    ].join('\r\n');
    const body = batch === 1 ? event : `{"events":[${Array.from({ length: batch }, () => event).join(',')}]}`;
    return { host: hostname, port: Number(port), head, body, perSecond: 0, stamped: stamp !== '' };
  }

  /** Accepts events in batches, one request after the other. Answers events per second. */
  async fill(type: string, count: number, batch: number = BATCH): Promise<number> {
    const { body } = this.order(type, batch);
    const started = performance.now();
    for (let sent = 0; sent < count; sent += batch) await this.call('POST', '/v1/events', body);
    return count / ((performance.now() - started) / 1_000);
  }

  async usage(): Promise<Usage> {
    const text = await (await fetch(`${this.server.url}/metrics`)).text();
    const commits = /^hookring_store_commit_duration_seconds_count (\d+)/m.exec(text)?.[1];
    const { databasePath, pid } = this.server;
    const bytesOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    return {
      cpuMs: cpuMsOf(pid),
      commits: Number(commits ?? 0),
      diskBytes: bytesOf(databasePath) + bytesOf(`${databasePath}-wal`),
    };
  }

  /** The most memory that the process has held since its start; null where the system does not say. */
  peakRssBytes(): number | null {
    try {
      const kib = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${this.server.pid}/status`, 'utf8'))?.[1];
      return kib === undefined ? null : Number(kib) * 1_024;
    } catch {
      return null;
    }
  }

  async stop(): Promise<void> {
    await this.server.drain();
    await this.server.remove();
  }
}

/** Waits until a receiver has seen so many requests. */
export async function untilCount(sink: SinkProcess, count: number): Promise<void> {
  const deadline = Date.now() + WAIT_MS_MAX;
  while ((await sink.count()) < count) {
    if (Date.now() > deadline) throw new Error(`the receiver saw ${await sink.count()} requests instead of ${count}`);
    await pause(POLL_MS);
  }
}

export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Linux counts the nanoseconds of each thread. */
function cpuMsOf(pid: number): number | null {
  try {
    let ns = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    }
    return ns / 1e6;
  } catch {
    return null;
  }
}
