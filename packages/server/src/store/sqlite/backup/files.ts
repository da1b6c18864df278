import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, link, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BackupRefusal, cancelIf } from './refusal.ts';

export const OWNER_ONLY = 0o600;
const CHUNK_BYTES = 1_024 * 1_024;
const NAME_RANDOM_BYTES = 4;
const SQLITE_HEADER_BYTES = 100;
const SQLITE_MAGIC = 'SQLite format 3\0';

export type Progress = (bytes: number) => void;
export type Watched = { readonly onProgress: Progress; readonly signal: AbortSignal };

/** Names that this process gave. In a container a killed process had the same id as this one, as often as not. */
const ownParts = new Set<string>();

/** A name beside `path` for what is not finished. It holds the id of this process, so that a dead one's is known. */
export function partOf(path: string): string {
  const part = `${path}.${process.pid}-${randomBytes(NAME_RANDOM_BYTES).toString('hex')}.part`;
  ownParts.add(basename(part));
  return part;
}

/** Removes what a killed process left unfinished under this name. */
export async function removeStaleParts(path: string, isAlive: (pid: number) => boolean): Promise<void> {
  const prefix = `${basename(path)}.`;
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(prefix)) continue;
    const [, part, pid] =
      /^(([0-9]{1,10})-[0-9a-f]{8}\.part)(?:-journal|-wal|-shm)?$/.exec(name.slice(prefix.length)) ?? [];
    if (pid === undefined) continue;
    const isWorkedOn = Number(pid) === process.pid ? ownParts.has(`${prefix}${part}`) : isAlive(Number(pid));
    if (!isWorkedOn) await rm(join(dirname(path), name), { force: true });
  }
}

export async function removePart(part: string): Promise<void> {
  for (const suffix of ['', '-journal', '-wal', '-shm']) await rm(`${part}${suffix}`, { force: true });
}

/** An empty file for its owner only; fails when there is one. */
export async function createEmpty(path: string): Promise<void> {
  await (await open(path, 'wx', OWNER_ONLY)).close();
}

export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes names themselves durable. Some systems cannot open a folder; there the rename has to do. */
export async function syncFolderOf(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r').catch(() => null);
  if (folder === null) return;
  try {
    await folder.sync().catch(() => undefined);
  } finally {
    await folder.close();
  }
}

/** Gives a finished file its name. Without `overwrite` a file that came there meanwhile stays. */
export async function place(part: string, path: string, overwrite: boolean): Promise<void> {
  if (overwrite) {
    await rename(part, path);
  } else {
    try {
      await link(part, path);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') throw new BackupRefusal('exists', `${path} exists`);
      // A file system without hard links: the gap between looking and renaming is as small as it can be.
      if ((await statOrNull(path)) !== null) throw new BackupRefusal('exists', `${path} exists`);
      await rename(part, path);
    }
    await rm(part, { force: true });
  }
  await syncFolderOf(path);
}

/** Copies the bytes of a file into a new one, which is durable afterwards, and answers their SHA-256. */
export async function copyFile(from: string, to: string, watched: Watched): Promise<string> {
  const target = await open(to, 'wx', OWNER_ONLY);
  try {
    const digest = await readThrough(from, watched, async (chunk) => await writeAll(target, chunk));
    await target.sync();
    return digest;
  } finally {
    await target.close();
  }
}

export async function sha256Of(path: string, watched: Watched): Promise<string> {
  return await readThrough(path, watched, () => Promise.resolve());
}

async function readThrough(
  path: string,
  { onProgress, signal }: Watched,
  each: (chunk: Uint8Array) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let done = 0;
    for (;;) {
      cancelIf(signal);
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return hash.digest('hex');
      const chunk = buffer.subarray(0, bytesRead);
      hash.update(chunk);
      await each(chunk);
      done += bytesRead;
      onProgress(done);
    }
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  let at = 0;
  while (at < chunk.length) at += (await file.write(chunk, at)).bytesWritten;
}

export async function looksLikeSqlite(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SQLITE_HEADER_BYTES), 0, SQLITE_HEADER_BYTES, 0);
    return bytesRead === SQLITE_HEADER_BYTES && buffer.toString('latin1', 0, SQLITE_MAGIC.length) === SQLITE_MAGIC;
  } finally {
    await file.close();
  }
}

export type Room = { readonly freeBytes: number; readonly diskBytes: number; readonly device: number };

/** The disk under a folder. */
export async function roomIn(folder: string): Promise<Room> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { freeBytes: bavail * bsize, diskBytes: blocks * bsize, device: (await stat(folder)).dev };
}

export async function statOrNull(path: string) {
  return await stat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}
