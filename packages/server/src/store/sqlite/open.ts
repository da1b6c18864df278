import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Clock, systemClock, systemTimers, type Timers } from '../../domain/clock.ts';
import type { Store } from '../port.ts';
import { IN_MEMORY } from './connection.ts';
import { type DiskWatch, freeRatioOf, watchDisk } from './disk.ts';
import { openInline } from './inline.ts';
import { lockFile } from './lock.ts';
import type { Migrated } from './migrate.ts';
import { createSqliteStore, type StoreTelemetry } from './store.ts';
import { openThreads } from './threads.ts';

export type SqliteStoreOptions = {
  /** The database file, made when it is not there; `:memory:` with `inline` only. */
  readonly path: string;
  /** `threads` writes and reads in threads of their own; `inline` does both in the calling one. */
  readonly mode: 'threads' | 'inline';
  readonly clock?: Clock;
  readonly timers?: Timers;
  /** Share of the disk that is free, 0 to 1. */
  readonly freeDiskRatio?: () => Promise<number>;
  readonly telemetry?: StoreTelemetry;
  /**
   * Is told once when the thread that writes or the one that reads ended on its own. The store rejects everything it
   * needs that thread for from then on; the process should end, so that whatever watches over it starts it again.
   */
  readonly onFatal?: (cause: Error) => void;
};

/** Throws an error of `errors.ts` when the file cannot be had. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { path, mode, clock = systemClock, timers = systemTimers } = options;
  if (path === IN_MEMORY && mode === 'threads') throw new TypeError('a database in memory cannot be shared by threads');
  const lock = path === IN_MEMORY ? null : lockPath(path);
  let disk: DiskWatch | null = null;
  try {
    const now = clock.now();
    const open = mode === 'inline' ? openInline : openThreads;
    const onMigrated = (step: Migrated) => options.telemetry?.storeMigrated?.(step);
    const { writer, reader } = await open(path, now, { onMigrated });
    disk = await diskOf(options, timers);
    const defer = mode === 'inline' ? queueMicrotask : setImmediate;
    const { telemetry = null, onFatal = null } = options;
    return createSqliteStore({ writer, reader, path, clock, disk, defer, lock, telemetry, onFatal });
  } catch (error) {
    disk?.stop();
    lock?.release();
    throw error;
  }
}

function lockPath(path: string) {
  mkdirSync(dirname(path), { recursive: true });
  return lockFile(path);
}

/** A database in memory has no disk, unless one is given. */
async function diskOf({ path, freeDiskRatio }: SqliteStoreOptions, timers: Timers): Promise<DiskWatch | null> {
  if (freeDiskRatio !== undefined) return watchDisk(freeDiskRatio, timers);
  return path === IN_MEMORY ? null : watchDisk(() => freeRatioOf(path), timers);
}
