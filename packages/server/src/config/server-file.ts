import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isLocked } from '../store/sqlite/lock.ts';
import type { Database } from './parse-values.ts';

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

export function serverFilePath(database: Database): string {
  return `${database.path}.server.json`;
}

/** Readable by the owner alone from the moment that it exists. */
export function writeServerFile(path: string, file: ServerFile): void {
  const part = `${path}.${file.pid}.part`;
  rmSync(part, { force: true });
  writeFileSync(part, `${JSON.stringify(file)}\n`, { mode: OWNER_ONLY, flag: 'wx' });
  renameSync(part, path);
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
 * The server that runs on this database, or null. After a power cut the process of the file may be another program by now,
 * which does not hold the database and must not get the token.
 */
export function runningServer(database: Database): ServerFile | null {
  const file = readServerFile(serverFilePath(database));
  return file !== null && isLocked(database.path) ? file : null;
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
