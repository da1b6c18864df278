import { Client, DatabaseError } from 'pg';
import { describe, expect, it } from 'vitest';
import { openDatabase } from './database.ts';
import { faultOf, pauseMs } from './retry.ts';
import { createTestDatabase } from './testing/database.ts';

function refusal(code: string, constraint?: string): DatabaseError {
  return Object.assign(new DatabaseError('said by the server', 0, 'error'), { code, constraint });
}

describe('an error of the store is', () => {
  it.each([
    ['40001', { kind: 'again' }],
    ['40P01', { kind: 'again' }],
    ['55P03', { kind: 'again' }],
    ['40003', { kind: 'outage', isOpen: true }],
    ['08000', { kind: 'outage', isOpen: true }],
    ['08006', { kind: 'outage', isOpen: true }],
    ['57P01', { kind: 'outage', isOpen: true }],
    ['57P02', { kind: 'outage', isOpen: true }],
    ['57P05', { kind: 'outage', isOpen: true }],
    ['57014', { kind: 'outage', isOpen: false }],
    ['57P03', { kind: 'outage', isOpen: false }],
    ['53300', { kind: 'outage', isOpen: false }],
    ['53200', { kind: 'outage', isOpen: false }],
    ['53100', { kind: 'refused', reason: 'disk_low' }],
    ['25006', { kind: 'refused', reason: 'commit_failed' }],
    ['28P01', { kind: 'refused', reason: 'commit_failed' }],
    ['42P01', { kind: 'refused', reason: 'commit_failed' }],
    ['42501', { kind: 'refused', reason: 'commit_failed' }],
    ['58030', { kind: 'refused', reason: 'commit_failed' }],
    ['XX001', { kind: 'refused', reason: 'commit_failed' }],
    ['21000', { kind: 'broken' }],
    ['22021', { kind: 'broken' }],
    ['22003', { kind: 'broken' }],
    ['23505', { kind: 'broken' }],
    ['23502', { kind: 'broken' }],
    ['54000', { kind: 'broken' }],
  ])('known by its SQLSTATE: %s', (code, fault) => {
    expect(faultOf(refusal(code))).toEqual(fault);
  });

  it('a day without room where no check is named, and a broken value where one is', () => {
    expect(faultOf(refusal('23514'))).toEqual({ kind: 'no_partition' });
    expect(faultOf(refusal('23514', 'some_check'))).toEqual({ kind: 'broken' });
  });

  it('open when the connection said it: nobody knows what the server did', () => {
    for (const code of ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNREFUSED']) {
      expect(faultOf(Object.assign(new Error('x'), { code }))).toEqual({ kind: 'outage', isOpen: true });
    }
    expect(faultOf(new Error('Connection terminated unexpectedly'))).toEqual({ kind: 'outage', isOpen: true });
    expect(faultOf(new Error('Query read timeout'))).toEqual({ kind: 'outage', isOpen: true });
  });
});

describe('what a server really says', () => {
  const failureOf = async (url: string, ...statements: readonly string[]): Promise<unknown> => {
    const client = new Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    try {
      for (const text of statements) await client.query(text);
      return null;
    } catch (error) {
      return error;
    } finally {
      await client.end();
    }
  };

  it('is told apart', async () => {
    const database = await createTestDatabase();
    const { url } = database;
    try {
      await failureOf(url, 'CREATE TABLE t (id integer PRIMARY KEY, note text, CHECK (id <> 9))');
      await failureOf(url, 'CREATE TABLE p (at integer) PARTITION BY RANGE (at)');
      const cases: readonly [readonly string[], string][] = [
        [['INSERT INTO t VALUES (1)', 'INSERT INTO t VALUES (1)'], 'broken'],
        [['INSERT INTO t VALUES (9)'], 'broken'],
        [["INSERT INTO t VALUES (3, convert_from('\\x00', 'UTF8'))"], 'broken'],
        [['SELECT 1 / 0'], 'broken'],
        [['INSERT INTO p VALUES (1)'], 'no_partition'],
        [['SET statement_timeout = 10', 'SELECT pg_sleep(5)'], 'outage'],
        [['SET default_transaction_read_only = on', 'INSERT INTO t VALUES (4)'], 'refused'],
        [['SELECT pg_terminate_backend(pg_backend_pid())'], 'outage'],
        [['SELECT * FROM nowhere'], 'refused'],
      ];
      for (const [statements, kind] of cases) {
        expect([statements.at(-1), faultOf(await failureOf(url, ...statements)).kind]).toEqual([
          statements.at(-1),
          kind,
        ]);
      }
    } finally {
      await database.drop();
    }
  });

  it('is an open outage where nobody listens', async () => {
    const away = openDatabase({ url: 'postgres://a:b@127.0.0.1:1/x', pooler: 'none' });
    const failure = await away
      .on('write')
      .run({ name: 'x', text: 'SELECT 1' })
      .catch((error: unknown) => error);
    expect(faultOf(failure)).toEqual({ kind: 'outage', isOpen: true });
    await away.close();
  });
});

describe('the pause before another try', () => {
  it('grows up to a bound, and is never the same for all', () => {
    for (let tries = 1; tries < 20; tries += 1) {
      expect(pauseMs(tries, () => 0)).toBeLessThan(pauseMs(tries, () => 0.99));
      expect(pauseMs(tries + 1, () => 0.5)).toBeGreaterThanOrEqual(pauseMs(tries, () => 0.5));
      expect(pauseMs(tries, () => 0.99)).toBeLessThanOrEqual(500);
    }
  });
});
