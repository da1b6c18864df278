import type { Event } from '../domain/event.ts';
import type { DeliveryId } from '../domain/ids.ts';
import type { LaneMode } from './budget.ts';
import type { EndpointState } from './endpoint-state.ts';
import { Fifo } from './fifo.ts';
import type { TokenBucket } from './token-bucket.ts';

/** What is sent of an event; shared by all deliveries of it. */
export type SentEvent = Pick<Event, 'key' | 'id' | 'type' | 'payload' | 'contentType' | 'occurredAt'>;

/**
 * The event as a lane may keep it. Payloads are often cut from a larger piece of memory: a whole request, or all that a
 * claim brought. A lane that may keep one for long gets a copy, so that it keeps nothing else alive.
 */
export function eventFor(lane: Lane, event: SentEvent): SentEvent {
  const { payload } = event;
  if (lane.mode === 'healthy' || payload.buffer.byteLength <= payload.length + DELIVERY_BYTES) return event;
  return { ...event, payload: new Uint8Array(payload) };
}

/** A delivery that this node holds the lease of, from its commit or claim until its result is recorded or it is released. */
export type LiveDelivery = {
  readonly id: DeliveryId;
  readonly lane: Lane;
  readonly event: SentEvent;
  readonly createdAt: number;
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

/** Requests at once before the first outcome; successes raise it, one by one. */
export const UNPROVEN_IN_FLIGHT_MAX = 4;
const HEALTHY_IN_MEMORY_MAX = 2_000;
const UNPROVEN_IN_MEMORY_MAX = 64;

/**
 * The way of one endpoint's deliveries through this node. Pure bookkeeping: it starts nothing.
 *
 * Its mode is `unproven` until the first outcome, then says what the last attempt was: `healthy` or `failing`. An
 * endpoint that the store remembers as succeeding or failing begins in that mode. Silence with requests in flight leads
 * from `healthy` back to `unproven`. Only `LaneControl` changes the mode, because budgets move with it.
 *
 * Beside the mode a lane may be
 * - paused: the receiver asked for fewer requests, or the rate is used up; it sends nothing until it is woken;
 * - behind: the store has due rows of it that this node must claim (`backlog`); it then takes no new slots, so that
 *   what waited longest goes first;
 * - claiming: a claim is under way.
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
  pausedUntil = 0;
  /** The pause is the receiver's wish, so new deliveries had better wait in the store. */
  slowed = false;
  /** Deliveries and bytes held or reserved, results that wait for the store included. */
  inMemory = 0;
  inMemoryBytes = 0;
  backlog = false;
  claiming = false;
  /** Since when there was no outcome; counts while requests are in flight. */
  quietSince = 0;
  lastUsedAt = 0;
  /** In which queues of `ModeQueues` it stands, one bit per mode. */
  readyBits = 0;
  hungryBits = 0;

  constructor(state: EndpointState, concurrency: number) {
    this.state = state;
    this.concurrency = concurrency;
    this.limit = concurrency;
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

  /** A healthy lane keeps what a burst needs, a failing one little more than it can have in flight. */
  get inMemoryMax(): number {
    if (this.mode === 'healthy') return HEALTHY_IN_MEMORY_MAX;
    return this.mode === 'unproven' ? UNPROVEN_IN_MEMORY_MAX : this.limit;
  }

  /** Half empty, and nothing speaks against more. */
  get wantsClaim(): boolean {
    return (
      this.backlog && !this.claiming && !this.slowed && this.state.isActive && this.inMemory * 2 <= this.inMemoryMax
    );
  }

  get isIdle(): boolean {
    return this.inMemory === 0 && !this.backlog && !this.claiming && !this.paused;
  }
}
