import { createTestClock, type Opened, START } from '../contract/fixtures.ts';
import { storeContract } from '../contract/suite.ts';
import { openPostgresStore, type PostgresStoreOptions } from './open.ts';
import { createMigratedDatabase } from './testing/migrated-database.ts';

async function openOn(pooler: PostgresStoreOptions['pooler']): Promise<Opened> {
  const database = await createMigratedDatabase(START);
  const clock = createTestClock();
  const connections = { write: 2, read: 2, control: 1, change: 2 };
  const open = async () =>
    await openPostgresStore({ url: database.url, pooler, sends: true, clock, time: 'clock', connections });
  let store = await open();
  return {
    store,
    clock,
    async reopen() {
      await store.close();
      store = await open();
      return store;
    },
    async close() {
      await store.close();
      await database.drop();
    },
  };
}

storeContract('PostgreSQL', () => openOn('none'));
