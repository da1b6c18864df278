import { closeSync, openSync } from 'node:fs';
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

/** The primary result code of an error of SQLite, or null. */
export function primaryCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  return error.errcode & 0xff;
}
