import type { Event } from '../domain/event.ts';
import type { DeliveryId } from '../domain/ids.ts';
import type { Incarnation, QueuedDelivery } from '../store/port.ts';
import type { Budget, LaneMode, Pressure } from './budget.ts';
import type { EndpointState } from './endpoint-state.ts';
import { Fifo } from './fifo.ts';
import { Throughput } from './pace.ts';
import type { TokenBucket } from './token-bucket.ts';

/** What is sent of an event; shared by all deliveries of it. */
export type SentEvent = Pick<Event, 'key' | 'id' | 'type' | 'payload' | 'contentType' | 'occurredAt'>;

/**
 * The event as lanes may keep it. Payloads are often cut from a larger piece of memory: a whole request, or all that a
 * claim brought. One that would keep far more alive than it counts for is copied, whatever the lane: a healthy one may
 * have to wait as well.
 */
export function eventFor(event: SentEvent): SentEvent {
  const { payload } = event;
  if (payload.buffer.byteLength <= 2 * payload.length + 16 * 1_024) return event;
  return { ...event, payload: new Uint8Array(payload) };
}

/** A delivery that this node holds the lease of, from its commit or claim until its result is recorded or it is released. */
export type LiveDelivery = {
  readonly id: DeliveryId;
  readonly lane: Lane;
  /** Under which this node holds it. */
  readonly lease: Incarnation;
  readonly event: SentEvent;
  readonly createdAt: number;
  /** When it was first due to go out. */
  readonly dueAt: number;
  /** Attempts before the next one. */
  readonly attemptCount: number;
  /** What it counts for in the memory budget. */
  readonly bytes: number;
};

/** What a delivery costs beside its payload, roughly. */
export const DELIVERY_BYTES = 512;

export function bytesInMemory(payloadBytes: number): number {
  return payloadBytes + DELIVERY_BYTES;
}

/** What a claim brought, in the hands of its lane. */
export function liveOf(queued: QueuedDelivery, lane: Lane, lease: Incarnation): LiveDelivery {
  return {
    id: queued.id,
    lane,
    lease,
    event: eventFor({
      key: queued.eventKey,
      id: queued.eventId,
      type: queued.eventType,
      payload: queued.payload,
      contentType: queued.contentType,
      occurredAt: queued.occurredAt,
    }),
    createdAt: queued.createdAt,
    dueAt: queued.dueAt,
    attemptCount: queued.attemptCount,
    bytes: bytesInMemory(queued.payload.length),
  };
}

/** Requests at once before the first outcome; successes raise it, one by one. */
export const UNPROVEN_IN_FLIGHT_MAX = 4;
/** However fast a lane is; and what a healthy one may take of new deliveries while memory is plenty. */
const IN_MEMORY_MAX = 2_000;
/** What a lane that answers may have whatever its pace while memory is plenty. */
const IN_MEMORY_MIN = 256;
const UNPROVEN_IN_MEMORY_MAX = 64;
/** What every lane but a failing one may have however little memory is left. */
export const SCARCE_MIN = 8;
/** When memory is not plenty, a lane may hold what it sends in about so long. */
const HELD_SECONDS_MAX = 2;
/** What one lane may take of the memory for payloads. */
const BYTES_RATIO_MAX: Readonly<Record<LaneMode, number>> = {
  healthy: 1 / 4,
  erring: 1 / 16,
  unproven: 1 / 32,
  failing: 1 / 64,
};
const BYTES_RATIO_MIN = 1 / 32;
const SCARCE_BYTES_RATIO_MIN = 1 / 256;

/** The budgets of memory that lanes share. */
export type MemoryBudgets = { readonly deliveries: Budget; readonly bytes: Budget };

/**
 * The way of one endpoint's deliveries through this node. Pure bookkeeping: it starts nothing.
 *
 * Its mode is `unproven` until the first outcome, then says what the last attempt was: `healthy`, `erring` when it failed
 * promptly, or `failing`. An endpoint that the store remembers as succeeding, or as failing for a while, begins in that
 * mode. Silence with requests in flight leads from `healthy` or `erring` back to `unproven`. Only `Lanes` changes the
 * mode, because budgets move with it.
 *
 * What it may hold in memory follows what it has lately completed, so that a slow one cannot keep memory from others.
 *
 * Beside the mode a lane may be
 * - paused: the receiver asked for fewer requests, or the rate is used up; it sends nothing until it is woken;
 * - behind: the store has due rows of it that this node must claim (`backlog`); it then takes no new slots, so that
 *   what waited longest goes first;
 * - claiming: a claim is under way;
 * - in doubt: the store may or may not have taken back what was given back; it claims nothing until that is known.
 */
