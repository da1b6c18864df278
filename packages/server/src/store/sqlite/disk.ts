import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Timers } from '../../domain/clock.ts';
import { DISK_FREE_RATIO_MIN } from '../../domain/limits.ts';
import { number } from './cells.ts';

const CHECK_INTERVAL_MS = 5_000;

export type DiskWatch = {
  readonly isLow: boolean;
  /** At the last look; null while the file system does not say. */
  readonly freeRatio: number | null;
  stop(): void;
};

type FileSystem = { readonly bavail: number; readonly blocks: number; readonly bsize: number };

/**
 * Share of the disk under a database that new rows can fill: what is free there and, since the file never shrinks, what
 * pruning left free inside it.
 */
export async function freeRatioOf(
  path: string,
  fileSystemOf: (folder: string) => Promise<FileSystem> = statfs,
): Promise<number> {
  const { bavail, blocks, bsize } = await fileSystemOf(dirname(path));
  if (blocks === 0) return 1;
  const ratio = bavail / blocks;
  return ratio < DISK_FREE_RATIO_MIN ? ratio + freeBytesInside(path) / (blocks * bsize) : ratio;
}

/** Takes well under a millisecond, and is asked only while the disk is low. */
function freeBytesInside(path: string): number {
  try {
    const db = new DatabaseSync(path, { timeout: 0, readOnly: true });
    try {
      const row = db.prepare('SELECT freelist_count * page_size AS bytes FROM pragma_freelist_count, pragma_page_size');
      return number(row.get()?.['bytes']);
    } finally {
      db.close();
    }
  } catch {
    return 0;
  }
}

/** Knows whether the disk runs low, from a look every few seconds off the path of writes. */
export async function watchDisk(freeRatio: () => Promise<number>, timers: Timers): Promise<DiskWatch> {
  let ratio: number | null = null;
  let isStopped = false;
  let timer: { cancel(): void } | null = null;

  async function look(): Promise<void> {
    ratio = await freeRatio().catch(() => null);
    if (!isStopped) timer = timers.setTimeout(() => void look(), CHECK_INTERVAL_MS);
  }

  await look();
  return {
    get isLow() {
      // A file system that cannot be asked is not taken for a full one: a commit will tell.
      return ratio !== null && ratio < DISK_FREE_RATIO_MIN;
    },
    get freeRatio() {
      return ratio;
    },
    stop() {
      isStopped = true;
      timer?.cancel();
    },
  };
}
