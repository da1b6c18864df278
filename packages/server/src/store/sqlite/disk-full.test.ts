import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { acceptedEvent, acceptOne, populate, START } from '../contract/fixtures.ts';
import type { Store } from '../port.ts';
import { openSqliteStore } from './open.ts';
import { startThread } from './thread.ts';

const MIB = 1_024 * 1_024;
const DISK_MIB = 128;
/** More than the log may have before it is copied, and too little for the copy. */
const ROOM_MIB = 48;
const payload = new Uint8Array(200_000);

/** A small disk of its own, where this process may mount one. */
function mountDisk(): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'hookring-full-'));
  try {
    execFileSync('/usr/bin/env', ['mount', '-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', folder], {
      stdio: 'ignore',
    });
    return folder;
  } catch {
    rmSync(folder, { recursive: true });
    return null;
  }
}

const disk = mountDisk();
afterAll(() => {
  if (disk === null) return;
  // Lazily, since a test that failed may have left files open.
  execFileSync('/usr/bin/env', ['umount', '-l', disk]);
  rmSync(disk, { recursive: true });
});

/** Accepts events, two in each commit, until one is refused, and answers the reason of the refusal. */
async function fill(store: Store, owner: Parameters<typeof acceptedEvent>[0]): Promise<unknown> {
  for (let round = 0; round < 300; round += 1) {
    const units = Array.from({ length: 2 }, () => acceptOne(store, acceptedEvent(owner, [], { event: { payload } })));
    const refused = (await Promise.allSettled(units)).find((result) => result.status === 'rejected');
    if (refused !== undefined) return refused.reason;
  }
  return null;
}

/** What a thread that copies the log does when it is asked. */
async function askThread(path: string): Promise<'answered' | 'ended'> {
  const thread = await startThread({ role: 'checkpoint', path, now: START });
  const answered = new Promise<'answered'>((resolve) => thread.onMessage(() => resolve('answered')));
  thread.send({ kind: 'checkpoint' });
  const first = await Promise.race([answered, thread.exited.then(() => 'ended' as const)]);
  await thread.close();
  return first;
}

describe.skipIf(disk === null)('a full disk', () => {
  it.each(['inline', 'threads'] as const)(
    'ends when there is room again, for the same store (%s)',
    async (mode) => {
      const folder = join(disk ?? '', mode);
      const path = join(folder, 'hookring.db');
      const ended: Error[] = [];
      const store = await openSqliteStore({
        path,
        mode,
        freeDiskRatio: async () => 1,
        onFatal: (cause) => ended.push(cause),
      });
      const { organization: owner } = await populate(store, 0);
      const ballast = join(disk ?? '', 'ballast');
      writeFileSync(ballast, Buffer.alloc((DISK_MIB - ROOM_MIB) * MIB, 1));
      const refusal = expect.objectContaining({ name: 'StoreUnavailable', reason: 'commit_failed' });
      expect(await fill(store, owner.id)).toEqual(refusal);
      // There is nothing to write for it, but the log does not fit into the database.
      await store.housekeep({ kind: 'upkeep', now: 0 });
      expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
      expect(await fill(store, owner.id)).toEqual(refusal);
      expect(await askThread(path)).toBe('answered');
      expect(await store.reader.organization(owner.id)).not.toBeNull();

      rmSync(ballast);
      let size = 0;
      let roundsWithoutGrowth = 0;
      for (let round = 0; round < 60 && roundsWithoutGrowth < 4; round += 1) {
        // Enough commits for a look at the length of the log.
        for (let commits = 0; commits < 20; commits += 1) {
          await acceptOne(store, acceptedEvent(owner.id, [], { event: { payload: payload.subarray(0, 20_000) } }));
        }
        // The log is folded into the database in a thread of its own, which a busy machine may run late.
        await new Promise((resolve) => setTimeout(resolve, 50));
        const now = statSync(`${path}-wal`).size;
        roundsWithoutGrowth = now === size ? roundsWithoutGrowth + 1 : 0;
        size = now;
      }
      expect(roundsWithoutGrowth).toBe(4);
      await store.housekeep({ kind: 'upkeep', now: 0 });
      expect(statSync(`${path}-wal`).size).toBe(0);
      await store.ping();
      expect(ended).toEqual([]);
      await store.close();
      rmSync(folder, { recursive: true });
    },
    20_000,
  );
});
