import { type Clock, type Random, systemClock, systemTimers, type Timers } from '../../domain/clock.ts';
import type { Change, Store } from '../port.ts';
import { type ConnectionKind, type Database, type DatabaseOptions, openDatabase } from './database.ts';
import type { GivenTime } from './database-time.ts';
import { Heartbeat, unwatchedRun } from './heartbeat.ts';
import { type Migrated, migrate } from './migrate.ts';
import { type NodeFeedTelemetry, startNodeFeed } from './node-feed.ts';
import { createReader } from './reader/reader.ts';
import { ChangeListeners, createPostgresStore } from './store.ts';
import { refuseUnfinishedTransfer } from './unfinished-transfer.ts';
import { createControlWriter } from './writer/control.ts';
import { makeDaysAhead } from './writer/partitions.ts';
import { createPruneEvents } from './writer/prune-events.ts';
import { createHotWriter } from './writer/writer.ts';

export type PostgresStoreOptions = Pick<DatabaseOptions, 'url' | 'pooler' | 'connections'> & {
  /** Whether this process leases deliveries. One that does not is no node that others must watch. */
  readonly sends: boolean;
  /** The machine's. */
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly random?: Random;
  readonly telemetry?: PostgresStoreTelemetry;
  readonly onFatal?: (cause: Error) => void;
  /** `clock`: what the database would say of the time is what the given clock says; for tests that move one by hand. */
  readonly time?: 'database' | 'clock';
};

/** What the store tells of itself. */
export type PostgresStoreTelemetry = NodeFeedTelemetry & {
  storeCommitted(units: number, durationMs: number): void;
  storeFailing?(cause: string): void;
  storeWorksAgain?(afterMs: number): void;
  storeMigrated?(step: Migrated): void;
  storeStatement?(connection: ConnectionKind, name: string): void;
};

/** Throws an error of `errors.ts` when the database cannot be used. */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { url, pooler, connections, telemetry } = options;
  const onStatement = (connection: ConnectionKind, name: string): void => telemetry?.storeStatement?.(connection, name);
  const db = openDatabase({ url, pooler, onStatement, ...(connections === undefined ? {} : { connections }) });
  try {
    await migrate(db, { where: whereOf(url), onMigrated: (step) => telemetry?.storeMigrated?.(step) });
    await refuseUnfinishedTransfer(db, whereOf(url));
    return await compose(db, options);
  } catch (error) {
    await db.close();
    throw error;
  }
}

async function compose(db: Database, options: PostgresStoreOptions): Promise<Store> {
  const { url, pooler, clock: machine = systemClock, timers = systemTimers, random = Math.random } = options;
  const { telemetry = null } = options;
  const time: GivenTime = options.time === 'clock' ? () => machine.now() : () => null;
  await using opened = new AsyncDisposableStack();
  const run = options.sends ? await Heartbeat.start({ db, clock: machine, timers, time }) : await unwatchedRun(db);
  opened.defer(async () => await run.stop());
  const listeners = new ChangeListeners();
  const tell = (changes: readonly Change[]) => listeners.tell(changes);
  const feed = await startNodeFeed({ db, url, pooler, clock: machine, timers, random, time, run, tell, telemetry });
  opened.defer(async () => await feed.stop());
  const { clock } = feed;
  await makeDaysAhead(db, clock.now());
  const tools = { db, clock, timers, random, time, incarnation: () => run.incarnation };
  const store = createPostgresStore({
    db,
    reader: createReader(db),
    hot: createHotWriter({ ...tools, telemetry, onDue: () => feed.announceDue() }),
    control: createControlWriter({
      ...tools,
      tell: (changes, numbers, times) => feed.tellOwn(changes, numbers, times),
    }),
    prune: createPruneEvents(db),
    run,
    feed,
    time,
    listeners,
  });
  // From here on closing the store stops them.
  opened.move();
  return store;
}

/** How messages call the database: never with the password. */
function whereOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
