import type { Clock, Random, Timers } from '../../domain/clock.ts';
import { type CurrencyTelemetry, createCurrency, type Limit, type NodeCurrency } from '../currency.ts';
import type { Change } from '../port.ts';
import { Announcer, DUE_CHANNEL } from './announcer.ts';
import { createChangeFeed } from './change-feed.ts';
import type { Database } from './database.ts';
import type { GivenTime } from './database-time.ts';
import type { NodeRun } from './heartbeat.ts';
import { listenOn } from './listen-connection.ts';
import { type Connect, Listener, type ListenerTelemetry } from './listener.ts';
import { NodeTime } from './node-time.ts';
import { CHANGES_CHANNEL } from './writer/commit-changes.ts';

export type NodeFeedTelemetry = CurrencyTelemetry & ListenerTelemetry;

export type NodeFeedParts = {
  readonly db: Database;
  readonly url: string;
  readonly pooler: 'none' | 'transaction';
  /** The machine's. */
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly time: GivenTime;
  /** Of this node: memory is good no longer than its leases are its own. */
  readonly run: Pick<NodeRun, 'goodUntil' | 'renew'>;
  readonly tell: (changes: readonly Change[]) => void;
  readonly telemetry: NodeFeedTelemetry | null;
  /** For tests that cut it off. */
  readonly connect?: Connect;
};

/** What keeps a node in step with the others. */
export type NodeFeed = {
  readonly currency: NodeCurrency;
  /** The database's time; the given one where a test moves a clock by hand. */
  readonly clock: Clock;
  /** What this node itself committed, with the numbers under which it would be read again, and when that was. */
  tellOwn(changes: readonly Change[], numbers: readonly number[], times: readonly number[]): void;
  announceDue(): void;
  stop(): Promise<void>;
};

/** Starts to read what others change. A database that is away is asked again and again: memory is not good until then. */
export async function startNodeFeed(parts: NodeFeedParts): Promise<NodeFeed> {
  const { db, clock, timers, random, time, tell, telemetry } = parts;
  const feed = createChangeFeed(db, time);
  const nodeTime = time() === null ? new NodeTime(clock) : null;
  const currency = createCurrency({
    clock,
    timers,
    readChanges: async (after, at) => await feed.read(after, at),
    tell,
    ...(nodeTime === null ? {} : { onTime: (sample) => nodeTime.add(sample) }),
    limits: limitsOf(parts.run, nodeTime),
    telemetry,
  });
  const announcer = new Announcer({ db, clock, timers });
  const listener =
    parts.pooler === 'transaction'
      ? null
      : new Listener({
          connect: parts.connect ?? listenOn(parts.url),
          timers,
          random,
          channels: [CHANGES_CHANNEL, DUE_CHANNEL],
          onNotified(channel) {
            if (channel === CHANGES_CHANNEL) currency.nudge();
            else tell([{ kind: 'due' }]);
          },
          telemetry,
        });
  await currency.start();
  listener?.start();
  return {
    currency,
    clock: nodeTime ?? clock,
    tellOwn(changes, numbers, times) {
      feed.known(numbers, times);
      tell(changes);
    },
    announceDue: () => announcer.announce(),
    async stop() {
      currency.stop();
      await Promise.all([announcer.stop(), listener?.stop()]);
    },
  };
}

function limitsOf(run: NodeFeedParts['run'], nodeTime: NodeTime | null): Limit[] {
  const beat: Limit = {
    get goodUntil() {
      return run.goodUntil;
    },
    cause: 'this node could not say for too long that it is there',
    renew: async () => await run.renew(),
  };
  if (nodeTime === null) return [beat];
  const clock: Limit = {
    get goodUntil() {
      return nodeTime.goodUntil;
    },
    cause: 'the database takes too long to answer for its clock to be known',
  };
  return [beat, clock];
}
