import { closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StoreInUse } from './errors.ts';

const SQLITE_BUSY = 5;

export type FileLock = { release(): void };

/**
 * Owns a database file. The lock is a file lock that SQLite holds on an empty database beside it, so that it vanishes
 * with the process, also when it is killed.
 */
export function lockFile(path: string): FileLock {
  const lockPath = `${path}.lock`;
  closeSync(openSync(lockPath, 'a', 0o600));
  const lock = new DatabaseSync(lockPath, { timeout: 0 });
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    throw primaryCode(error) === SQLITE_BUSY ? new StoreInUse(path) : error;
  }
  return { release: () => lock.close() };
}

/** Takes the lock for a moment: there is no other way to ask for it. A lock file that is made here would be this user's. */
export function isLocked(path: string): boolean {
  if (!existsSync(`${path}.lock`)) return false;
  try {
    lockFile(path).release();
    return false;
  } catch {
    return true;
  }
}

/** The primary result code of an error of SQLite, or null. */
export function primaryCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  return error.errcode & 0xff;
}
