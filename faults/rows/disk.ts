import { mountSmallDisk } from '../../tests/broken-disk-scene.ts';
import { fill, mountFragileDisk } from '../disks.ts';
import { type Fault, type Stage, type StoreKind, UNRECORDED_MEANWHILE } from '../fault.ts';
import { cannotBreakDisks, cannotMount } from '../machine.ts';
import type { Scene } from '../scene.ts';

const BROKEN_MS = 6_000;
const DISK_MIB: Readonly<Record<StoreKind, number>> = { sqlite: 64, postgres: 224 };
/** A log of transactions that fits on a small disk. */
const SMALL_LOG = ['-c', 'max_wal_size=64MB', '-c', 'min_wal_size=32MB'];

function placed(store: StoreKind, folder: string): Stage {
  return store === 'sqlite' ? { sqliteFolder: folder } : { postgresFolder: folder, postgresFlags: SMALL_LOG };
}

let folder = '';
let disk: ReturnType<typeof mountFragileDisk> | null = null;

export const DISK_FULL: Fault = {
  name: 'disk-full',
  breaks: `the database's disk is full to the last block for ${BROKEN_MS / 1_000} s`,
  stores: ['sqlite', 'postgres'],
  cannot: cannotMount,
  stage: (store) => {
    const small = mountSmallDisk(DISK_MIB[store]);
    folder = small.folder;
    return { ...placed(store, small.folder), remove: () => small.remove() };
  },
  duplicatesMax: UNRECORDED_MEANWHILE,
  run: async (scene) => {
    scene.strike();
    const empty = fill(folder);
    await scene.hold(BROKEN_MS);
    empty();
    await reviveDatabase(scene);
    scene.heal();
  },
};

export const DISK_READ_ONLY: Fault = {
  name: 'disk-read-only',
  breaks: `the kernel makes the database's disk read-only after an error; ${BROKEN_MS / 1_000} s later it is unmounted, checked and mounted again, and what was on it is started again`,
  stores: ['sqlite', 'postgres'],
  cannot: cannotBreakDisks,
  stage: (store) => {
    const fragile = mountFragileDisk(DISK_MIB[store]);
    disk = fragile;
    return { ...placed(store, fragile.folder), remove: () => fragile.remove() };
  },
  duplicatesMax: UNRECORDED_MEANWHILE,
  run: async (scene) => {
    scene.strike();
    disk?.fail();
    await scene.hold(BROKEN_MS);
    // Nobody may have files open on a disk that is checked.
    if (scene.postgres === null) await scene.nodes[0]?.kill();
    else await scene.postgres.stop('kill');
    await disk?.repair();
    if (scene.postgres === null) await scene.nodes[0]?.start();
    else await scene.postgres.start();
    scene.heal();
  },
};

/** PostgreSQL ends when it cannot write its log, and its supervisor would start it again. */
async function reviveDatabase({ postgres, notes }: Scene): Promise<void> {
  if (postgres === null || postgres.isRunning()) return;
  notes.push('PostgreSQL had ended');
  await postgres.start();
}
