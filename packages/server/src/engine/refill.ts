import type { Clock, Timers } from '../domain/clock.ts';
import type { EndpointId } from '../domain/ids.ts';
import { PAYLOAD_BYTES_MAX } from '../domain/limits.ts';
import type { Claimed, Incarnation, Store } from '../store/port.ts';
import { Alarm } from './alarm.ts';
import type { LaneMode } from './budget.ts';
import type { EndpointDirectory } from './endpoint-directory.ts';
import type { EndpointState } from './endpoint-state.ts';
import { bytesInMemory, DELIVERY_BYTES, type Lane, type LiveDelivery, liveOf } from './lane.ts';
import type { Lanes } from './lanes.ts';
import { ModeQueues } from './mode-queues.ts';
import type { EngineTelemetry } from './telemetry.ts';

/** Claims under way at once; each is one read and one write of the store. */
const CLAIMS_MAX = 16;
const CLAIM_ITEMS_MAX = 500;
const CLAIM_BYTES_MAX: Readonly<Record<LaneMode, number>> = {
  healthy: 4 * 1_024 * 1_024,
  erring: 1_024 * 1_024,
  unproven: 1_024 * 1_024,
  failing: 512 * 1_024,
};
/** One delivery of any size must fit, or its claim would never bring it. */
const CLAIM_BYTES_MIN = bytesInMemory(PAYLOAD_BYTES_MAX);
const TAKEN_MAX = 256;
/** Endpoints are not taken more often than this, however many retries fall due. */
const TAKE_PAUSE_MS = 10;
/** And not more often than this when lanes must be closed for them: most of these have nothing that can be sent now. */
const CROWDED_TAKE_PAUSE_MS = 100;
const TRY_AGAIN_MS = 1_000;
/** Between a claim that brought nothing although more is due, and the next of the same lane. */
const EMPTY_CLAIM_PAUSE_MS = 100;

export type RefillHooks = {
  /** Deliveries that hold their place in memory. */
  readonly onClaimed: (deliveries: readonly LiveDelivery[]) => void;
  /** Claimed under a lease that ended meanwhile: to be given back. */
  readonly onLate: (lane: Lane, deliveries: readonly LiveDelivery[]) => void;
  /** This node answers for it, and will not look: it is not active, as far as memory knows. */
  readonly onInactive: (id: EndpointId) => void;
};

/**
 * Brings due deliveries from the store into the lanes.
 *
 * Endpoints with due work come from an index of the store's own. Taking one makes this node answer for it: its lane is
 * behind (`backlog`) and claims as soon as it has room and its turn. A claim that leaves due rows leaves the lane
 * behind; one that leaves none, or only later ones, ends that. The alarm is set to the earliest time at which anything is
 * known to fall due, and `poll` asks in any case.
 */
export class Refill {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #telemetry: EngineTelemetry;
  readonly #lanes: Lanes;
  readonly #endpoints: EndpointDirectory;
  readonly #hooks: RefillHooks;
  readonly #hungry = new ModeQueues('hungryBits');
  readonly #alarm: Alarm;
  /** Taken out of the index, but their state could not be read yet, or no lane could be opened. Never over TAKEN_MAX. */
  #unanswered: EndpointId[] = [];
  #underway = 0;
  readonly #claims = new Set<Promise<void>>();
  #holds = 0;
  #taking: Promise<void> | null = null;
  #lastTakenAt = Number.NEGATIVE_INFINITY;
  #running = true;
  #onIdle: (() => void) | null = null;

  readonly #admits = (mode: LaneMode): boolean =>
    this.#lanes.deliveries.room(mode) >= 1 && this.#lanes.bytes.room(mode) >= CLAIM_BYTES_MIN;
  readonly #wants = (lane: Lane): boolean => lane.wantsClaim;

  constructor(
    tools: {
      readonly store: Store;
      readonly clock: Clock;
      readonly timers: Timers;
      readonly telemetry: EngineTelemetry;
    },
    lanes: Lanes,
    endpoints: EndpointDirectory,
    hooks: RefillHooks,
  ) {
    this.#store = tools.store;
    this.#clock = tools.clock;
    this.#timers = tools.timers;
    this.#telemetry = tools.telemetry;
    this.#lanes = lanes;
    this.#endpoints = endpoints;
    this.#hooks = hooks;
    this.#alarm = new Alarm(tools.clock, tools.timers, () => this.poll());
  }

