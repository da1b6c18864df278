import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Client, type QueryResult } from 'pg';
import { type PostgresServer, startPostgresServer } from '../testbed/postgres-server.ts';
import { cpuMsOfFamily } from './processor-time.ts';

/** One of the server's databases, as a measure looks at it. */
export type PostgresDatabase = {
  readonly url: string;
  readonly name: string;
  /** One statement from outside, on a connection to this database. */
  query(text: string, values?: readonly unknown[]): Promise<QueryResult>;
  usage(): Promise<DatabaseUsage>;
};

export type DatabaseUsage = {
  /** Of the whole server; null where the system does not say. */
  readonly cpuMs: number | null;
  /** Of the log of the whole server, since it was made. */
  readonly walBytes: number;
  readonly diskBytes: number;
};

/** How often a statement ran and what it touched, as the server counts it. */
export type StatementUsage = {
  readonly text: string;
  readonly calls: number;
  readonly ms: number;
  readonly rows: number;
  /** Pages of 8 KiB that were looked at, in memory or not. */
  readonly pages: number;
  readonly walBytes: number;
};

/** A server of its own as an operator would have it: every commit is on the disk before it is answered. */
export class PostgresBed implements AsyncDisposable {
  readonly server: PostgresServer;
  readonly #admin: Client;
  readonly #clients = new Map<string, Client>();
  #made = 0;

  constructor(server: PostgresServer, admin: Client) {
    this.server = server;
    this.#admin = admin;
  }

  /** `counted`: each statement is counted by the server itself, which costs it a little. */
  static async start(options: { counted?: boolean; flags?: readonly string[] } = {}): Promise<PostgresBed> {
    const counting = ['-c', 'shared_preload_libraries=pg_stat_statements', '-c', 'pg_stat_statements.track=top'];
    const flags = [...(options.counted === true ? counting : []), ...(options.flags ?? [])];
    const server = await startPostgresServer(flags);
    const admin = await connected(server.url('postgres'));
    if (options.counted === true) await admin.query('CREATE EXTENSION pg_stat_statements');
    return new PostgresBed(server, admin);
  }

  async createDatabase(): Promise<PostgresDatabase> {
    this.#made += 1;
    const name = `bench_${this.#made}`;
    await this.#admin.query(`CREATE DATABASE ${name}`);
    const url = this.server.url(name);
    const client = await connected(url);
    this.#clients.set(name, client);
    return {
      url,
      name,
      query: async (text, values = []) => await client.query(text, [...values]),
      usage: async () => {
        const { rows } = await this.#admin.query<{ wal: string; disk: string }>(
          `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS wal, pg_database_size('${name}') AS disk`,
        );
        return { cpuMs: this.cpuMs(), walBytes: Number(rows[0]?.wal), diskBytes: Number(rows[0]?.disk) };
      },
    };
  }

  async dropDatabase({ name }: PostgresDatabase): Promise<void> {
    await this.#clients.get(name)?.end();
    this.#clients.delete(name);
    await this.#admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
  }

  get pid(): number {
    return Number(readFileSync(path.join(this.server.folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
  }

  cpuMs(): number | null {
    return cpuMsOfFamily(this.pid);
  }

  async version(): Promise<string> {
    const { rows } = await this.#admin.query<{ server_version: string }>('SHOW server_version');
    return `PostgreSQL ${rows[0]?.server_version.split(' ')[0] ?? ''}`;
  }

  /** What ran in a database so far; of a server that was started `counted`. */
  async statements({ name }: PostgresDatabase): Promise<ReadonlyMap<string, StatementUsage>> {
    const { rows } = await this.#admin.query<Record<keyof StatementUsage | 'id', string>>(
      `SELECT queryid AS id, query AS text, calls, total_exec_time AS ms, rows,
         shared_blks_hit + shared_blks_read AS pages, wal_bytes AS "walBytes"
       FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = $1)`,
      [name],
    );
    return new Map(
      rows.map(({ id, text, calls, ms, rows: count, pages, walBytes }) => [
        id,
        {
          text,
          calls: Number(calls),
          ms: Number(ms),
          rows: Number(count),
          pages: Number(pages),
          walBytes: Number(walBytes),
        },
      ]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of [...this.#clients.values(), this.#admin]) await client.end();
    await this.server.stop();
  }
}

/** A server that is told to stop says so to its connections, which is no error then. */
async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return client;
}
