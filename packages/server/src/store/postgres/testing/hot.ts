import { Client } from 'pg';
import { type Clock, systemClock, systemTimers } from '../../../domain/clock.ts';
import type { EndpointId, OrganizationId } from '../../../domain/ids.ts';
import { newId, START } from '../../contract/fixtures.ts';
import type { Incarnation } from '../../port.ts';
import { type Database, openDatabase } from '../database.ts';
import { createHotWriter, type HotWriter } from '../writer/writer.ts';
import { type CutProxy, startCutProxy } from './cut-proxy.ts';
import { createMigratedDatabase } from './migrated-database.ts';

/** A node's hot writer without the rest of a store, and what it told. */
export type HotNode = {
  readonly writer: HotWriter;
  readonly db: Database;
  /** Another one after the node lost its leases. */
  incarnation: Incarnation;
  /** Times at which it said that there is due work. */
  readonly due: number[];
  readonly failures: string[];
  /** How often trouble was over. */
  readonly recoveries: number[];
};

export type Hot = {
  readonly url: string;
  /** A session beside all nodes. */
  readonly sql: Client;
  /** `aheadMs` is added to the time that never steps back. */
  readonly clock: Clock & { time: number; aheadMs: number };
  /** Another one, for statements that wait. */
  connect(): Promise<Client>;
  node(options?: { readonly url?: string; readonly pooler?: 'none' | 'transaction' }): Promise<HotNode>;
  proxy(): Promise<CutProxy>;
  /** An organization with so many endpoints. */
  populate(endpoints: number): Promise<{ readonly organizationId: OrganizationId; readonly endpoints: EndpointId[] }>;
  /** The first column of the first row. */
  value(text: string, values?: readonly unknown[]): Promise<unknown>;
};

/** Runs a test on a database of its own; what it opened is closed whatever happens. */
export async function withHot(test: (hot: Hot) => Promise<void>): Promise<void> {
  const database = await createMigratedDatabase(START);
  await using opened = new AsyncDisposableStack();
  opened.defer(async () => await database.drop());
  const clock = {
    time: START,
    aheadMs: 0,
    now: () => clock.time,
    monotonic: () => systemClock.monotonic() + clock.aheadMs,
  };

  async function connect(): Promise<Client> {
    const client = new Client({ connectionString: database.url });
    client.on('error', () => {});
    await client.connect();
    opened.defer(async () => await client.end());
    return client;
  }
  const sql = await connect();
  const value = async (text: string, values: readonly unknown[] = []): Promise<unknown> => {
    const { rows } = await sql.query({ text, values: [...values], rowMode: 'array' });
    return rows[0]?.[0];
  };

  await test({
    url: database.url,
    sql,
    clock,
    connect,
    value,
    async node({ url = database.url, pooler = 'none' } = {}) {
      const db = openDatabase({ url, pooler, connections: { write: 4, read: 1, control: 1 } });
      const start = 'INSERT INTO nodes (started_at, seen_at) VALUES ($1, $1) RETURNING incarnation';
      const run = { incarnation: Number(await value(start, [START])) };
      const due: number[] = [];
      const failures: string[] = [];
      const recoveries: number[] = [];
      const writer = createHotWriter({
        db,
        clock,
        timers: systemTimers,
        random: Math.random,
        incarnation: () => run.incarnation,
        onDue: () => due.push(clock.now()),
        telemetry: {
          storeCommitted() {},
          storeFailing: (cause) => failures.push(cause),
          storeWorksAgain: (afterMs) => recoveries.push(afterMs),
        },
      });
      opened.defer(async () => {
        await writer.drain();
        await db.close();
      });
      return Object.assign(run, { writer, db, due, failures, recoveries });
    },
    async proxy() {
      const proxy = await startCutProxy(database.url);
      opened.defer(async () => await proxy.close());
      return proxy;
    },
    async populate(count) {
      const organizationId = newId('org');
      await sql.query(
        `INSERT INTO organizations (id, name, rotation_policy, version, created_at, updated_at)
        VALUES ($1, 'Acme', '{}', 1, 0, 0)`,
        [organizationId],
      );
      const endpoints = Array.from({ length: count }, () => newId('ep'));
      await sql.query(
        `INSERT INTO endpoints (id, organization, url, status, settings, version, created_at, updated_at)
        SELECT unnest($1::text[]), number, 'https://example.com', 'active', '{}', 1, 0, 0
        FROM organizations WHERE id = $2`,
        [endpoints, organizationId],
      );
      return { organizationId, endpoints };
    },
  });
}

/** Waits until a session of that statement waits for a lock. */
export async function untilBlocked(hot: Hot, sessions = 1): Promise<void> {
  const waiting = `SELECT count(*)::integer FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name = 'hookring write'`;
  while (Number(await hot.value(waiting)) < sessions) await new Promise((resolve) => setTimeout(resolve, 2));
}