  /** Something is due at that time. */
  wakeAt(at: number): void {
    // A clock that was set back must not make the pause longer.
    const lastTakenAt = Math.min(this.#lastTakenAt, this.#clock.now());
    this.#alarm.setAt(Math.max(at, lastTakenAt + TAKE_PAUSE_MS));
  }

  /** The store has due rows of this lane, the earliest of them since `dueAt`. */
  fallBehind(lane: Lane, dueAt: number): void {
    if (!lane.backlog || dueAt < lane.behindSince) lane.behindSince = dueAt;
    lane.backlog = true;
    this.offer(lane);
  }

  /** Puts a lane in the queue when it may claim. */
  offer(lane: Lane): void {
    if (lane.wantsClaim) this.#hungry.push(lane);
  }

  /** Begins claims while lanes want and memory allows. */
  pump(): void {
    while (this.#running && this.#holds === 0 && this.#underway < CLAIMS_MAX) {
      const lane = this.#hungry.next(this.#admits, this.#wants);
      if (lane === null) return;
      const claim = this.#claim(lane).finally(() => this.#claims.delete(claim));
      this.#claims.add(claim);
    }
  }

  /** Waits for the claims that are under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#claims);
  }

  /** Begins no claim as long as that lasts. */
  holdWhile(work: Promise<void>): void {
    this.#holds += 1;
    void work.finally(() => {
      this.#holds -= 1;
      this.pump();
    });
  }

  /** Asks the store which endpoints have due work. */
  poll(): void {
    this.pump();
    if (!this.#running || this.#taking !== null) return;
    this.#taking = this.#take().finally(() => {
      this.#taking = null;
    });
  }

