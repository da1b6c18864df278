import type { Clock, Timers } from '../../domain/clock.ts';
import { number } from '../cells.ts';
import type { Incarnation } from '../port.ts';
import { type Moment, momentOf, sleptSince } from '../sleep.ts';
import { CONTROL_ANSWER_MS_MAX, type Database, type Row, type Statement } from './database.ts';
import { type GivenTime, nowMs } from './database-time.ts';
import { Steadiness } from './steadiness.ts';
import { numberRun, startRun } from './writer/start-run.ts';

/** Who was not seen for so long, in the database's time, is gone: others take over what it had leased. */
export const LEASE_MS = 15_000;
export const BEAT_MS = 2_000;
/** After a beat that failed. */
export const BEAT_AGAIN_MS = 500;
/** From the start of the last good beat on, by a clock that never steps back; what is left to LEASE_MS is a reserve. */
const GOOD_MS = 10_000;
/**
 * From the moment that the database is there again every living node has beaten after this time. At the worst a node beat
 * just before, waits for its next time, loses that beat on a connection that is dead and says nothing, and beats anew:
 * 2,000 + 7,000 + 500 ms, and half a second for the way.
 */
export const STEADY_MS: number = BEAT_MS + CONTROL_ANSWER_MS_MAX + BEAT_AGAIN_MS + 500;

/** What was there is told, too: after a switch to a standby that was behind it is not what this node left. */
const BEAT: Statement = {
  name: 'node_beat',
  text: `
    UPDATE nodes n SET seen_at = b.now
    FROM (SELECT seen_at, ${nowMs(1)} AS now FROM nodes WHERE incarnation = $2 FOR UPDATE) b
    WHERE n.incarnation = $2 RETURNING b.seen_at, n.seen_at`,
};

/** What stands for this node among the others. */
export type NodeRun = {
  readonly incarnation: Incarnation;
  /** Monotonic milliseconds until which this node may be sure that its leases are its own. */
  readonly goodUntil: number;
  /**
   * The database's time of its last beat, which stands in its row, once its beats have been steady for so long that every
   * living node has beaten since: whoever had been silent for LEASE_MS by then is dead. Null: nobody can say.
   */
  readonly steadyAt: number | null;
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
    steadyAt: null,
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
  readonly #steadiness = new Steadiness(STEADY_MS);
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

  get steadyAt(): number | null {
    return this.#steadiness.steadyAt;
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
        const { rows } = await db.on('control').run(BEAT, [time(), this.#incarnation]);
        const [row] = rows;
        this.#isLost = row === undefined;
        if (row !== undefined) this.#steady(startedAt, row);
      }
      if (this.#isLost) {
        this.#steadiness.broke();
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
      this.#steadiness.broke();
      this.#beatLater(BEAT_AGAIN_MS);
      return clock.monotonic() < this.goodUntil;
    }
  }

  #steady({ monotonic: sentAt }: Moment, [found, left]: Row): void {
    const receivedAt = this.#parts.clock.monotonic();
    this.#steadiness.beat({ sentAt, receivedAt, found: number(found), left: number(left) });
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
