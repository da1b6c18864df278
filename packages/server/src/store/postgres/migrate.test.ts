import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from './database.ts';
import { ForeignDatabase, MigrationFailed, SchemaTooNew, UnsuitableServer } from './errors.ts';
import { type Migrated, type MigrateOptions, migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/registry.ts';
import { createTestDatabase, type TestDatabase } from './testing/database.ts';
import { dumpSchema } from './testing/dump-schema.ts';

const WHERE = 'db.example.com/hooks';

let testDatabase: TestDatabase;
let databases: Database[];
beforeEach(async () => {
  testDatabase = await createTestDatabase();
  databases = [];
});
afterEach(async () => {
  for (const database of databases) await database.close();
  await testDatabase.drop();
});

function open(pooler: 'none' | 'transaction' = 'none'): Database {
  const database = openDatabase({ url: testDatabase.url, pooler, connections: { read: 1 } });
  databases.push(database);
  return database;
}

async function migrated(options: Partial<MigrateOptions> = {}, pooler: 'none' | 'transaction' = 'none'): Promise<void> {
  await migrate(open(pooler), { where: WHERE, ...options });
}

async function sql(text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: testDatabase.url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

describe('migrations', () => {
  it.each(['none', 'transaction'] as const)(
    'make all tables, once, however many nodes start (pooler: %s)',
    async (pooler) => {
      const told: Migrated[] = [];
      const onMigrated = (step: Migrated) => void told.push(step);
      await Promise.all(Array.from({ length: 5 }, () => migrated({ onMigrated }, pooler)));
      expect(await sql('SELECT version FROM hookring_schema ORDER BY version')).toEqual(
        MIGRATIONS.map((_, index) => ({ version: index + 1 })),
      );
      expect((await sql('SELECT number FROM change_counter')).length).toBe(1);
      // Of a new database there is nothing to tell.
      expect(told).toEqual([]);
    },
  );

  it('are applied one by one to a database that was there, each by one of the nodes', async () => {
    await migrated();
    const more = Array.from({ length: 4 }, (_, index) => `CREATE TABLE more_${index} (n integer)`);
    const told: Migrated[] = [];
    const options = { migrations: [...MIGRATIONS, ...more], onMigrated: (step: Migrated) => void told.push(step) };
    await Promise.all([migrated(options), migrated(options), migrated(options)]);
    const from = MIGRATIONS.length;
    expect(told.toSorted((one, other) => one.from - other.from).map((step) => [step.from, step.to])).toEqual(
      more.map((_, index) => [from + index, from + index + 1]),
    );
  });

  it('that fail half-way leave the database as it was, and say so', async () => {
    await migrated();
    const before = await dumpSchema(testDatabase.url);
    const broken = 'CREATE TABLE extra (n integer); DROP TABLE organizations; INSERT INTO nowhere VALUES (1)';
    const failing = migrated({ migrations: [...MIGRATIONS, broken] });
    await expect(failing).rejects.toThrow(MigrationFailed);
    await expect(failing).rejects.toThrow(
      /db\.example\.com\/hooks .*from schema version \d to \d .*nowhere.*as it was/,
    );
    expect(await dumpSchema(testDatabase.url)).toBe(before);
    await migrated();
  });

  it('keep what went well when a later one fails', async () => {
    await migrated();
    const options = { migrations: [...MIGRATIONS, 'CREATE TABLE fine (n integer)', 'INSERT INTO nowhere VALUES (1)'] };
    await expect(migrated(options)).rejects.toThrow(MigrationFailed);
    expect(await sql('SELECT max(version) AS version FROM hookring_schema')).toEqual([
      { version: MIGRATIONS.length + 1 },
    ]);
  });

  it('wait for a table that is in use, without keeping others from it', async () => {
    await migrated();
    const user = new Client({ connectionString: testDatabase.url });
    await user.connect();
    await user.query('BEGIN; LOCK TABLE organizations IN ACCESS SHARE MODE');
    const waiting = migrated({ migrations: [...MIGRATIONS, 'ALTER TABLE organizations ADD COLUMN extra integer'] });
    // Longer than one try: whoever came meanwhile was let by between two of them.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(await sql('SELECT count(*)::integer AS found FROM organizations')).toEqual([{ found: 0 }]);
    await user.query('COMMIT');
    await user.end();
    await waiting;
    expect(await sql('SELECT extra FROM organizations')).toEqual([]);
  });
});

describe('a database that cannot be used', () => {
  it('is one of a newer release', async () => {
    await migrated();
    await sql('INSERT INTO hookring_schema (version) VALUES (1000)');
    await expect(migrated()).rejects.toThrow(SchemaTooNew);
    await expect(migrated()).rejects.toThrow(new RegExp(`version 1000, .* up to ${MIGRATIONS.length} .*backup`));
  });

  it.each([
    ['a table', 'CREATE TABLE notes (body text)'],
    ['a view', 'CREATE VIEW notes AS SELECT 1 AS one'],
    ['a table with partitions', 'CREATE TABLE notes (n integer) PARTITION BY RANGE (n)'],
  ])('is one with %s of another program, which is left alone', async (_what, statement) => {
    await sql(statement);
    const before = await dumpSchema(testDatabase.url);
    await expect(migrated()).rejects.toThrow(ForeignDatabase);
    await expect(migrated()).rejects.toThrow(/notes.*HOOKRING_DATABASE_URL/);
    expect(await dumpSchema(testDatabase.url)).toBe(before);
  });

  it('is none that only holds what an extension brought', async () => {
    await sql('CREATE EXTENSION pg_stat_statements');
    await migrated();
  });

  it('is one in another encoding', async () => {
    const name = `latin_${Date.now()}`;
    await sql(`CREATE DATABASE ${name} ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`);
    const url = new URL(testDatabase.url);
    url.pathname = `/${name}`;
    const database = openDatabase({ url: url.href, pooler: 'none' });
    const refused = migrate(database, { where: WHERE });
    await expect(refused).rejects.toThrow(UnsuitableServer);
    await expect(refused).rejects.toThrow(/UTF8/);
    await database.close();
    await sql(`DROP DATABASE ${name} WITH (FORCE)`);
  });
});

describe('the schema', () => {
  it('is the committed one', async () => {
    await migrated();
    await expect(await dumpSchema(testDatabase.url)).toMatchFileSnapshot('./schema.sql');
  });
});
