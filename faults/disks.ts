import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { tool } from './tool.ts';

/** A disk that the kernel makes read-only when it finds an error, as ext4 on a server does. */
export type FragileDisk = {
  readonly folder: string;
  fail(): void;
  /** What an operator does: unmount, check, mount. Nobody may have files open on it. */
  repair(): Promise<void>;
  remove(): void;
};

const MIB = 1_024 * 1_024;
const UNMOUNT_TRIES_MAX = 50;
const UNMOUNT_POLL_MS = 100;

export function mountFragileDisk(mib: number): FragileDisk {
  const home = mkdtempSync(path.join(tmpdir(), 'hookring-disk-'));
  // PostgreSQL's own user must get through.
  tool('chmod', '755', home);
  const image = path.join(home, 'image');
  const folder = path.join(home, 'disk');
  tool('mkdir', folder);
  const file = openSync(image, 'w');
  ftruncateSync(file, mib * MIB);
  closeSync(file);
  tool('mkfs.ext4', '-q', '-m', '0', image);
  const mount = (): void => tool('mount', '-o', 'loop,errors=remount-ro', image, folder);
  mount();
  return {
    folder,
    fail() {
      const device = readFileSync('/proc/mounts', 'utf8')
        .split('\n')
        .map((line) => line.split(' '))
        .find((words) => words[1] === folder)?.[0];
      writeFileSync(`/sys/fs/ext4/${path.basename(device ?? '')}/trigger_fs_error`, '1');
    },
    async repair() {
      for (let tries = 1; ; tries += 1) {
        try {
          tool('umount', folder);
          break;
        } catch (error) {
          if (tries === UNMOUNT_TRIES_MAX) throw error;
          await pause(UNMOUNT_POLL_MS);
        }
      }
      try {
        tool('e2fsck', '-p', image);
      } catch {
        // 1 says that it mended something; a disk that it could not mend is not mounted.
      }
      mount();
    },
    remove() {
      // Lazily, since a row that failed may have left files open.
      tool('umount', '-l', folder);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Takes all room that a disk has left. Answers how to give it back. */
export function fill(folder: string): () => void {
  const ballast = path.join(folder, 'ballast');
  const file = openSync(ballast, 'w');
  try {
    for (const bytes of [MIB, 4_096]) {
      const piece = Buffer.alloc(bytes, 1);
      try {
        for (;;) writeSync(file, piece);
      } catch {
        // No piece of this size fits any more.
      }
    }
  } finally {
    closeSync(file);
  }
  return () => rmSync(ballast);
}
