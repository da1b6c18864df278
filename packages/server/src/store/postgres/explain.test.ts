import { createServer, type Server } from 'node:net';
import { Client } from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { DatabaseUnusable, explain, explained } from './explain.ts';
import { createTestDatabase } from './testing/database.ts';

let listening: Server | null = null;
afterEach(() => listening?.close());

/** What connecting with that address says. */
async function said(url: string): Promise<string | null> {
  let client: Client | null = null;
  try {
    client = new Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
    client.on('error', () => {});
    await client.connect();
    return 'it connected';
  } catch (error) {
    return explain(error);
  } finally {
    await client?.end().catch(() => {});
  }
}

async function listen(answer: (server: Server) => void): Promise<string> {
  const server = createServer();
  listening = server;
  answer(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `postgres://u:p@127.0.0.1:${typeof address === 'object' ? address?.port : 0}/h`;
}

describe('an operator is told', () => {
  it.each([
    ['the password is wrong', (url: URL) => Object.assign(url, { password: 'wrong' }), /the password is wrong/],
    ['there is no such database', (url: URL) => Object.assign(url, { pathname: '/nope' }), /no database of that name/],
    ['nothing listens', (url: URL) => Object.assign(url, { port: '1' }), /nothing listens there \(127\.0\.0\.1:1: /],
    ['a name is unknown', (url: URL) => Object.assign(url, { hostname: 'db.invalid' }), /host is not known|looked up/],
    ['there is no TLS', (url: URL) => Object.assign(url, { search: '?sslmode=verify-full' }), /has no encryption/],
    [
      'a CA is missing',
      (url: URL) => Object.assign(url, { search: '?sslrootcert=/no' }),
      /is not there \(\/no: ENOENT/,
    ],
  ])('%s', async (_name, change, words) => {
    const database = await createTestDatabase();
    try {
      expect(await said(change(new URL(database.url)).href)).toMatch(words);
    } finally {
      await database.drop();
    }
  });

  it('nothing answers, or something that is no database hangs up', async () => {
    expect(await said(await listen(() => {}))).toMatch(/in time/);
    listening?.close();
    expect(await said(await listen((server) => server.on('connection', (socket) => socket.destroy())))).toMatch(
      /ended the connection/,
    );
  });

  it('what to do about what the server said in the middle', async () => {
    const database = await createTestDatabase();
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const told = async (sql: string): Promise<string | null> =>
      await client.query(sql).then(
        () => 'it worked',
        (error: unknown) => explain(error),
      );
    try {
      await client.query('SET default_transaction_read_only = on');
      expect(await told('CREATE TABLE a (b int)')).toMatch(/takes no writes: name the primary/);
      await client.query('SET default_transaction_read_only = off');
      await client.query("CREATE ROLE hookring_nobody; SET ROLE 'hookring_nobody'");
      expect(await told('CREATE TABLE a (b int)')).toMatch(/may not do that/);
      await client.query('RESET ROLE; DROP ROLE hookring_nobody');
      expect(await told('SELECT 1 / 0')).toBe(null);
      // As behind a pooler that nobody mentioned.
      expect(await told('EXECUTE of_another_session')).toMatch(/set HOOKRING_DATABASE_POOLER=transaction/);
      await client.query('PREPARE of_this_session AS SELECT 1');
      expect(await told('PREPARE of_this_session AS SELECT 1')).toMatch(/set HOOKRING_DATABASE_POOLER=transaction/);
    } finally {
      await client.end();
      await database.drop();
    }
  });
});

it.each([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', /sslrootcert/],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /sslrootcert/],
  ['CERT_HAS_EXPIRED', /has expired/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', /another name/],
])('tells an operator what is wrong with a certificate: %s', (code, words) => {
  expect(explain(Object.assign(new Error('tls'), { code }))).toMatch(words);
});

it('leaves alone what no operator can mend', () => {
  const broken = new TypeError('undefined is not a function');
  expect(explained(broken)).toBe(broken);
  expect(explained('text')).toBe('text');
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  expect(explained(new AggregateError([refused]))).toBeInstanceOf(DatabaseUnusable);
});
