import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';

/** A real server in a process of its own, on a free port and a temporary data folder that outlives a crash. */
export type ServerProcess = {
  readonly url: string;
  /** Has every scope. */
  readonly key: string;
  readonly folder: string;
  readonly databasePath: string;
  readonly pid: number;
  /** Asks the server to drain and waits until it has gone; answers its exit code. */
  drain(): Promise<number | null>;
  /** The end of a power cut: no handler runs. */
  kill(): Promise<void>;
  /** The same database, port and key in a new process, with other settings if given. */
  restart(environment?: Readonly<Record<string, string>>): Promise<ServerProcess>;
  /** Kills what still runs and removes the folder. */
  remove(): Promise<void>;
  /** What it logged last. */
  log(): string;
};

const COMMAND = fileURLToPath(new URL('../packages/server/bin/hookring.mjs', import.meta.url));
const INSTALLED = fileURLToPath(new URL('../node_modules', import.meta.url));
const READY_TIMEOUT_MS = 20_000;
const READY_POLL_MS = 20;
const LOG_CHARACTERS_MAX = 8_000;

/** Receivers of tests stand on this machine and speak plain HTTP. */
const LOOPBACK = { HOOKRING_ALLOW_PRIVATE: '127.0.0.0/8', HOOKRING_ALLOW_HTTP: 'true', HOOKRING_LOG_LEVEL: 'warn' };

/** By their folders. A process that ends without removing them takes them along: no signal to it reaches their groups. */
const started = new Map<string, ChildProcess>();
process.on('exit', () => {
  for (const [folder, child] of started) {
    if (child.exitCode === null && child.signalCode === null) killGroup(child);
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
});

/** Servers on one database need the same. */
export const NODES_MASTER_KEY: string = Buffer.alloc(32, 7).toString('base64');

export async function startServer(
  environment: Readonly<Record<string, string>> = {},
  options: {
    /** The text of a `hookring.config.ts`, which may import whatever is installed here. */
    readonly configFile?: string;
    /** Puts a database where the server will look for it. */
    readonly database?: (databasePath: string) => void | Promise<void>;
    /** Is given all that it logs, as it comes. */
    readonly onLog?: (text: string) => void;
    /** Of Node. */
    readonly nodeFlags?: readonly string[];
    /** A PostgreSQL database instead of a file, and what the server does of the work. */
    readonly postgres?: { readonly url: string; readonly role?: 'all' | 'api' | 'worker' };
    /** Of another server on the same database. */
    readonly key?: string;
    /** A command that becomes the server, such as one that enters a namespace first. */
    readonly prefix?: readonly string[];
  } = {},
): Promise<ServerProcess> {
  const folder = await mkdtemp(path.join(tmpdir(), 'hookring-'));
  if (options.configFile !== undefined) {
    await symlink(INSTALLED, path.join(folder, 'node_modules'), 'dir');
    await writeFile(path.join(folder, 'hookring.config.ts'), options.configFile);
  }
  await options.database?.(path.join(folder, 'hookring.db'));
  const { key = `testbed-${crypto.randomUUID()}${crypto.randomUUID()}` } = options;
  const settings = { ...LOOPBACK, ...postgresSettings(options.postgres), ...environment };
  try {
    const { onLog = () => {}, nodeFlags = [], prefix = [] } = options;
    const port = await freePort();
    return await launch({ folder, key, port, environment: settings, onLog, nodeFlags, prefix });
  } catch (error) {
    started.delete(folder);
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function postgresSettings(
  postgres: { readonly url: string; readonly role?: string } | undefined,
): Readonly<Record<string, string>> {
  if (postgres === undefined) return {};
  const { url, role = 'all' } = postgres;
  return { HOOKRING_DATABASE_URL: url, HOOKRING_ROLE: role, HOOKRING_MASTER_KEY: NODES_MASTER_KEY };
}

type Launch = {
  folder: string;
  key: string;
  port: number;
  environment: Readonly<Record<string, string>>;
  onLog: (text: string) => void;
  nodeFlags: readonly string[];
  prefix: readonly string[];
};

async function launch(options: Launch): Promise<ServerProcess> {
  const { folder, key, port, environment, nodeFlags, prefix } = options;
  const url = `http://${environment['HOOKRING_HOST'] ?? '127.0.0.1'}:${port}`;
  const databasePath = path.join(folder, 'hookring.db');
  const [program, ...words] = [...prefix, process.execPath, ...nodeFlags, COMMAND, 'serve'];
  const child = spawn(program, words, {
    cwd: folder,
    env: {
      ...process.env,
      HOOKRING_HOST: '127.0.0.1',
      HOOKRING_PORT: String(port),
      HOOKRING_DATABASE_URL: `sqlite:${databasePath}`,
      HOOKRING_BOOTSTRAP_KEY: key,
      ...environment,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
    // A process group of its own: Ctrl-C reaches the caller only, which then decides how the server ends.
    detached: true,
  });
  started.set(folder, child);
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-LOG_CHARACTERS_MAX);
    options.onLog(text);
  });
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
  });
  const running = () => child.exitCode === null && child.signalCode === null;
  const server: ServerProcess = {
    url,
    key,
    folder,
    databasePath,
    pid: child.pid ?? -1,
    async drain() {
      if (running()) child.kill('SIGTERM');
      return await exited;
    },
    async kill() {
      if (running()) killGroup(child);
      await exited;
    },
    async restart(changes = {}) {
      await server.kill();
      return await launch({ ...options, environment: { ...environment, ...changes } });
    },
    async remove() {
      await server.kill();
      started.delete(folder);
      await rm(folder, { recursive: true, force: true });
    },
    log: () => log,
  };
  try {
    await ready(url, running);
  } catch (error) {
    await server.kill();
    throw new Error(`the server did not become ready; the end of its log:\n${log}`, { cause: error });
  }
  return server;
}

/** The command may have started another process, with the runtime that the project pins. */
function killGroup(child: ChildProcess): void {
  try {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

async function ready(url: string, running: () => boolean): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < deadline && running()) {
    try {
      const response = await fetch(`${url}/readyz`);
      if (response.ok) return;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => {
      setTimeout(resolve, READY_POLL_MS);
    });
  }
  throw new Error(running() ? `not ready after ${READY_TIMEOUT_MS} ms` : 'the process ended');
}
