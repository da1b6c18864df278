import type { Timers } from '../../../domain/clock.ts';
import { createTestClock, START, type TestClock } from '../../contract/fixtures.ts';
import type { Store } from '../../port.ts';
import { openPostgresStore } from '../open.ts';
import { createMigratedDatabase } from './migrated-database.ts';

/** Few connections: very many tests share one server. */
const CONNECTIONS = { write: 3, read: 2, control: 1, change: 3 };

/** Timers that never ring: what a node does by itself, a test asks for. */
const SILENT: Timers = { setTimeout: () => ({ cancel() {} }) };

export type NodeOptions = {
  /** False: it neither beats nor reads what others changed unless it is asked to. */
  readonly isSilent?: boolean;
  /** Instead of the database's own. */
  readonly url?: string;
};

/** Stores on one database, which go by a clock that the test moves by hand. */
export type Nodes = {
  readonly url: string;
  readonly clock: TestClock;
  open(options?: NodeOptions): Promise<Store>;
};

/** Runs a test on a database of its own; what it opened is closed whatever happens. */
export async function withNodes(test: (nodes: Nodes) => Promise<void>): Promise<void> {
  const database = await createMigratedDatabase(START);
  const clock = createTestClock();
  const stores: Store[] = [];
  try {
    await test({
      url: database.url,
      clock,
      async open({ isSilent = false, url = database.url } = {}) {
        const timers = isSilent ? { timers: SILENT } : {};
        const store = await openPostgresStore({
          url,
          pooler: 'none',
          sends: true,
          clock,
          time: 'clock',
          connections: CONNECTIONS,
          ...timers,
        });
        stores.push(store);
        return store;
      },
    });
  } finally {
    await Promise.all(stores.map(async (store) => await store.close()));
    await database.drop();
  }
}
