import { connect, createServer, type Server } from 'node:net';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from './database.ts';
import { inspectPostgres, type PostgresFacts } from './inspect.ts';
import { migrate } from './migrate.ts';
import { createTestDatabase, type TestDatabase } from './testing/database.ts';
import { TRANSFER_TABLE } from './unfinished-transfer.ts';
import { makeDaysAhead } from './writer/partitions.ts';

const BACKEND_KEY = 'K'.charCodeAt(0);
const READY = 'Z'.charCodeAt(0);

let database: TestDatabase;
let proxy: Server | null;
beforeEach(async () => {
  proxy = null;
  database = await createTestDatabase();
});
afterEach(async () => {
  proxy?.close();
  await database.drop();
});

async function facts(url = database.url): Promise<PostgresFacts> {
  const found = await inspectPostgres({ url, pooler: 'none', now: Date.now });
  if (found.kind !== 'reached') throw new Error(found.problem);
  return found.facts;
}

async function sql(text: string): Promise<void> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query(text);
  await client.end();
}

/** Stands before the database as poolers do: it makes up the number of the session. */
async function startProxy(): Promise<string> {
  const { port, hostname } = new URL(database.url);
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) socket.on('error', () => socket.destroy());
    near.pipe(far);
    let held: Buffer = Buffer.alloc(0);
    let isStarting = true;
    far.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      while (isStarting && held.length >= 5 && held.length > held.readInt32BE(1)) {
        const length = held.readInt32BE(1) + 1;
        if (held[0] === BACKEND_KEY) held.writeInt32BE(1, 5);
        isStarting = held[0] !== READY;
        near.write(held.subarray(0, length));
        held = held.subarray(length);
      }
      if (isStarting) return;
      near.write(held);
      held = Buffer.alloc(0);
    });
    far.on('close', () => near.destroy());
  });
  proxy = server;
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const url = new URL(database.url);
  url.port = String(typeof address === 'object' ? address?.port : 0);
  return url.href;
}

describe('an inspection', () => {
  it('counts the connections of other users too, which a user without privileges may not look at', async () => {
    const others = [1, 2, 3].map(() => new Client({ connectionString: database.url }));
    for (const other of others) await other.connect();
    const role = `plain_${process.pid}`;
    await sql(`CREATE ROLE ${role} LOGIN PASSWORD 'plain'`);
    try {
      const url = new URL(database.url);
      [url.username, url.password] = [role, 'plain'];
      const { used } = (await facts(url.href)).connections;
      expect(used).toBeGreaterThan(others.length);
    } finally {
      for (const other of others) await other.end();
      await sql(`DROP ROLE ${role}`);
    }
  });

  it('sees what the server is like, and changes nothing in an empty database', async () => {
    const found = await facts();
    expect(found).toMatchObject({ encoding: 'UTF8', isPooled: false, isReadOnly: false, mayCreate: true });
    expect(found.version).toBeGreaterThan(150_000);
    expect(found.hearsNotifications).toBe(true);
    expect(Math.abs(found.clockOffset.ms)).toBeLessThan(1_000 + found.clockOffset.errorMs);
    expect(found.content).toEqual({ kind: 'empty' });
    expect((await facts()).content).toEqual({ kind: 'empty' });
  });

  it('sees that something stands before the database', async () => {
    const found = await facts(await startProxy());
    expect([found.isPooled, found.hearsNotifications]).toEqual([true, null]);
  });

  it('sees whose the tables are, and what is in them', async () => {
    await sql('CREATE TABLE theirs (a int)');
    expect((await facts()).content).toEqual({ kind: 'foreign', table: 'theirs' });
    await sql('DROP TABLE theirs');
    const db = openDatabase({ url: database.url, pooler: 'none' });
    await migrate(db, { where: 'here' });
    expect((await facts()).content).toMatchObject({ kind: 'ours', daysAhead: 0, nodes: 0, sealed: [] });
    await makeDaysAhead(db, Date.now());
    await db.close();
    await sql(`INSERT INTO nodes (started_at, seen_at) VALUES (0, 0), (0, (extract(epoch FROM now()) * 1000)::bigint)`);
    expect((await facts()).content).toMatchObject({ kind: 'ours', nodes: 1, daysAhead: 7 });
    await sql(`CREATE TABLE ${TRANSFER_TABLE} (a int)`);
    expect((await facts()).content).toEqual({ kind: 'transfer' });
  });

  it('sees a database that takes no writes', async () => {
    const { pathname } = new URL(database.url);
    await sql(`ALTER DATABASE ${pathname.slice(1)} SET default_transaction_read_only = on`);
    expect((await facts()).isReadOnly).toBe(true);
  });
});
