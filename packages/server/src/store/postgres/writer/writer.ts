import type { Clock, Random, Timers } from '../../../domain/clock.ts';
import { STORE_QUEUE_ROW_BYTES } from '../../../domain/limits.ts';
import { type AcceptUnit, type Incarnation, type RecordUnit, type Store, StoreUnavailable } from '../../port.ts';
import { Trouble, type TroubleTelemetry } from '../../trouble.ts';
import type { Database } from '../database.ts';
import { type CommitWatch, Lane, type LaneParts, type RunBatch, WriteQueue } from '../group-commit.ts';
import { acceptClaims, createAccept } from './accept.ts';
import { Batches } from './batches.ts';
import { claimClaims, createClaim } from './claim.ts';
import type { HotContext } from './context.ts';
import { Directory } from './directory.ts';
import { createRecord } from './record.ts';
import { createRelease } from './release.ts';
import { createTakeDue } from './take-due.ts';

/** Two batches of events are under way at once: one on its way to the disk while the next is worked out. */
const ACCEPTS_IN_FLIGHT_MAX = 2;
/** The order of results decides about an endpoint's health, so one batch goes after the other. */
const RECORDS_IN_FLIGHT_MAX = 1;
/** Claims that come meanwhile go together: one statement serves many endpoints. */
const CLAIMS_IN_FLIGHT_MAX = 1;

/** An endpoint whose next delivery is due later than this is found by whoever looks then. */
const SOON_MS = 100;

/** What the writer tells of itself. */
export type HotWriterTelemetry = TroubleTelemetry & {
  storeCommitted(units: number, durationMs: number): void;
};

export type HotWriterParts = {
  readonly db: Database;
  /** The store's, as all nodes agree on it. */
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** This node's run, which new leases name. The first one also tells this writer's batches from all others. */
  readonly incarnation: () => Incarnation;
  /** Some endpoint has due work, and no node answers for it yet. */
  readonly onDue: () => void;
  readonly telemetry: HotWriterTelemetry | null;
  /** Runs a callback after the current turn of events, so that everything submitted in it travels together. */
  readonly defer?: (callback: () => void) => void;
};

/** Writes what every event needs. The signatures are those of the port. */
export type HotWriter = Pick<Store, 'accept' | 'record' | 'claim' | 'takeDue' | 'release' | 'room'> & {
  /** The last write failed: whoever is asked whether writes work has to try. */
  readonly isInTrouble: boolean;
  /** Commits what waits; nothing is taken any more. */
  drain(): Promise<void>;
};

export function createHotWriter(parts: HotWriterParts): HotWriter {
  const { db, clock, timers, random, incarnation, telemetry, defer = setImmediate } = parts;
  const trouble = new Trouble(() => clock.monotonic(), telemetry);
  const batches = new Batches({
    db,
    clock,
    timers,
    random,
    writer: incarnation(),
    onFailed: (cause) => trouble.failed(cause.message),
    onWorked: () => trouble.worked(),
  });
  const context: HotContext = {
    batches,
    directory: new Directory(async (statement, values) => await batches.read(statement, values)),
    incarnation,
    now: () => clock.now(),
    onBusy(dueAt) {
      if (dueAt <= clock.now() + SOON_MS) parts.onDue();
    },
  };
  const queue = new WriteQueue();
  const watch: CommitWatch = {
    monotonic: () => clock.monotonic(),
    committed: (units, durationMs) => telemetry?.storeCommitted(units, durationMs),
  };

  function laneOf<Unit, Result>(
    run: RunBatch<Unit, Result>,
    inFlightMax: number,
    claims?: LaneParts<Unit, Result>['claims'],
  ): Lane<Unit, Result> {
    return new Lane({ queue, run, watch, defer, inFlightMax, ...(claims === undefined ? {} : { claims }) });
  }
  const accepts = laneOf(createAccept(context), ACCEPTS_IN_FLIGHT_MAX, acceptClaims);
  const records = laneOf(createRecord(context), RECORDS_IN_FLIGHT_MAX);
  const claims = laneOf(createClaim(context), CLAIMS_IN_FLIGHT_MAX, claimClaims);
  const takes = laneOf(createTakeDue(context), 1);
  const releases = laneOf(createRelease(context), 1);

  return {
    get room() {
      return queue.room;
    },
    get isInTrouble() {
      return !trouble.isOver;
    },
    accept(unit) {
      const bytes = acceptBytes(unit);
      const { room } = queue;
      const isFull = room.units === 0 || room.bytes < bytes;
      // What is larger than the whole queue goes when nothing else waits, or it would never.
      if (isFull && queue.isOpen && queue.units > 0) return Promise.reject(new StoreUnavailable('queue_full'));
      return accepts.submit(unit, bytes);
    },
    record: (unit) => records.submit(unit, recordBytes(unit)),
    claim: (unit) => claims.submit(unit, STORE_QUEUE_ROW_BYTES),
    takeDue: (unit) => takes.submit(unit, STORE_QUEUE_ROW_BYTES),
    release: (unit) => releases.submit(unit, STORE_QUEUE_ROW_BYTES),
    async drain() {
      queue.isOpen = false;
      await Promise.all([accepts, records, claims, takes, releases].map((lane) => lane.drain()));
    },
  };
}

function acceptBytes({ events }: AcceptUnit): number {
  let bytes = 0;
  for (const { event, deliveries } of events) {
    bytes += event.payload.length + (1 + deliveries.length) * STORE_QUEUE_ROW_BYTES;
  }
  return bytes;
}

function recordBytes({ outcomes, health }: RecordUnit): number {
  let bytes = (outcomes.length + health.length) * STORE_QUEUE_ROW_BYTES;
  for (const { attempt } of outcomes) bytes += attempt.responseExcerpt?.length ?? 0;
  return bytes;
}
