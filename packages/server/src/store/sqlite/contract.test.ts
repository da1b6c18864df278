import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestClock, type Opened } from '../contract/fixtures.ts';
import { storeContract } from '../contract/suite.ts';
import { openSqliteStore } from './open.ts';

async function openIn(mode: 'threads' | 'inline'): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'hookring-store-'));
  const clock = createTestClock();
  const options = { path: join(folder, 'data', 'hookring.db'), mode, clock, freeDiskRatio: async () => 1 };
  let store = await openSqliteStore(options);
  return {
    store,
    clock,
    async reopen() {
      await store.close();
      store = await openSqliteStore(options);
      return store;
    },
    async close() {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

storeContract('SQLite in the calling thread', () => openIn('inline'));
storeContract('SQLite in threads', () => openIn('threads'));
