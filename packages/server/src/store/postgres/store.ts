import { DatabaseError } from 'pg';
import type { Change, Incarnation, Pruned, PruneUnit, Reader, Store } from '../port.ts';
import { StoreUnavailable } from '../port.ts';
import type { Database, Statement } from './database.ts';
import type { GivenTime } from './database-time.ts';
import { DAY_MS } from './days.ts';
import type { NodeRun } from './heartbeat.ts';
import type { NodeFeed } from './node-feed.ts';
import { spaceOf } from './space.ts';
import type { ControlWriter } from './writer/control.ts';
import { createHousekeeping } from './writer/housekeeping.ts';
import { takeJob } from './writer/jobs.ts';
import { makeDaysAhead } from './writer/partitions.ts';
import { freeLeases } from './writer/reap-leases.ts';
import { endRun } from './writer/start-run.ts';
import { refusing } from './writer/transact.ts';
import type { HotWriter } from './writer/writer.ts';

/** From a commit until every node acts on it: what memory is good for, the error of clocks, and room to spare. */
const SPREAD_MS = 1_000;
/**
 * A statement that records costs this node and the database about as much alone as with fifty results. A node of many gets
 * few at a time, so it gathers them: it sends at most some twenty such statements a second.
 */
const RECORD_WAIT_MS = 50;
/** Rows that closing gives back at a time. */
const FREED_PER_STEP = 10_000;

/** Changes nothing, and is refused like every other change by a standby, and by a server that was told to take no writes. */
const PING: Statement = { name: 'ping', text: 'UPDATE nodes SET seen_at = seen_at WHERE false' };
const READ_ONLY_SQL_TRANSACTION = '25006';
/** More than there are connections of a kind that writes. */
const PINGS_MAX = 5;

export type PostgresStoreParts = {
  readonly db: Database;
  readonly reader: Reader;
  readonly hot: HotWriter;
  readonly control: ControlWriter;
  readonly run: NodeRun;
  readonly feed: Pick<NodeFeed, 'clock' | 'currency' | 'announceDue' | 'stop'>;
  readonly time: GivenTime;
  readonly prune: (unit: PruneUnit, now: number) => Promise<Pruned>;
  readonly listeners: ChangeListeners;
};

/** Who is told of changes, in memory. */
export class ChangeListeners {
  readonly #listeners: ((changes: readonly Change[]) => void)[] = [];

  add(listener: (changes: readonly Change[]) => void): void {
    this.#listeners.push(listener);
  }

  tell(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    for (const listener of this.#listeners) {
      try {
        listener(changes);
      } catch (error) {
        // A broken listener is a defect of its own: it must not keep a committed change from its answer.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

/** Composes what reads, what writes and what keeps this node in step with the others. */
export function createPostgresStore(parts: PostgresStoreParts): Store {
  const { db, hot, control, run, feed, time, listeners } = parts;
  const { clock } = feed;
  const incarnation = (): Incarnation => run.incarnation;
  const housekeep = createHousekeeping({
    db,
    time,
    run,
    makeDays: async (now) => await makeDaysAhead(db, now),
    onDue() {
      listeners.tell([{ kind: 'due' }]);
      feed.announceDue();
    },
  });
  let closing: Promise<void> | null = null;

  async function close(): Promise<void> {
    await Promise.all([hot.drain(), control.drain()]);
    await feed.stop();
    await run.stop();
    try {
      const me = incarnation();
      while ((await freeLeases(db, [me], FREED_PER_STEP)).more);
      await endRun(db, me);
    } catch {
      // The database is away: others find that this node is gone by its silence.
    }
    await db.close();
  }

  return {
    reader: parts.reader,
    get incarnation() {
      return run.incarnation;
    },
    clock,
    currency: feed.currency,
    spreadMs: SPREAD_MS,
    recordWaitMs: RECORD_WAIT_MS,
    retentionUnitMs: DAY_MS,
    get room() {
      return hot.room;
    },
    apply: async (commands, options) => await control.apply(commands, options),
    accept: (unit) => hot.accept(unit),
    record: (unit) => hot.record(unit),
    claim: (unit) => hot.claim(unit),
    takeDue: (unit) => hot.takeDue(unit),
    release: (unit) => hot.release(unit),
    housekeep: async (step) => await refusing(async () => await housekeep(step)),
    prune: async (unit) => await refusing(async () => await parts.prune(unit, clock.now())),
    reseal: async (unit) => await control.reseal(unit),
    space: async () => await spaceOf(db),
    takeJob: async (name, forMs) => await refusing(async () => await takeJob(db, time, incarnation(), name, forMs)),
    onChange: (listener) => listeners.add(listener),
    onLeasesLost: (listener) => run.onLost(listener),
    async ping() {
      if (closing !== null) throw new StoreUnavailable('closed');
      await refusing(async () => await ping(db, 'control'));
      // The connections of writes may be those that are refused.
      if (hot.isInTrouble) await refusing(async () => await ping(db, 'write'));
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/**
 * A session that was opened while the database took no writes takes none afterwards. Its error closes it, so the last of
 * these sessions is not the last try.
 */
async function ping(db: Database, kind: 'control' | 'write'): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await db.on(kind).run(PING);
      return;
    } catch (error) {
      const isReadOnly = error instanceof DatabaseError && error.code === READ_ONLY_SQL_TRANSACTION;
      if (!isReadOnly || tries === PINGS_MAX) throw error;
    }
  }
}
