import type { Clock, Timers } from '../domain/clock.ts';
import type { AttemptEnd } from './attempts.ts';
import type { LaneMode } from './budget.ts';
import { type Lane, type LiveDelivery, SCARCE_MIN } from './lane.ts';
import type { Lanes } from './lanes.ts';
import { ModeQueues } from './mode-queues.ts';
import { afterOutcome, PAUSE_MS_DEFAULT, quickestOf, STALL_MS } from './pace.ts';
import { WakeQueue } from './wake-queue.ts';

export type DispatchHooks = {
  readonly attempt: (live: LiveDelivery) => Promise<AttemptEnd>;
  /** Results wait for the store past their bound, or memory cannot be vouched for: nothing more may be sent. */
  readonly isBlocked: () => boolean;
  readonly onFinished: (live: LiveDelivery, end: Extract<AttemptEnd, { kind: 'finished' }>) => void;
  /** These are to be given back to the store. */
  readonly onUnsent: (lane: Lane, deliveries: readonly LiveDelivery[]) => void;
  /** These are not this node's any more, and only leave its memory. */
  readonly onLost: (lane: Lane, deliveries: readonly LiveDelivery[]) => void;
  /** A pause is over; the lane may claim again. */
  readonly onAwake: (lane: Lane) => void;
  readonly onFault: (where: string, error: unknown) => void;
};

/** Requests begun in one go; the rest follows after other work had its turn. */
const SENDS_PER_TURN_MAX = 256;
/** Requests in flight from which a busy node asks its lanes to do with fewer. */
const CROWDED_IN_FLIGHT = 96;
/** What is left of a scarce budget of requests in flight is for lanes with fewer than this. */
const SCARCE_IN_FLIGHT_MAX = 4;

/**
 * Starts attempts: whenever something became possible, `pump` takes ready lanes in turn, one delivery each, as long as
 * the budget of requests in flight allows. Each delivery costs the same however many lanes there are.
 *
 * Sending leads one way: `running` until `stop`, which lets the requests in flight end and begins no other.
 */
export class Dispatch {
  readonly #lanes: Lanes;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #hooks: DispatchHooks;
  readonly #ready = new ModeQueues('readyBits');
  readonly #sleeping: WakeQueue<Lane>;
  /** Lanes with requests in flight; never more than the budget. */
  readonly #flying = new Set<Lane>();
  /** Lanes that hold more than anyone may, and perhaps more than they can send soon. */
  readonly #loaded = new Set<Lane>();
  /** This thread has lately had next to no rest. */
  isLoopBusy = false;
  #running = true;
  #turnTaken = false;
  #onAllLanded: (() => void) | null = null;