export class Lane {
  readonly state: EndpointState;
  readonly waiting = new Fifo<LiveDelivery>();
  mode: LaneMode = 'unproven';
  inFlight = 0;
  /** Requests at once, now: between 1 and `concurrency`. */
  limit: number;
  /** Requests at once, as configured. */
  concurrency: number;
  /** Null: no limit of the rate. */
  bucket: TokenBucket | null = null;
  paused = false;
  /** Monotonic. */
  pausedUntil = 0;
  /** The pause is the receiver's wish, so new deliveries had better wait in the store. */
  slowed = false;
  /** Deliveries and bytes held or reserved, results that wait for the store included. */
  inMemory = 0;
  inMemoryBytes = 0;
  backlog = false;
  /** While it is behind: since when the earliest of those rows is due, as far as this node knows. Wall clock. */
  behindSince = 0;
  claiming = false;
  /**
   * What is being given back, one set for each unit. A claim may bring some of it again before it is known here that the
   * store has taken it back: that is no longer the unit's to give.
   */
  readonly returning = new Set<Set<DeliveryId>>();
  /** How many of these units are in doubt. */
  doubts = 0;
  readonly throughput = new Throughput();
  /** The quickest answer of late, milliseconds. */
  quickestMs = Number.POSITIVE_INFINITY;
  /** Monotonic; since when there was no outcome. Counts while requests are in flight. */
  quietSince = 0;
  lastUsedAt = 0;
  /** In which queues of `ModeQueues` it stands, one bit per mode. */
  readyBits = 0;
  hungryBits = 0;
  /** `Dispatch` looks after what it holds. */
  isWatched = false;
  readonly #memory: MemoryBudgets;

  constructor(state: EndpointState, concurrency: number, memory: MemoryBudgets) {
    this.state = state;
    this.concurrency = concurrency;
    this.limit = concurrency;
    this.#memory = memory;
  }

  get canSend(): boolean {
    return (
      !this.paused &&
      this.inFlight < this.limit &&
      this.waiting.size > 0 &&
      this.state.isActive &&
      !this.state.suspending
    );
  }

  /** How many it may hold for a new one to stay in memory. What is there already costs no read of the store. */
  get slotsMax(): number {
    const pressure = this.#memory.deliveries.pressure(this.mode);
    return this.#mayBurst(pressure) ? IN_MEMORY_MAX : this.heldMax(pressure);
  }

  get slotBytesMax(): number {
    const { bytes } = this.#memory;
    const pressure = bytes.pressure(this.mode);
    return this.#mayBurst(pressure) ? Math.floor(bytes.max * BYTES_RATIO_MAX.healthy) : this.heldBytesMax(pressure);
  }

  /** How many it may claim up to. */
  get inMemoryMax(): number {
    return this.heldMax(this.#memory.deliveries.pressure(this.mode));
  }

  get inMemoryBytesMax(): number {
    return this.heldBytesMax(this.#memory.bytes.pressure(this.mode));
  }

  /**
   * A failing lane holds no more than it can have in flight. Any other may hold what it sends in a short while; more than
   * that while memory is plenty, and little when next to none is left.
   */
  heldMax(pressure: Pressure): number {
    if (this.mode === 'failing') return this.limit;
    if (pressure === 'full') return SCARCE_MIN;
    const soon = Math.min(IN_MEMORY_MAX, Math.floor(this.throughput.deliveries * this.#heldSeconds));
    if (pressure !== 'none') return Math.max(SCARCE_MIN, soon);
    return this.mode === 'unproven' ? UNPROVEN_IN_MEMORY_MAX : Math.max(IN_MEMORY_MIN, this.limit, soon);
  }

  /** The same for bytes. One delivery of any size fits in any case. */
  heldBytesMax(pressure: Pressure): number {
    const { max } = this.#memory.bytes;
    const most = max * BYTES_RATIO_MAX[this.mode];
    if (pressure === 'full') return Math.floor(max * SCARCE_BYTES_RATIO_MIN);
    const least = max * (pressure === 'none' ? BYTES_RATIO_MIN : SCARCE_BYTES_RATIO_MIN);
    return Math.floor(Math.min(most, Math.max(least, this.throughput.bytes * this.#heldSeconds)));
  }

  /** Half empty, and nothing speaks against more. */
  get wantsClaim(): boolean {
    return (
      this.backlog &&
      !this.claiming &&
      this.doubts === 0 &&
      !this.slowed &&
      this.state.isActive &&
      this.inMemory * 2 <= this.inMemoryMax &&
      this.inMemoryBytes * 2 <= this.inMemoryBytesMax
    );
  }

  #mayBurst(pressure: Pressure): boolean {
    if (pressure !== 'none' || this.mode !== 'healthy') return false;
    return this.bucket === null || this.bucket.ratePerSecond * HELD_SECONDS_MAX >= IN_MEMORY_MAX;
  }

  /** Requests go out no faster than the rate of the endpoint, however fast they are answered. */
  get #heldSeconds(): number {
    const { deliveries } = this.throughput;
    const rate = this.bucket?.ratePerSecond ?? deliveries;
    return rate < deliveries ? (HELD_SECONDS_MAX * rate) / deliveries : HELD_SECONDS_MAX;
  }

  /** Nothing of it is in memory, or on its way there. */
  get isEmptyHanded(): boolean {
    return this.inMemory === 0 && !this.claiming && !this.paused;
  }

  get isIdle(): boolean {
    return this.isEmptyHanded && !this.backlog;
  }
}
