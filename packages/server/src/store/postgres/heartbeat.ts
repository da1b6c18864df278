import type { Clock, Timers } from '../../domain/clock.ts';
import type { Incarnation } from '../port.ts';
import { type Moment, momentOf, sleptSince } from '../sleep.ts';
import type { Database, Statement } from './database.ts';
import { type GivenTime, nowMs } from './database-time.ts';
import { numberRun, startRun } from './writer/start-run.ts';

/** Who was not seen for so long, in the database's time, is gone: others take over what it had leased. */
export const LEASE_MS = 15_000;
const BEAT_MS = 2_000;
/** After a beat that failed. */
const BEAT_AGAIN_MS = 500;
/** From the start of the last good beat on, by a clock that never steps back; what is left to LEASE_MS is a reserve. */
const GOOD_MS = 10_000;

const BEAT: Statement = {
  name: 'node_beat',
  text: `UPDATE nodes SET seen_at = greatest(seen_at, ${nowMs(1)}) WHERE incarnation = $2`,
};

/** What stands for this node among the others. */
export type NodeRun = {
  readonly incarnation: Incarnation;
  /** Monotonic milliseconds until which this node may be sure that its leases are its own. */
  readonly goodUntil: number;
  /** Answers whether the node is good now; never rejects. */
  renew(): Promise<boolean>;
  onLost(listener: () => void): void;
  stop(): Promise<void>;
};

/** Of a process that leases nothing: nobody need watch over it. */
export async function unwatchedRun(db: Database): Promise<NodeRun> {
  return {
    incarnation: await numberRun(db),
    goodUntil: Number.POSITIVE_INFINITY,
    renew: async () => true,
    onLost() {},
    async stop() {},
  };
}

export type HeartbeatParts = {
  readonly db: Database;
  /** The machine's. */
  readonly clock: Clock;
  readonly timers: Timers;
  readonly time: GivenTime;
};

/**
 * Keeps the row of this node's incarnation alive. When the row is gone, others took over: the node takes a new
 * incarnation and tells so.
 *
 * Modes: alive → (row gone) lost → (new row) alive; stopped from any of them.
 */
export class Heartbeat implements NodeRun {
  readonly #parts: HeartbeatParts;
  readonly #lostListeners: (() => void)[] = [];
  #incarnation: Incarnation;
  /** When the last good beat began. */
  #goodFrom: Moment;
  #isLost = false;
  #underWay: Promise<boolean> | null = null;
  #timer: { cancel(): void } | null = null;
  #isStopped = false;

  private constructor(parts: HeartbeatParts, incarnation: Incarnation, startedAt: Moment) {
    this.#parts = parts;
    this.#incarnation = incarnation;
    this.#goodFrom = startedAt;
    this.#beatLater(BEAT_MS);
  }

  /** Registers this node. */
  static async start(parts: HeartbeatParts): Promise<Heartbeat> {
    const startedAt = momentOf(parts.clock);
    return new Heartbeat(parts, await startRun(parts.db, parts.time), startedAt);
  }

  get incarnation(): Incarnation {
    return this.#incarnation;
  }

  get goodUntil(): number {
    // Others may have counted this node for dead while its machine was suspended.
    if (this.#isLost || sleptSince(this.#parts.clock, this.#goodFrom)) return Number.NEGATIVE_INFINITY;
    return this.#goodFrom.monotonic + GOOD_MS;
  }

  onLost(listener: () => void): void {
    this.#lostListeners.push(listener);
  }

  /** Calls at one time share one beat. */
  renew(): Promise<boolean> {
    this.#underWay ??= this.#beat().finally(() => {
      this.#underWay = null;
    });
    return this.#underWay;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#underWay;
  }

  #beatLater(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer?.cancel();
    this.#timer = this.#parts.timers.setTimeout(() => void this.renew(), delayMs);
  }

  async #beat(): Promise<boolean> {
    const { db, clock, time } = this.#parts;
    const startedAt = momentOf(clock);
    try {
      if (!this.#isLost) {
        const { count } = await db.on('control').run(BEAT, [time(), this.#incarnation]);
        this.#isLost = count === 0;
      }
      if (this.#isLost) {
        this.#incarnation = await startRun(db, time);
        this.#isLost = false;
        this.#goodFrom = startedAt;
        this.#tellLost();
      }
      this.#goodFrom = startedAt;
      this.#beatLater(BEAT_MS);
      return true;
    } catch {
      // Whoever sends asks `goodUntil`, which passes by itself.
      this.#beatLater(BEAT_AGAIN_MS);
      return clock.monotonic() < this.goodUntil;
    }
  }

  #tellLost(): void {
    for (const listener of this.#lostListeners) {
      try {
        listener();
      } catch (error) {
        // A broken listener is a defect of its own: the beat must go on.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
