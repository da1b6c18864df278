import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { isLocked } from '../store/sqlite/lock.ts';
import type { Database } from './parse-database.ts';
import { placeForServerFile, serverFilesOf } from './server-folder.ts';

const OWNER_ONLY = 0o600;

/** Tells commands on this machine where the server of a database listens, and lets them in. */
export type ServerFile = {
  readonly url: string;
  /** Where the native API stands on it. */
  readonly nativePrefix: string;
  /** Has every scope. Made at each start, so a copy is worth nothing after the server has ended. */
  readonly token: string;
  readonly pid: number;
};

/** Of the server of one process; null: there is no place for it on this machine. */
export function serverFilePath(database: Database, pid = process.pid): string | null {
  if (database.kind === 'postgres') return placeForServerFile(database, pid);
  return sqliteServerFile(database.path);
}

export function sqliteServerFile(path: string): string {
  return `${path}.server.json`;
}

/** Readable by the owner alone from the moment that it exists. */
export function writeServerFile(path: string, file: ServerFile): void {
  const part = `${path}.${file.pid}.part`;
  rmSync(part, { force: true });
  writeFileSync(part, `${JSON.stringify(file)}\n`, { mode: OWNER_ONLY, flag: 'wx' });
  renameSync(part, path);
}

/** Whether it could be written. Beside a file database it must be, as everything else there. */
export function tryWriteServerFile(database: Database, path: string, file: ServerFile): boolean {
  try {
    writeServerFile(path, file);
    return true;
  } catch (error) {
    if (database.kind === 'sqlite') throw error;
    return false;
  }
}

/** Null when no server runs: there is no file, or the process that wrote it has ended. */
export function readServerFile(path: string): ServerFile | null {
  let file: unknown;
  try {
    file = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
  if (typeof file !== 'object' || file === null) return null;
  // Each member is checked below.
  const { url, nativePrefix, token, pid } = file as Partial<Record<keyof ServerFile, unknown>>;
  if (typeof url !== 'string' || typeof nativePrefix !== 'string') return null;
  if (typeof token !== 'string' || typeof pid !== 'number') return null;
  return isRunning(pid) ? { url, nativePrefix, token, pid } : null;
}

/**
 * A server that runs on this database, or null. After a power cut the process of the file may be another program by now,
 * which does not hold the database and must not get the token.
 */
export function runningServer(database: Database): ServerFile | null {
  if (database.kind === 'postgres') return runningNode(serverFilesOf(database));
  const file = readServerFile(sqliteServerFile(database.path));
  return file !== null && isLocked(database.path) ? file : null;
}

/** Any of them will do. Nothing is held that could be looked at, so a file from before the machine's start is not read. */
function runningNode(paths: readonly string[]): ServerFile | null {
  const bootedAt = Date.now() - uptime() * 1_000;
  for (const path of paths) {
    const writtenAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const file = writtenAt >= bootedAt ? readServerFile(path) : null;
    if (file !== null) return file;
  }
  return null;
}

/** Removes what servers on PostgreSQL left that were killed. */
export function forgetEndedServers(): void {
  for (const path of serverFilesOf(null)) if (readServerFile(path) === null) rmSync(path, { force: true });
}

/** Removes the file of this process and leaves another's alone. */
export function removeServerFile(path: string, pid: number): void {
  if (readServerFile(path)?.pid === pid) rmSync(path, { force: true });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user exists, too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