  /** The first look at the store. */
  async start(): Promise<void> {
    this.poll();
    await this.#taking;
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#alarm.stop();
    await this.#taking;
    if (this.#underway > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  async #claim(lane: Lane): Promise<void> {
    const { mode } = lane;
    const itemsMax = Math.min(CLAIM_ITEMS_MAX, lane.inMemoryMax - lane.inMemory, this.#lanes.deliveries.room(mode));
    const bytesMax = Math.max(CLAIM_BYTES_MIN, Math.min(CLAIM_BYTES_MAX[mode], this.#lanes.bytesRoom(lane)));
    lane.backlog = false;
    lane.claiming = true;
    this.#underway += 1;
    this.#lanes.hold(lane, itemsMax, bytesMax);
    const { incarnation } = this.#store;
    const claimed = await this.#ask(lane, incarnation, itemsMax, bytesMax);
    this.#underway -= 1;
    lane.claiming = false;
    this.#lanes.giveBack(lane, itemsMax, bytesMax);
    this.#settle(lane, claimed, incarnation);
    this.offer(lane);
    this.pump();
    if (this.#underway === 0) this.#onIdle?.();
  }

  async #ask(lane: Lane, incarnation: Incarnation, itemsMax: number, bytesMax: number): Promise<Claimed | null> {
    // The store counts payloads alone. It brings at least one row, which the smallest reservation covers.
    const payloadBytesMax = Math.max(1, bytesMax - itemsMax * DELIVERY_BYTES);
    const unit = {
      incarnation,
      endpointId: lane.state.id,
      now: this.#clock.now(),
      itemsMax,
      bytesMax: payloadBytesMax,
    };
    try {
      return await this.#store.claim(unit);
    } catch (error) {
      this.#telemetry.storeRefused('claim', error);
      return null;
    }
  }

  #settle(lane: Lane, claimed: Claimed | null, incarnation: Incarnation): void {
    if (claimed === null) {
      this.#claimLater(lane, TRY_AGAIN_MS);
      return;
    }
    // Where leases were lost meanwhile, what the claim brought is leased to what this node is now.
    const lease = this.#store.incarnation;
    const live = claimed.deliveries.map((queued) => liveOf(queued, lane, lease));
    for (const ids of lane.returning) for (const { id } of live) ids.delete(id);
    let bytes = 0;
    for (const each of live) bytes += each.bytes;
    this.#lanes.hold(lane, live.length, bytes);
    if (live.length > 0) {
      this.#telemetry.claimBatch(live.length);
      if (incarnation === lease) this.#hooks.onClaimed(live);
      else this.#hooks.onLate(lane, live);
    }
    const { nextDueAt } = claimed;
    if (nextDueAt === null) return;
    if (nextDueAt > this.#clock.now()) this.wakeAt(nextDueAt);
    // Not at once when nothing came: whatever keeps the store from bringing them must not make this turn in a circle.
    else if (live.length === 0) this.#claimLater(lane, EMPTY_CLAIM_PAUSE_MS);
    else if (lane.state.isActive) this.fallBehind(lane, nextDueAt);
  }

  /** The lane stays behind and goes on claiming, as it were, until it is its turn to try again. */
  #claimLater(lane: Lane, pauseMs: number): void {
    lane.claiming = true;
    lane.backlog = true;
    this.#timers.setTimeout(() => {
      lane.claiming = false;
      // Of an endpoint that is not active any more everything waits in the store.
      lane.backlog = lane.state.isActive;
      if (lane.backlog) this.offer(lane);
      else this.#hooks.onInactive(lane.state.id);
      this.pump();
    }, pauseMs);
  }

  async #take(): Promise<void> {
    try {
      for (let more = true; more && this.#running; ) more = await this.#takeSome();
    } catch (error) {
      this.#telemetry.storeRefused('take', error);
      this.wakeAt(this.#clock.now() + TRY_AGAIN_MS);
    }
  }

  async #takeSome(): Promise<boolean> {
    const now = this.#clock.now();
    let more = true;
    if (this.#unanswered.length === 0) {
      const { room } = this.#lanes;
      const pauseMs = room === 0 ? CROWDED_TAKE_PAUSE_MS : 0;
      // A clock that was set back must not make the pause longer.
      const mayTakeAt = Math.min(this.#lastTakenAt, now) + pauseMs;
      if (now < mayTakeAt) {
        this.wakeAt(mayTakeAt);
        return false;
      }
      const itemsMax = Math.min(TAKEN_MAX, room === 0 ? this.#lanes.makeRoom(TAKEN_MAX) : room);
      if (itemsMax === 0) return false;
      const taken = await this.#store.takeDue({ now, itemsMax });
      this.#lastTakenAt = now;
      this.#unanswered = [...taken.endpointIds];
      if (taken.nextDueAt !== null) this.wakeAt(Math.max(taken.nextDueAt, now + pauseMs));
      more = taken.endpointIds.length === itemsMax && room > 0;
    }
    const ids = this.#answerable();
    if (ids.length === 0) return false;
    await this.#endpoints.withLoaded(ids, (states) => {
      const answered = new Set(ids.filter((_, index) => this.#answerFor(states[index] ?? null, now)));
      this.#unanswered = this.#unanswered.filter((id) => !answered.has(id));
    });
    this.pump();
    return more && this.#unanswered.length === 0;
  }

  /** Those that have a lane, and of the others as many as may get one. */
  #answerable(): readonly EndpointId[] {
    let { room } = this.#lanes;
    // Others may have taken the room that there was when these were taken.
    if (room === 0) room = this.#lanes.makeRoom(this.#unanswered.length);
    return this.#unanswered.filter((id) => {
      if (this.#lanes.peek(id) !== null) return true;
      room -= 1;
      return room >= 0;
    });
  }

  /** False when this node must try again, because no lane could be opened. */
  #answerFor(state: EndpointState | null, now: number): boolean {
    // Held deliveries wait in the store; resuming puts the endpoint into the index again.
    if (state?.isActive !== true) {
      if (state !== null) this.#hooks.onInactive(state.id);
      return true;
    }
    const lane = this.#lanes.of(state, now);
    if (lane !== null) this.fallBehind(lane, now);
    return lane !== null;
  }
}