  readonly #admits = (mode: LaneMode): boolean => this.#lanes.inFlight.room(mode) >= 1;
  // A lane that is passed by for lack of room is offered again when one of its own requests ends.
  readonly #canSend = (lane: Lane): boolean =>
    lane.canSend && (lane.inFlight < SCARCE_IN_FLIGHT_MAX || !this.#lanes.inFlight.isScarce(lane.mode));

  constructor(lanes: Lanes, clock: Clock, timers: Timers, hooks: DispatchHooks) {
    this.#lanes = lanes;
    this.#clock = clock;
    this.#timers = timers;
    this.#hooks = hooks;
    this.#sleeping = new WakeQueue(clock, timers, (lane) => this.#wake(lane));
  }

  get inFlight(): number {
    return this.#lanes.inFlight.total;
  }

  /** Takes over a delivery that holds its place in memory; `pump` follows when the caller is done adding. */
  add(live: LiveDelivery): void {
    const { lane } = live;
    if (this.#running && lane.state.isActive) {
      lane.waiting.push(live);
      if (!lane.isWatched && lane.waiting.size > SCARCE_MIN) this.#watch(lane);
      this.offer(lane);
    } else {
      this.#hooks.onUnsent(lane, [live]);
    }
  }

  /** Puts a lane in the queue when it has something that it may send. */
  offer(lane: Lane): void {
    if (lane.canSend) this.#ready.push(lane);
  }

  pump(): void {
    if (!this.#running || this.#hooks.isBlocked()) return;
    for (let begun = 0; begun < SENDS_PER_TURN_MAX; begun += 1) {
      const lane = this.#ready.next(this.#admits, this.#canSend);
      if (lane === null) return;
      this.#sendOne(lane);
    }
    this.#continueLater();
  }

  /** Gives all but the first `keep` waiting deliveries back to the store. */
  trim(lane: Lane, keep: number): void {
    if (lane.waiting.size > keep) this.#hooks.onUnsent(lane, lane.waiting.cut(keep));
  }

  /**
   * Lanes that answered and have been silent for too long with requests in flight lose their privilege, and those that
   * became slow lose what they hold beyond their pace when memory is scarce.
   */
  findStalled(): void {
    const now = this.#clock.monotonic();
    for (const lane of this.#flying) {
      lane.throughput.fade(now);
      if ((lane.mode !== 'healthy' && lane.mode !== 'erring') || now - lane.quietSince < STALL_MS) continue;
      this.#setMode(lane, 'unproven');
      this.#trimWhenStrained(lane);
    }
    for (const lane of this.#loaded) {
      if (lane.waiting.size > SCARCE_MIN) this.#trimToPace(lane);
      else {
        this.#loaded.delete(lane);
        lane.isWatched = false;
      }
    }
    this.pump();
  }

  /** Forgets all that waits here, since others have it now. Requests in flight go on. */
  loseWaiting(): void {
    for (const lane of this.#lanes.all()) {
      if (lane.waiting.size > 0) this.#hooks.onLost(lane, lane.waiting.cut(0));
    }
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#sleeping.stop();
    if (this.inFlight > 0) await new Promise<void>((resolve) => (this.#onAllLanded = resolve));
    for (const lane of this.#lanes.all()) this.trim(lane, 0);
  }

  #sendOne(lane: Lane): void {
    const now = this.#clock.monotonic();
    const delayMs = lane.bucket === null ? 0 : lane.bucket.take(now);
    if (delayMs > 0) {
      this.#pause(lane, delayMs);
      return;
    }
    const live = lane.waiting.shift();
    if (live === undefined) return;
    lane.inFlight += 1;
    this.#lanes.inFlight.take(lane.mode, 1);
    if (lane.inFlight === 1) {
      this.#flying.add(lane);
      lane.quietSince = now;
      lane.throughput.begin(now);
    }
    this.offer(lane);
    void this.#fly(live, now);
  }

  async #fly(live: LiveDelivery, startedAt: number): Promise<void> {
    let end: AttemptEnd;
    try {
      end = await this.#hooks.attempt(live);
    } catch (error) {
      this.#hooks.onFault('attempt', error);
      end = { kind: 'unsent' };
    }
    this.#land(live, end, startedAt);
  }

  #land(live: LiveDelivery, end: AttemptEnd, startedAt: number): void {
    const { lane } = live;
    lane.inFlight -= 1;
    this.#lanes.inFlight.give(lane.mode, 1);
    if (lane.inFlight === 0) this.#flying.delete(lane);
    if (end.kind === 'finished') {
      const now = this.#clock.monotonic();
      const tookMs = now - startedAt;
      if (end.class === 'success') lane.quickestMs = quickestOf(lane.quickestMs, tookMs, now - lane.quietSince);
      lane.quietSince = now;
      lane.throughput.add(live.bytes, now);
      this.#adapt(lane, end, tookMs);
      this.#hooks.onFinished(live, end);
    } else this.#keepOrGive(live, end.kind);
    this.offer(lane);
    this.pump();
    if (!this.#running && this.inFlight === 0) this.#onAllLanded?.();
  }

  #keepOrGive(live: LiveDelivery, why: Exclude<AttemptEnd['kind'], 'finished'>): void {
    const { lane } = live;
    // Nothing is sent before memory is good again, so this does not turn in a circle.
    if (why === 'unvouched') this.add(live);
    else if (why === 'lost') this.#hooks.onLost(lane, [live]);
    else {
      // Trying again at once would only turn in a circle.
      this.#slow(lane, PAUSE_MS_DEFAULT);
      this.#hooks.onUnsent(lane, [live]);
    }
  }

  /** What an outcome does to the lane's pace. */
  #adapt(lane: Lane, end: Extract<AttemptEnd, { kind: 'finished' }>, tookMs: number): void {
    lane.lastUsedAt = end.at;
    const { class: outcome, timedOut, retryAfter } = end;
    const isNodeBusy = this.isLoopBusy && this.inFlight >= CROWDED_IN_FLIGHT;
    const pace = afterOutcome(lane, { class: outcome, timedOut, retryAfter, tookMs, isNodeBusy });
    lane.limit = pace.limit;
    this.#setMode(lane, pace.mode);
    if (pace.pauseMs > 0) this.#slow(lane, pace.pauseMs);
    // What a slow lane cannot send soon would only keep memory from others.
    if (pace.pauseMs > 0 || end.timedOut) this.trim(lane, lane.limit);
    if (end.class !== 'success') this.#trimWhenStrained(lane);
  }

  /** Lanes that are not healthy any more may together hold more than their share: then their turn is to claim again. */
  #trimWhenStrained(lane: Lane): void {
    if (this.#lanes.isStrained(lane.mode)) this.trim(lane, 0);
  }

  #watch(lane: Lane): void {
    lane.isWatched = true;
    this.#loaded.add(lane);
  }

  #trimToPace(lane: Lane): void {
    const { deliveries, bytes } = this.#lanes;
    let keep = Number.POSITIVE_INFINITY;
    if (deliveries.isScarce(lane.mode)) keep = lane.heldMax('tight') - lane.inFlight;
    if (bytes.isScarce(lane.mode)) {
      const bytesEach = lane.inMemoryBytes / lane.inMemory;
      keep = Math.min(keep, Math.floor(lane.heldBytesMax('tight') / bytesEach) - lane.inFlight);
    }
    this.trim(lane, Math.max(1, keep));
  }

  #setMode(lane: Lane, mode: LaneMode): void {
    if (lane.mode === mode) return;
    this.#lanes.setMode(lane, mode);
    this.offer(lane);
  }

  #slow(lane: Lane, pauseMs: number): void {
    lane.slowed = true;
    this.#pause(lane, pauseMs);
  }

  #pause(lane: Lane, pauseMs: number): void {
    lane.pausedUntil = Math.max(lane.pausedUntil, this.#clock.monotonic() + pauseMs);
    if (lane.paused) return;
    lane.paused = true;
    this.#sleeping.add(lane, lane.pausedUntil);
  }

  #wake(lane: Lane): void {
    if (this.#clock.monotonic() < lane.pausedUntil) {
      // The pause was made longer while it lasted.
      this.#sleeping.add(lane, lane.pausedUntil);
      return;
    }
    lane.paused = false;
    lane.slowed = false;
    this.offer(lane);
    this.#hooks.onAwake(lane);
    this.pump();
  }

  #continueLater(): void {
    if (this.#turnTaken) return;
    this.#turnTaken = true;
    this.#timers.setTimeout(() => {
      this.#turnTaken = false;
      this.pump();
    }, 0);
  }
}
