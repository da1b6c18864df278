import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acceptedEvent, acceptOne, populate } from '../contract/fixtures.ts';
import { WAL_FILE_BYTES_MAX } from './connection.ts';
import { openSqliteStore } from './open.ts';

const PAYLOAD = new Uint8Array(200_000);

describe('the write-ahead log', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hookring-log-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('grows while somebody reads an old state, and is short again once they have ended', async () => {
    const path = join(folder, 'hookring.db');
    const store = await openSqliteStore({ path, mode: 'threads', freeDiskRatio: async () => 1 });
    const { organization: owner } = await populate(store, 0);
    const size = (): number => statSync(`${path}-wal`).size;
    const write = async (): Promise<void> => {
      const events = Array.from({ length: 20 }, () => acceptedEvent(owner.id, [], { event: { payload: PAYLOAD } }));
      await Promise.all(events.map((event) => acceptOne(store, event)));
    };
    const reader = new DatabaseSync(path, { readOnly: true });
    reader.exec('BEGIN');
    expect(reader.prepare('SELECT count(*) AS found FROM events').get()).toEqual({ found: 0 });
    while (size() <= WAL_FILE_BYTES_MAX + 4_000_000) await write();
    // No copy of the log can be whole while they read.
    await store.housekeep({ kind: 'upkeep', now: 0 });
    expect(size()).toBeGreaterThan(WAL_FILE_BYTES_MAX);
    expect(reader.prepare('SELECT count(*) AS found FROM events').get()).toEqual({ found: 0 });

    reader.exec('COMMIT');
    let rounds = 0;
    for (; size() > WAL_FILE_BYTES_MAX && rounds < 60; rounds += 1) {
      await write();
      // The log is copied in a thread of its own, which a busy machine may run late.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(size()).toBeLessThanOrEqual(WAL_FILE_BYTES_MAX);
    await store.housekeep({ kind: 'upkeep', now: 0 });
    expect(size()).toBe(0);
    reader.close();
    await store.close();
  }, 60_000);
});
