import { chown, mkdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { StoreInUse } from '../errors.ts';
import { type FileLock, lockFile } from '../lock.ts';
import { type Aftermath, compareDatabases } from './compare.ts';
import {
  codeOf,
  copyFile,
  isAlive,
  partOf,
  place,
  removePart,
  removeStaleParts,
  roomIn,
  statOrNull,
  type Watched,
} from './files.ts';
import { BackupRefusal, refusalOf } from './refusal.ts';
import { setAside } from './set-aside.ts';
import { type Contents, type VerifyOptions, verifyFile } from './verify.ts';

export type RestoreStage = 'copying' | 'checking' | 'replacing';
export type RestoreOptions = Pick<VerifyOptions, 'openSealed' | 'signal'> & {
  readonly databasePath: string;
  readonly file: string;
  /** A database that is there is moved aside. */
  readonly replace: boolean;
  readonly now: number;
  readonly onProgress: (stage: RestoreStage, done: number, total: number | null, text?: string) => void;
};
export type Restored = {
  readonly contents: Contents;
  readonly sha256: string;
  /** Where the database is that was there before; null: there was none. */
  readonly before: string | null;
  /** What the one before had and the restored one has not; null: there was none, or it cannot be read. */
  readonly aftermath: Aftermath | null;
};

/**
 * Puts a backup where the database is. The copy is checked, not the original, so what was checked is what comes into
 * place; it does so by one rename, and until then the database before is in its place and whole. The caller's process
 * owns the database all the while.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { databasePath, file } = options;
  await checkFile(options);
  let part: string | null = null;
  let lock: FileLock | null = null;
  try {
    await mkdir(dirname(databasePath), { recursive: true });
    lock = own(databasePath);
    const found = (await statOrNull(databasePath)) !== null;
    if (found && !options.replace) throw new BackupRefusal('exists', `there is a database at ${databasePath} already`);
    await removeStaleParts(databasePath, isAlive);
    part = partOf(databasePath);
    return await restoreThrough(part, options);
  } catch (error) {
    if (part !== null) await removePart(part);
    throw refusalOf(error, `${file} could not be restored`) ?? error;
  } finally {
    lock?.release();
  }
}

async function checkFile({ file, databasePath }: RestoreOptions): Promise<void> {
  const found = await statOrNull(file).catch(() => null);
  if (found === null) throw new BackupRefusal('no_backup', `there is no file ${file}`);
  if (!found.isFile()) throw new BackupRefusal('no_backup', `${file} is no plain file`);
  const database = await statOrNull(databasePath).catch(() => null);
  if (database !== null && database.ino === found.ino && database.dev === found.dev) {
    throw new BackupRefusal('no_backup', `${file} is the database itself`);
  }
  const folder = await realpath(dirname(databasePath)).catch(() => dirname(databasePath));
  if (join(folder, basename(databasePath)) === (await realpath(file))) {
    throw new BackupRefusal('no_backup', `${file} is the database itself`);
  }
}

function own(databasePath: string): FileLock {
  try {
    return lockFile(databasePath);
  } catch (error) {
    if (!(error instanceof StoreInUse)) throw error;
    throw new BackupRefusal('in_use', `a server or another command works on ${databasePath}: stop it first`);
  }
}

async function restoreThrough(part: string, options: RestoreOptions): Promise<Restored> {
  const { databasePath, file, openSealed, signal, now, onProgress } = options;
  const bytes = (await stat(file)).size;
  const { freeBytes } = await roomIn(dirname(databasePath));
  if (freeBytes < bytes) {
    throw new BackupRefusal('no_room', `${bytes} bytes are needed beside ${databasePath}, ${freeBytes} are free`);
  }
  const copying: Watched = { signal, onProgress: (done) => onProgress('copying', done, bytes) };
  const sha256 = await copyFile(file, part, copying);
  const onStep = (text: string): void => onProgress('checking', 0, null, text);
  const verified = await checked(file, part, { openSealed, signal, onStep });
  await giveToOwner(databasePath, part);
  onProgress('replacing', 0, null);
  const before = await setAside(databasePath, now);
  await place(part, databasePath, true);
  const aftermath = before === null ? null : compareDatabases(before, databasePath);
  return { contents: verified, sha256, before, aftermath };
}

async function checked(file: string, part: string, options: VerifyOptions): Promise<Contents> {
  const log = await statOrNull(`${file}-wal`);
  if (log !== null && log.size > 0) {
    const problem = 'it has a write-ahead log beside it: that is a database in use, and not a backup of one';
    throw new BackupRefusal('unusable', `${file} cannot be restored`, [problem]);
  }
  const verified = await verifyFile(part, options);
  if (verified.ok) return verified.contents;
  throw new BackupRefusal('unusable', `${file} cannot be restored; nothing was changed`, verified.problems);
}

/** Restored by root, the files must still be those of the user who runs the server. */
async function giveToOwner(databasePath: string, part: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = (await statOrNull(databasePath)) ?? (await stat(dirname(databasePath)));
  for (const path of [part, `${databasePath}.lock`]) {
    await chown(path, uid, gid).catch((error: unknown) => {
      // Some file systems know no owners.
      if (codeOf(error) !== 'EPERM' && codeOf(error) !== 'ENOSYS') throw error;
    });
  }
}
