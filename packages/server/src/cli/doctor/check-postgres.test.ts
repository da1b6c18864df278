import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import type { PostgresFacts } from '../../store/postgres/inspect.ts';
import { createTestDatabase, type TestDatabase } from '../../store/postgres/testing/database.ts';
import { worst } from '../testing/doctor-folder.ts';
import { postgresFindings } from './check-postgres.ts';
import { examine } from './examine.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');

const GOOD: PostgresFacts = {
  version: 160_004,
  versionText: '16.4',
  encoding: 'UTF8',
  isEncrypted: true,
  isPooled: false,
  isReadOnly: false,
  mayCreate: true,
  durability: { synchronousCommit: 'on', fsync: 'on', fullPageWrites: 'on' },
  connections: { max: 97, used: 20 },
  clockOffset: { ms: 3, errorMs: 1 },
  hearsNotifications: true,
  content: { kind: 'ours', version: 1, versionKnown: 1, daysAhead: 7, nodes: 2, sealed: [] },
};

async function findings(facts: Partial<PostgresFacts>, env: Readonly<Record<string, string>> = {}) {
  const given = { HOOKRING_DATABASE_URL: 'postgres://u:hunter2@db/h?sslmode=verify-full', HOOKRING_MASTER_KEY: KEY };
  const loaded = await loadConfig({ env: { ...given, ...env }, flags: {}, cwd: '/nowhere' });
  if (!loaded.ok || loaded.config.database.kind !== 'postgres') throw new Error('the configuration');
  const found = postgresFindings({ ...GOOD, ...facts }, loaded.config, loaded.config.database);
  for (const { status, advice } of found) expect(advice === null).toBe(status === 'ok');
  expect(JSON.stringify(found)).not.toContain('hunter2');
  return found;
}

it('doctor finds nothing where all is well', async () => {
  expect((await findings({})).filter(({ status }) => status !== 'ok')).toEqual([]);
});

describe('doctor sees of PostgreSQL that', () => {
  it.each<[string, Partial<PostgresFacts>, string, string]>([
    ['it is too old', { version: 140_000, versionText: '14.0' }, 'version', 'problem'],
    ['it has another encoding', { encoding: 'SQL_ASCII' }, 'encoding', 'problem'],
    ['it is a replica', { isReadOnly: true }, 'writable', 'problem'],
    ['its user may make no tables', { mayCreate: false }, 'writable', 'problem'],
    ['a crash loses events', { durability: { ...GOOD.durability, synchronousCommit: 'off' } }, 'durability', 'problem'],
    ['a power cut breaks it', { durability: { ...GOOD.durability, fsync: 'off' } }, 'durability', 'problem'],
    ['its pages may be torn', { durability: { ...GOOD.durability, fullPageWrites: 'off' } }, 'durability', 'problem'],
    ['it has few connections left', { connections: { max: 97, used: 90 } }, 'connections', 'warning'],
    ['a pooler stands before it', { isPooled: true }, 'pooler', 'problem'],
    ['its clock differs', { clockOffset: { ms: -60_000, errorMs: 1 } }, 'database clock', 'warning'],
    ['LISTEN brings nothing', { hearsNotifications: false }, 'notifications', 'warning'],
    ['it is of another program', { content: { kind: 'foreign', table: 'theirs' } }, 'schema', 'problem'],
    ['a migration is not finished', { content: { kind: 'transfer' } }, 'schema', 'problem'],
    [
      'a newer release was here',
      { content: { ...GOOD.content, version: 9 } as PostgresFacts['content'] },
      'schema',
      'problem',
    ],
    [
      'days are missing',
      { content: { ...GOOD.content, daysAhead: 1 } as PostgresFacts['content'] },
      'partitions',
      'warning',
    ],
    ['nobody sends', { content: { ...GOOD.content, nodes: 0 } as PostgresFacts['content'] }, 'nodes', 'warning'],
    [
      'the key is another one',
      {
        content: {
          ...GOOD.content,
          sealed: [{ owner: 'o', id: 'i', sealed: 'sealed.AAAA' }],
        } as PostgresFacts['content'],
      },
      'master key',
      'problem',
    ],
  ])('%s', async (_name, facts, check, status) => {
    expect(worst(await findings(facts), check)?.status).toBe(status);
  });

  it('the way to it is not encrypted, or anybody may stand in it', async () => {
    const tls = async (url: string) => worst(await findings({}, { HOOKRING_DATABASE_URL: url }), 'tls')?.status;
    expect(await tls('postgres://db/h')).toBe('warning');
    expect(await tls('postgres://db/h?sslmode=no-verify')).toBe('warning');
    expect(await tls('postgres://db/h?sslmode=disable')).toBe('ok');
    expect(await tls('postgres://127.0.0.1/h')).toBe('ok');
  });

  it('a pooler is said to be there and is not, or is there as it was said', async () => {
    const env = { HOOKRING_DATABASE_POOLER: 'transaction' };
    expect(worst(await findings({}, env), 'pooler')?.status).toBe('warning');
    expect(worst(await findings({ isPooled: true, hearsNotifications: null }, env), 'pooler')?.status).toBe('ok');
  });
});

describe('doctor, on a real database', () => {
  let database: TestDatabase;
  let cwd: string;
  beforeEach(async () => {
    database = await createTestDatabase();
    cwd = mkdtempSync(join(tmpdir(), 'hookring-doctor-'));
  });
  afterEach(async () => {
    await database.drop();
    rmSync(cwd, { recursive: true });
  });

  const doctor = async (env: Readonly<Record<string, string>>) =>
    await examine({ env: { HOOKRING_PORT: '0', ...env }, cwd, now: Date.now }, { flags: {}, thorough: false });

  it('looks at everything, before the first start', async () => {
    const found = await doctor({ HOOKRING_DATABASE_URL: database.url, HOOKRING_MASTER_KEY: KEY });
    // The server of the tests is told not to wait for its disk.
    expect(found.filter(({ status, check }) => status !== 'ok' && check !== 'durability')).toEqual([]);
    expect(found.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['version', 'encoding', 'connections', 'pooler', 'database clock', 'notifications']),
    );
    expect(JSON.stringify(found)).not.toContain(new URL(database.url).password.concat('@'));
  });

  it('says that the master key is missing, and why it cannot connect', async () => {
    const missing = await doctor({ HOOKRING_DATABASE_URL: database.url });
    expect(worst(missing, 'master key')).toMatchObject({
      status: 'problem',
      advice: expect.stringContaining('openssl'),
    });
    const wrong = new URL(database.url);
    wrong.password = 'another';
    const found = await doctor({ HOOKRING_DATABASE_URL: wrong.href, HOOKRING_MASTER_KEY: KEY });
    expect(worst(found, 'database')).toMatchObject({
      status: 'problem',
      detail: expect.stringMatching(/password is wrong/),
    });
  });
});
