import { Client } from 'pg';
import { openDatabase } from '../database.ts';
import { migrate } from '../migrate.ts';
import { makeDaysAhead } from '../writer/partitions.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

/** Of the test run: workers make one together. */
const LOCK = 0x686f6f6b;

let template: Promise<string> | null = null;

/**
 * A database of its own for one test, with all tables and the days around `now`: a copy of one that is made once for all
 * tests, which is much faster than making the tables again.
 */
export async function createMigratedDatabase(now: number): Promise<TestDatabase> {
  template ??= makeTemplate(now);
  return await createTestDatabase(await template);
}

async function makeTemplate(now: number): Promise<string> {
  const server = process.env['HOOKRING_TEST_POSTGRES_URL'];
  if (server === undefined) throw new Error('no PostgreSQL server was started for these tests');
  const name = `template_${now}`;
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(`SELECT pg_advisory_lock(${LOCK})`);
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 1) return name;
    await client.query(`CREATE DATABASE ${name}_making`);
    const url = new URL(server);
    url.pathname = `/${name}_making`;
    const db = openDatabase({ url: url.href, pooler: 'none' });
    await migrate(db, { where: name });
    await makeDaysAhead(db, now);
    await db.close();
    // Only a whole one has the name that others look for.
    await client.query(`ALTER DATABASE ${name}_making RENAME TO ${name}`);
    return name;
  } finally {
    await client.end();
  }
}
