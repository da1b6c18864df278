import type { Timers } from '../../../domain/clock.ts';
import { createTestClock, START, type TestClock } from '../../contract/fixtures.ts';
import type { Store } from '../../port.ts';
import { BEAT_MS } from '../heartbeat.ts';
import { openPostgresStore } from '../open.ts';
import { createMigratedDatabase } from './migrated-database.ts';

/** Few connections: very many tests share one server. */
const CONNECTIONS = { write: 3, read: 2, control: 1, change: 3 };

/** Timers that ring by hand, and only those of the beat: what else a node does by itself, a test asks for. */
class BeatTimers implements Timers {
  readonly #waiting = new Set<() => void>();
  #armed = Promise.withResolvers<void>();

  setTimeout(callback: () => void, delayMs: number): { cancel(): void } {
    if (delayMs !== BEAT_MS) return { cancel() {} };
    this.#waiting.add(callback);
    this.#armed.resolve();
    return { cancel: () => this.#waiting.delete(callback) };
  }

  /** Resolves when the next beat is waited for. */
  async ring(): Promise<void> {
    const [beat] = this.#waiting;
    if (beat === undefined) throw new Error('a node that does not beat');
    this.#waiting.delete(beat);
    this.#armed = Promise.withResolvers();
    beat();
    await this.#armed.promise;
  }
}

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
  /** Time goes by, and those that are silent otherwise beat meanwhile. */
  beat(forMs: number, ...stores: readonly Store[]): Promise<void>;
};

/** Runs a test on a database of its own; what it opened is closed whatever happens. */
export async function withNodes(test: (nodes: Nodes) => Promise<void>): Promise<void> {
  const database = await createMigratedDatabase(START);
  const clock = createTestClock();
  const stores = new Map<Store, BeatTimers>();
  try {
    await test({
      url: database.url,
      clock,
      async open({ isSilent = false, url = database.url } = {}) {
        const timers = new BeatTimers();
        const store = await openPostgresStore({
          url,
          pooler: 'none',
          sends: true,
          clock,
          time: 'clock',
          connections: CONNECTIONS,
          ...(isSilent ? { timers } : {}),
        });
        stores.set(store, timers);
        return store;
      },
      async beat(forMs, ...beating) {
        for (const end = clock.time + forMs; clock.time < end; ) {
          clock.time += BEAT_MS;
          await Promise.all(beating.map(async (store) => await stores.get(store)?.ring()));
        }
      },
    });
  } finally {
    await Promise.all([...stores.keys()].map(async (store) => await store.close()));
    await database.drop();
  }
}
