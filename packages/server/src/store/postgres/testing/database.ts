import { Client } from 'pg';

/** A database of its own for one test. */
export type TestDatabase = {
  readonly url: string;
  drop(): Promise<void>;
};

let made = 0;

/** Makes a database on the server that the run of tests started: an empty one, or a copy. */
export async function createTestDatabase(template?: string): Promise<TestDatabase> {
  const server = process.env['HOOKRING_TEST_POSTGRES_URL'];
  if (server === undefined) throw new Error('no PostgreSQL server was started for these tests');
  made += 1;
  const name = `test_${process.pid}_${made}_${Date.now().toString(36)}`;
  await run(server, `CREATE DATABASE ${name}${template === undefined ? '' : ` TEMPLATE ${template}`}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: async () => await run(server, `DROP DATABASE ${name} WITH (FORCE)`) };
}

async function run(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
