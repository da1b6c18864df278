import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { populate } from '../contract/fixtures.ts';
import { openWriterConnection } from './connection.ts';
import { DamagedDatabase, ForeignDatabase, MigrationFailed, SchemaTooNew } from './errors.ts';
import { APPLICATION_ID, type Migrated, migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/registry.ts';
import { openSqliteStore } from './open.ts';

const CHILD = fileURLToPath(new URL('./testing/migrate-until-killed.ts', import.meta.url));
const EVENTS = 200_000;
/** The log has so much of the change in it when the process is killed. */
const KILL_BYTES = 20_000_000;

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hookring-migrate-'));
  path = join(folder, 'hookring.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Everything that a database says of itself and holds, but for the rows of `nodes`. */
function dump(): unknown {
  const db = new DatabaseSync(path);
  const schema = db.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all();
  const version = db.prepare('PRAGMA user_version').get();
  const organizations = db.prepare('SELECT * FROM organizations').all();
  db.close();
  return JSON.stringify({ schema, version, organizations });
}

function withDatabase<T>(work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(path);
  try {
    return work(db);
  } finally {
    db.close();
  }
}

describe('migrations', () => {
  it('that fail half-way leave the database as it was, and say so', async () => {
    const store = await openSqliteStore({ path, mode: 'inline' });
    await populate(store, 1);
    await store.close();
    const before = dump();
    const broken = 'CREATE TABLE extra (n INTEGER); DROP TABLE organizations; INSERT INTO nowhere VALUES (1);';
    const told: Migrated[] = [];
    const options = {
      migrations: [...MIGRATIONS, 'CREATE TABLE fine (n INTEGER)', broken],
      onMigrated: (step: Migrated) => told.push(step),
    };
    const failing = (): void => withDatabase((db) => migrate(db, path, options));
    expect(failing).toThrow(MigrationFailed);
    // The step before it stands: each is a whole.
    expect(told).toEqual([{ from: MIGRATIONS.length, to: MIGRATIONS.length + 1, durationMs: expect.any(Number) }]);
    expect(failing).toThrow(/from schema version \d to \d .*nowhere.*as it was/);
    withDatabase((db) => db.exec(`DROP TABLE fine; PRAGMA user_version = ${MIGRATIONS.length}`));
    expect(dump()).toBe(before);
    await (await openSqliteStore({ path, mode: 'inline' })).close();
  });

  it('are told one by one of a database that was there, and not of a new one', () => {
    const told: Migrated[] = [];
    const onMigrated = (step: Migrated) => void told.push(step);
    withDatabase((db) => migrate(db, path, { migrations: MIGRATIONS.slice(0, 1), onMigrated }));
    expect(told).toEqual([]);
    withDatabase((db) => migrate(db, path, { onMigrated }));
    expect(told.map(({ from, to }) => [from, to])).toEqual(
      MIGRATIONS.slice(1).map((_, index) => [index + 1, index + 2]),
    );
    expect(told.every(({ durationMs }) => durationMs >= 0)).toBe(true);
  });

  it('reach the store’s telemetry', async () => {
    withDatabase((db) => migrate(db, path, { migrations: MIGRATIONS.slice(0, 1) }));
    for (const mode of ['threads', 'inline'] as const) {
      const told: Migrated[] = [];
      const telemetry = { storeCommitted: () => {}, storeMigrated: (step: Migrated) => void told.push(step) };
      await (await openSqliteStore({ path, mode, telemetry })).close();
      expect(told).toHaveLength(mode === 'threads' ? MIGRATIONS.length - 1 : 0);
    }
  });

  it('killed in the middle of a large file leave one that starts, with all that it held', async () => {
    withDatabase((db) => {
      migrate(db, path);
      db.exec(`
        INSERT INTO organizations VALUES (1, 'org_1', NULL, 'Large', '{}', 1, 1, 1);
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${EVENTS})
        INSERT INTO events (number, key, organization, type, created_at, payload)
          SELECT i, 'evt_' || i, 1, 't', i, zeroblob(60) FROM n;`);
    });
    const child = spawn(process.execPath, [CHILD, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += String(chunk)));
    const ended = new Promise((resolve) => child.once('close', resolve));
    const log = `${path}-wal`;
    while (!(existsSync(log) && statSync(log).size > KILL_BYTES) && child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    child.kill('SIGKILL');
    await ended;
    expect([said, child.signalCode]).toEqual(['', 'SIGKILL']);
    expect(statSync(log).size).toBeGreaterThan(KILL_BYTES);
    const store = await openSqliteStore({ path, mode: 'inline' });
    await store.ping();
    await store.close();
    withDatabase((db) => {
      const { found, bytes } =
        db.prepare('SELECT count(*) AS found, sum(length(payload)) AS bytes FROM events').get() ?? {};
      expect([found, bytes]).toEqual([EVENTS, EVENTS * 60]);
      expect(db.prepare('PRAGMA user_version').get()?.['user_version']).toBe(MIGRATIONS.length);
      expect(db.prepare('PRAGMA integrity_check').get()?.['integrity_check']).toBe('ok');
    });
  });
});

describe('a file that cannot be used', () => {
  it('is told from another, with what to do, and left alone', () => {
    withDatabase((db) => migrate(db, path));
    const size = statSync(path).size;
    withDatabase((db) => db.exec('PRAGMA user_version = 1000'));
    expect(() => openWriterConnection(path)).toThrow(SchemaTooNew);
    expect(() => openWriterConnection(path)).toThrow(
      new RegExp(`version 1000, .* up to ${MIGRATIONS.length} .*backup`),
    );
    withDatabase((db) => db.exec('PRAGMA user_version = 1; PRAGMA application_id = 5'));
    expect(() => openWriterConnection(path)).toThrow(ForeignDatabase);
    expect(() => openWriterConnection(path)).toThrow(/HOOKRING_DATABASE_URL/);
    expect(statSync(path).size).toBe(size);
    writeFileSync(path, 'this was never a database'.repeat(1_000));
    expect(() => openWriterConnection(path)).toThrow(DamagedDatabase);
    expect(() => openWriterConnection(path)).toThrow(/restore a backup/);
    expect(readFileSync(path, 'utf8')).toMatch(/^this was never/);
  });

  it.each([
    ['another program’s', 'CREATE TABLE notes (body TEXT)', ForeignDatabase],
    [
      'a newer release’s',
      `CREATE TABLE notes (body TEXT); PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 99`,
      SchemaTooNew,
    ],
  ])('keeps every byte of it, and gets no log beside it, when it is %s', (_whose, statements, refusal) => {
    withDatabase((db) => db.exec(statements));
    const bytes = readFileSync(path);
    expect(() => openWriterConnection(path)).toThrow(refusal);
    expect([readFileSync(path).equals(bytes), readdirSync(folder)]).toEqual([true, ['hookring.db']]);
  });

  it('is a damaged one, when its end is missing', () => {
    withDatabase((db) => migrate(db, path, { migrations: MIGRATIONS.slice(0, 1) }));
    truncateSync(path, 4_096 * 3);
    expect(() => openWriterConnection(path)).toThrow(DamagedDatabase);
  });
});
