import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PostgresDatabase } from './parse-database.ts';

const OWNER_ONLY = 0o700;
const OTHERS_MODE = 0o077;
const DIGEST_LENGTH = 16;

/**
 * Servers on PostgreSQL have no folder of data beside which they could be found. Their files stand in a folder of the
 * user's own, whatever the current directory is: one for each process, since several may serve one database.
 */
function folderOf(): string {
  return join(tmpdir(), `hookring-${process.getuid?.() ?? 'user'}`);
}

/** Others may put things where everybody can write: only a folder that is this user's alone is believed. */
function isOurs(folder: string): boolean {
  try {
    const found = lstatSync(folder);
    const own = process.getuid?.() ?? found.uid;
    const isClosed = process.platform === 'win32' || (found.mode & OTHERS_MODE) === 0;
    return found.isDirectory() && found.uid === own && isClosed;
  } catch {
    return false;
  }
}

/** Where the server of a process puts its file; null when there is no place for it, which only makes commands slower. */
export function placeForServerFile(database: PostgresDatabase, pid: number): string | null {
  const folder = folderOf();
  try {
    mkdirSync(folder, { mode: OWNER_ONLY });
  } catch {
    // It is there, or cannot be made.
  }
  return isOurs(folder) ? join(folder, `${digestOf(database)}.${pid}.json`) : null;
}

/** The files of all servers of this user on that database; null: on any. */
export function serverFilesOf(database: PostgresDatabase | null): readonly string[] {
  const folder = folderOf();
  if (!isOurs(folder)) return [];
  const start = database === null ? '' : `${digestOf(database)}.`;
  return readdirSync(folder)
    .filter((name) => name.startsWith(start) && name.endsWith('.json'))
    .map((name) => join(folder, name));
}

/** Of what names the database: not of the password, which may change, nor of how to connect. */
function digestOf({ url }: PostgresDatabase): string {
  const { hostname, port, pathname, searchParams } = new URL(url);
  const name = JSON.stringify([hostname, searchParams.get('host'), port === '' ? '5432' : port, pathname]);
  return createHash('sha256').update(name).digest('hex').slice(0, DIGEST_LENGTH);
}
