import { copyFile, link, rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { BUSY_TIMEOUT_MS } from '../connection.ts';
import { isDamage } from '../migrate.ts';
import { codeOf, looksLikeSqlite, statOrNull, syncFile, syncFolderOf } from './files.ts';
import { BackupRefusal } from './refusal.ts';

const COMPANIONS = ['-wal', '-shm', '-journal'] as const;

/**
 * Gives the database a second name, under which it stays when another one takes its first, and answers that name. It is
 * whole and in its place all the while. Null: there is none.
 */
export async function setAside(path: string, now: number): Promise<string | null> {
  const before = await freeName(`${path}.before-restore-${new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '')}`);
  if ((await statOrNull(path)) === null) {
    await moveCompanions(path, before);
    return null;
  }
  // SQLite takes what is shorter than a page for a new database and deletes the log beside it.
  if (await looksLikeSqlite(path)) foldLog(path);
  await alsoName(path, before);
  // A damaged database may have kept them. Beside another database its log would be taken for that one's.
  await moveCompanions(path, before);
  await syncFolderOf(path);
  return before;
}

async function freeName(wanted: string): Promise<string> {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? wanted : `${wanted}-${count}`;
    const taken = await Promise.all(['', ...COMPANIONS].map((suffix) => statOrNull(`${name}${suffix}`)));
    if (taken.every((found) => found === null)) return name;
  }
}

/** Brings what is in the log into the file itself, so that it is one file. A damaged one is taken as it is. */
function foldLog(path: string): void {
  try {
    const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    try {
      const mode = db.prepare('PRAGMA journal_mode = DELETE').get()?.['journal_mode'];
      if (mode !== 'delete') throw new BackupRefusal('in_use', `another program reads ${path}: end it first`);
    } finally {
      db.close();
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
}

async function moveCompanions(path: string, before: string): Promise<void> {
  for (const suffix of COMPANIONS) {
    if ((await statOrNull(`${path}${suffix}`)) === null) continue;
    await alsoName(`${path}${suffix}`, `${before}${suffix}`);
    await rm(`${path}${suffix}`);
  }
}

async function alsoName(path: string, name: string): Promise<void> {
  try {
    await link(path, name);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'EEXIST') throw error;
    // A file system without hard links.
    await copyFile(path, name);
    await syncFile(name);
  }
}
