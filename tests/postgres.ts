import { startPostgresServer } from '../testbed/postgres-server.ts';

/** One PostgreSQL server for a whole run of tests; each test that wants one makes a database of its own on it. */
export default async function setup(): Promise<() => Promise<void>> {
  // Durability is what crash tests look at, with servers of their own; here only speed matters.
  const server = await startPostgresServer(['-c', 'fsync=off']);
  process.env['HOOKRING_TEST_POSTGRES_URL'] = server.url('postgres');
  return async () => await server.stop();
}
