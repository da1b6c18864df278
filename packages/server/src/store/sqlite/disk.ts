import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Timers } from '../../domain/clock.ts';
import { DISK_FREE_RATIO_MIN } from '../../domain/limits.ts';

const CHECK_INTERVAL_MS = 5_000;

export type DiskWatch = { readonly isLow: boolean; stop(): void };

/** Share of the disk under a file that is free. */
export async function freeRatioOf(path: string): Promise<number> {
  const { bavail, blocks } = await statfs(dirname(path));
  return blocks === 0 ? 1 : bavail / blocks;
}

/** Knows whether the disk runs low, from a look every few seconds off the path of writes. */
export async function watchDisk(freeRatio: () => Promise<number>, timers: Timers): Promise<DiskWatch> {
  let isLow = false;
  let isStopped = false;
  let timer: { cancel(): void } | null = null;

  async function look(): Promise<void> {
    // A file system that cannot be asked is not taken for a full one: a commit will tell.
    const ratio = await freeRatio().catch(() => 1);
    isLow = ratio < DISK_FREE_RATIO_MIN;
    if (!isStopped) timer = timers.setTimeout(() => void look(), CHECK_INTERVAL_MS);
  }

  await look();
  return {
    get isLow() {
      return isLow;
    },
    stop() {
      isStopped = true;
      timer?.cancel();
    },
  };
}
