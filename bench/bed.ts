import { statSync } from 'node:fs';
import { type ServerProcess, startServer } from '../testbed/server-process.ts';
import type { LoadOrder } from './load-process.ts';
import type { PostgresDatabase } from './postgres-bed.ts';
import { memoryOf } from './process-memory.ts';
import { cpuMsOfThreads } from './processor-time.ts';
import { scrape } from './scrape.ts';
import type { SinkProcess } from './sink-process.ts';

export const PAYLOAD_BYTES = 1_024;
const BATCH = 500;
const POLL_MS = 10;
/** Nothing in a benchmark may wait for ever. */
const WAIT_MS_MAX = 10 * 60_000;

export const STORES = ['sqlite', 'postgres'] as const;
export type StoreKind = (typeof STORES)[number];
export const STORE_NAMES: Readonly<Record<StoreKind, string>> = { sqlite: 'SQLite', postgres: 'PostgreSQL' };

/** A JSON value of exactly so many bytes; `stamp` leaves room for the time of sending. */
export function payloadOf(bytes: number, stamp = ''): string {
  const frame = `{"at":"${stamp}","data":""}`;
  return `{"at":"${stamp}","data":"${'x'.repeat(bytes - frame.length)}"}`;
}

export type Usage = {
  /** Processor time of all threads since the start, milliseconds; null where the system does not say. */
  readonly cpuMs: number | null;
  /** Of a PostgreSQL server with all its processes. */
  readonly databaseCpuMs: number | null;
  readonly commits: number;
  readonly diskBytes: number;
  /** Of PostgreSQL alone: bytes of its log and statements that this node sent. */
  readonly walBytes: number | null;
  readonly statements: number | null;
};

/** A server in a process of its own, with everything on that a user has on, and the calls that measures make. */
export class Bed {
  readonly server: ServerProcess;
  /** Null: SQLite, in the server's own folder. */
  readonly database: PostgresDatabase | null;

  constructor(server: ServerProcess, database: PostgresDatabase | null) {
    this.server = server;
    this.database = database;
  }

  static async start(
    options: {
      environment?: Record<string, string>;
      nodeFlags?: readonly string[];
      database?: PostgresDatabase;
      key?: string;
      onLog?: (text: string) => void;
    } = {},
  ): Promise<Bed> {
    const { environment = {}, nodeFlags = [], database = null, key, onLog = () => {} } = options;
    const onPostgres = database === null ? {} : { postgres: { url: database.url } };
    const keyed = key === undefined ? {} : { key };
    return new Bed(await startServer(environment, { ...onPostgres, ...keyed, nodeFlags, onLog }), database);
  }

  /** Has every scope. Nodes of one database share it. */
  get key(): string {
    return this.server.key;
  }

  /** The same database and settings in a new process. */
  async restart(): Promise<Bed> {
    return new Bed(await this.server.restart(), this.database);
  }

  async call(method: string, path: string, body: string | null = null): Promise<unknown> {
    const headers = { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' };
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

  /** What the load generator sends: events one by one, or in batches, of each type in turn. */
  order(types: string | readonly string[], batch: number, stamp = ''): Omit<LoadOrder, 'connections' | 'requests'> {
    const { host, hostname, port } = new URL(this.server.url);
    const head = [
      'POST /v1/events HTTP/1.1',
      `host: ${host}`,
      `authorization: Bearer ${this.key}`,
      'content-type: application/json',
      '',
    ].join('\r\n');
    const bodies = [types].flat().map((type) => bodyOf(type, batch, stamp));
    return { host: hostname, port: Number(port), head, bodies, perSecond: 0, stamped: stamp !== '' };
  }

  /** Accepts events in batches, one request after the other. Answers events per second. */
  async fill(type: string, count: number, batch: number = BATCH): Promise<number> {
    const body = bodyOf(type, batch);
    const started = performance.now();
    for (let sent = 0; sent < count; sent += batch) await this.call('POST', '/v1/events', body);
    return count / ((performance.now() - started) / 1_000);
  }

  async usage(): Promise<Usage> {
    const figures = await scrape(this.server.url);
    const { databasePath, pid } = this.server;
    const bytesOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    const database = (await this.database?.usage()) ?? null;
    return {
      cpuMs: cpuMsOfThreads(pid),
      databaseCpuMs: database?.cpuMs ?? null,
      commits: figures.sum('hookring_store_commit_duration_seconds_count'),
      diskBytes: database?.diskBytes ?? bytesOf(databasePath) + bytesOf(`${databasePath}-wal`),
      walBytes: database?.walBytes ?? null,
      statements: database === null ? null : figures.sum('hookring_store_statements_total'),
    };
  }

  /** The most memory that the process has held since its start; null where the system does not say. */
  peakRssBytes(): number | null {
    return memoryOf(this.server.pid, 'VmHWM');
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

function bodyOf(type: string, batch: number, stamp = ''): string {
  const event = `{"type":"${type}","payload":${payloadOf(PAYLOAD_BYTES, stamp)}}`;
  return batch === 1 ? event : `{"events":[${Array.from({ length: batch }, () => event).join(',')}]}`;
}
