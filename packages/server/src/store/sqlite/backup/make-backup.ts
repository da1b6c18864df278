import { statfsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DISK_FREE_RATIO_MIN } from '../../../domain/limits.ts';
import { pin } from './copy.ts';
import {
  createEmpty,
  isAlive,
  partOf,
  place,
  removePart,
  removeStaleParts,
  roomIn,
  sha256Of,
  statOrNull,
  syncFile,
  type Watched,
} from './files.ts';
import { BackupRefusal, refusalOf } from './refusal.ts';
import { type Contents, type VerifyOptions, verifyFile } from './verify.ts';

/** Files that belong to a database, by what follows its name. */
const COMPANIONS = ['', '-wal', '-shm', '-journal', '.lock', '.server.json', '.master-key'];

export type Stage = 'copying' | 'checking' | 'hashing';
export type BackupOptions = Pick<VerifyOptions, 'openSealed' | 'signal'> & {
  readonly databasePath: string;
  readonly file: string;
  /** Replaces what is there. */
  readonly overwrite: boolean;
  readonly onProgress: (stage: Stage, done: number, total: number | null, text?: string) => void;
};
export type Backup = {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly contents: Contents;
};

/** Copies a database, whether or not a server works on it. Under the final name there is a whole, checked file or none. */
export async function makeBackup(options: BackupOptions): Promise<Backup> {
  const { databasePath, file } = options;
  const database = await statOrNull(databasePath);
  if (database === null || !database.isFile()) {
    throw new BackupRefusal('no_database', `there is no database at ${databasePath}`);
  }
  let part: string | null = null;
  try {
    await checkTarget(options, database);
    await removeStaleParts(file, isAlive);
    part = partOf(file);
    return await makeThrough(part, options);
  } catch (error) {
    if (part !== null) await removePart(part);
    throw refusalOf(error, `${file} could not be made`) ?? error;
  }
}

async function makeThrough(part: string, options: BackupOptions): Promise<Backup> {
  const { databasePath, file, openSealed, signal, onProgress } = options;
  const pinned = pin(databasePath);
  try {
    const isShared = await checkRoom(options, pinned.bytes);
    await createEmpty(part);
    const copying: Watched = {
      signal,
      onProgress: (bytes) => {
        if (isShared) stopIfLow(file);
        onProgress('copying', bytes, pinned.bytes);
      },
    };
    await pinned.copyTo(part, copying);
  } finally {
    pinned.close();
  }
  await syncFile(part);
  const onStep = (text: string): void => onProgress('checking', 0, null, text);
  const verified = await verifyFile(part, { openSealed, signal, onStep });
  if (!verified.ok) {
    throw new BackupRefusal('unusable', 'the copy did not pass its checks and was not kept', verified.problems);
  }
  const bytes = (await statOrNull(part))?.size ?? 0;
  const sha256 = await sha256Of(part, { signal, onProgress: (done) => onProgress('hashing', done, bytes) });
  await place(part, file, options.overwrite);
  return { file, bytes, sha256, contents: verified.contents };
}

async function checkTarget(
  { databasePath, file, overwrite }: BackupOptions,
  database: { readonly ino: number; readonly dev: number },
): Promise<void> {
  const folder = await realpath(dirname(file)).catch(() => null);
  if (folder === null) throw new BackupRefusal('target', `there is no folder ${dirname(file)}`);
  const found = await statOrNull(file);
  if (found?.isDirectory() === true) throw new BackupRefusal('target', `${file} is a folder: name a file in it`);
  if (found !== null && !found.isFile()) throw new BackupRefusal('target', `${file} is no plain file`);
  const databaseFolder = await realpath(dirname(databasePath));
  const own = COMPANIONS.map((suffix) => join(databaseFolder, `${basename(databasePath)}${suffix}`));
  const isSame = found !== null && found.ino === database.ino && found.dev === database.dev;
  if (isSame || own.includes(join(folder, basename(file)))) {
    throw new BackupRefusal('target', `${file} belongs to the database itself`);
  }
  if (found !== null && !overwrite) throw new BackupRefusal('exists', `${file} exists`);
}

/**
 * A server refuses events when its disk runs low, so a backup beside the database must leave it enough. Answers whether
 * they share a disk.
 */
async function checkRoom({ databasePath, file }: BackupOptions, bytes: number): Promise<boolean> {
  const target = await roomIn(dirname(file));
  if (target.freeBytes < bytes) {
    throw new BackupRefusal('no_room', `${bytes} bytes are needed in ${dirname(file)}, ${target.freeBytes} are free`);
  }
  const isShared = target.device === (await roomIn(dirname(databasePath))).device;
  if (isShared && target.freeBytes - bytes < target.diskBytes * DISK_FREE_RATIO_MIN) {
    const percent = Math.round(DISK_FREE_RATIO_MIN * 100);
    const detail = `it would leave less than ${percent} % of the database's disk free, below which events are refused`;
    throw new BackupRefusal('no_room', `${detail}: ${bytes} bytes are needed, ${target.freeBytes} are free`);
  }
  return isShared;
}

/** Others write while it copies: another backup, and the server, whose log cannot begin anew meanwhile. */
function stopIfLow(file: string): void {
  const { bavail, blocks } = statfsSync(dirname(file));
  if (bavail >= blocks * DISK_FREE_RATIO_MIN) return;
  const percent = Math.round(DISK_FREE_RATIO_MIN * 100);
  throw new BackupRefusal(
    'no_room',
    `the database's disk came below ${percent} % free meanwhile: the copy was given up`,
  );
}
