import type { Clock, Random, Timers } from '../../../domain/clock.ts';
import { STORE_QUEUE_ROW_BYTES } from '../../../domain/limits.ts';
import {
  type AcceptResult,
  type AcceptUnit,
  type Claimed,
  type ClaimUnit,
  type DueTaken,
  type Incarnation,
  type RecordResult,
  type RecordUnit,
  type ReleaseUnit,
  StoreUnavailable,
  type TakeDueUnit,
} from '../../port.ts';
import type { Database } from '../database.ts';
import { type CommitWatch, Lane, type LaneParts, type RunBatch, WriteQueue } from '../group-commit.ts';
import { acceptClaims, createAccept } from './accept.ts';
import { Batches } from './batches.ts';
import { claimClaims, createClaim } from './claim.ts';
import { Directory } from './directory.ts';
import { createRecord } from './record.ts';
import { createRelease } from './release.ts';
import { createTakeDue } from './take-due.ts';

/** Two batches of events are under way at once: one on its way to the disk while the next is worked out. */
const ACCEPTS_IN_FLIGHT_MAX = 2;
/** The order of results decides about an endpoint's health, so one batch goes after the other. */
const RECORDS_IN_FLIGHT_MAX = 1;
const CLAIMS_IN_FLIGHT_MAX = 2;

export type HotWriterParts = {
  readonly db: Database;
  /** The store's, as all nodes agree on it. */
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** This node's run. It is also what tells the writer's batches from those of all others. */
  readonly incarnation: Incarnation;
  readonly defer: (callback: () => void) => void;
  /** Makes the partitions of the days of these times. */
  readonly makeDays: (times: readonly number[]) => Promise<void>;
  /** Some endpoint came into the index, or nobody answers for it any more; it is due at that time. */
  readonly onBusy: (dueAt: number) => void;
  /** Is told of each statement that failed for reasons of the server's, and of each that worked. */
  readonly onFailed: (cause: Error) => void;
  readonly onWorked: () => void;
  readonly committed: CommitWatch['committed'];
};

/** Writes what every event needs. The signatures are those of the port. */
export type HotWriter = {
  /** Given to new leases; another one after this node lost the one it had. */
  incarnation: Incarnation;
  readonly room: { readonly units: number; readonly bytes: number };
  accept(unit: AcceptUnit): Promise<AcceptResult>;
  record(unit: RecordUnit): Promise<RecordResult>;
  claim(unit: ClaimUnit): Promise<Claimed>;
  takeDue(unit: TakeDueUnit): Promise<DueTaken>;
  release(unit: ReleaseUnit): Promise<void>;
  /** Commits what waits; nothing is taken any more. */
  drain(): Promise<void>;
  /** Removes what batches of nodes that are gone have left behind. */
  sweep(now: number): Promise<void>;
};

export function createHotWriter(parts: HotWriterParts): HotWriter {
  const { clock, defer } = parts;
  const batches = new Batches({ ...parts, writer: parts.incarnation });
  const queue = new WriteQueue();
  let incarnation = parts.incarnation;
  const context = {
    batches,
    directory: new Directory(async (statement, values) => await batches.read(statement, values)),
    incarnation: () => incarnation,
    now: () => clock.now(),
    onBusy: parts.onBusy,
  };
  const watch: CommitWatch = { monotonic: () => clock.monotonic(), committed: parts.committed };

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
    get incarnation() {
      return incarnation;
    },
    set incarnation(next) {
      incarnation = next;
    },
    get room() {
      return queue.room;
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
    sweep: (now) => batches.sweep(now),
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
