import type { EndpointId } from '../domain/ids.ts';
import { Budget, type LaneMode } from './budget.ts';
import type { EndpointDirectory } from './endpoint-directory.ts';
import type { EndpointState } from './endpoint-state.ts';
import { Lane, UNPROVEN_IN_FLIGHT_MAX } from './lane.ts';
import type { EngineLimits } from './settings.ts';
import { TokenBucket } from './token-bucket.ts';

/** A lane without work is kept this long for what it has learned. */
const IDLE_MS = 5 * 60_000;
/** Lanes looked at per sweep, so that sweeping costs the same however many there are. */
const SWEPT_MAX = 1_000;
/** Lanes looked at for one that can be closed; with none among them, no room is made. */
const LOOKED_AT_MAX = 512;
/** An endpoint that failed so often in a row is not given the benefit of the doubt. */
const FAILURES_KNOWN_MIN = 5;

/** The lanes of this node and the budgets that they share. */
export class Lanes {
  readonly inFlight: Budget;
  readonly deliveries: Budget;
  readonly bytes: Budget;
  readonly #lanes = new Map<EndpointId, Lane>();
  readonly #limits: EngineLimits;
  readonly #endpoints: EndpointDirectory;
  #sweep: Iterator<Lane> | null = null;
  #closing: Iterator<Lane> | null = null;
  /** Is told of each lane that was closed although the store has due work of it. */
  onClosedBehind: (lane: Lane) => void = () => {};

  constructor(limits: EngineLimits, endpoints: EndpointDirectory) {
    this.#limits = limits;
    this.#endpoints = endpoints;
    this.inFlight = new Budget(limits.inFlight, { overdraft: true });
    this.deliveries = new Budget(limits.memoryDeliveries, { overdraft: false });
    this.bytes = new Budget(limits.memoryBytes, { overdraft: false });
  }

  get size(): number {
    return this.#lanes.size;
  }

  /** How many lanes may still be opened. */
  get room(): number {
    return Math.max(0, this.#limits.lanes - this.#lanes.size);
  }

  all(): Iterable<Lane> {
    return this.#lanes.values();
  }

  peek(id: EndpointId): Lane | null {
    return this.#lanes.get(id) ?? null;
  }

  /**
   * Opens the lane when there is none. Null when no more may be opened: when memory has no place for a delivery of such a
   * lane either, or none of the others can be closed.
   */
  of(state: EndpointState, now: number): Lane | null {
    const known = this.#lanes.get(state.id);
    if (known !== undefined) return known;
    if (this.room === 0 && !(this.deliveries.room(modeAtFirst(state)) >= 1 && this.makeRoom(1) === 1)) return null;
    const lane = new Lane(state, this.#concurrencyOf(state), this);
    lane.mode = modeAtFirst(state);
    if (lane.mode !== 'healthy') lane.limit = Math.min(lane.concurrency, UNPROVEN_IN_FLIGHT_MAX);
    lane.lastUsedAt = now;
    this.#lanes.set(state.id, lane);
    this.#endpoints.pin(state);
    this.configure(lane);
    return lane;
  }

  /**
   * Closes up to so many lanes that hold nothing: idle ones, and those that wait for their turn to claim and did not answer
   * when they had one, or never had one. Answers how many.
   */
  makeRoom(wanted: number): number {
    let closed = 0;
    for (let looked = 0; closed < wanted && looked < LOOKED_AT_MAX; looked += 1) {
      this.#closing ??= this.#lanes.values();
      const next = this.#closing.next();
      if (next.done === true) {
        this.#closing = null;
        continue;
      }
      const lane = next.value;
      const mayLeave = lane.isIdle || (lane.isEmptyHanded && (lane.mode === 'failing' || lane.mode === 'unproven'));
      if (!mayLeave) continue;
      const isBehind = lane.backlog;
      // It may still stand in a queue, where it must not be given a turn.
      lane.backlog = false;
      this.#close(lane);
      if (isBehind) this.onClosedBehind(lane);
      closed += 1;
    }
    return closed;
  }

  #close(lane: Lane): void {
    this.#lanes.delete(lane.state.id);
    this.#endpoints.unpin(lane.state);
  }

  /** Takes over the settings of an endpoint that changed. */
  configure(lane: Lane): void {
    const concurrency = this.#concurrencyOf(lane.state);
    // A lane that was not held back stays so.
    lane.limit = lane.limit === lane.concurrency ? concurrency : Math.min(lane.limit, concurrency);
    lane.concurrency = concurrency;
    const rate = lane.state.endpoint.ratePerSecond;
    if (rate === null) lane.bucket = null;
    else if (lane.bucket?.ratePerSecond !== rate) lane.bucket = new TokenBucket(rate);
  }

  /** Moves a lane to another mode with all that it holds. */
  setMode(lane: Lane, mode: LaneMode): void {
    if (lane.mode === mode) return;
    this.inFlight.move(lane.mode, mode, lane.inFlight);
    this.deliveries.move(lane.mode, mode, lane.inMemory);
    this.bytes.move(lane.mode, mode, lane.inMemoryBytes);
    lane.mode = mode;
  }

  /** Whether lanes in this mode hold more memory than their share. */
  isStrained(mode: LaneMode): boolean {
    return this.deliveries.isStrained(mode) || this.bytes.isStrained(mode);
  }

  /** Takes a place in memory for one new delivery, or refuses: then it must wait in the store. */
  takeSlot(lane: Lane, bytes: number): boolean {
    if (lane.backlog || lane.slowed || lane.inMemory >= lane.slotsMax) return false;
    if (this.deliveries.room(lane.mode) < 1 || this.bytes.room(lane.mode) < bytes) return false;
    if (lane.inMemory > 0 && lane.inMemoryBytes + bytes > lane.slotBytesMax) return false;
    this.hold(lane, 1, bytes);
    return true;
  }

  /** How many bytes a claim of this lane may bring. */
  bytesRoom(lane: Lane): number {
    return Math.min(this.bytes.room(lane.mode), lane.inMemoryBytesMax - lane.inMemoryBytes);
  }

  hold(lane: Lane, deliveries: number, bytes: number): void {
    lane.inMemory += deliveries;
    lane.inMemoryBytes += bytes;
    this.deliveries.take(lane.mode, deliveries);
    this.bytes.take(lane.mode, bytes);
  }

  giveBack(lane: Lane, deliveries: number, bytes: number): void {
    lane.inMemory -= deliveries;
    lane.inMemoryBytes -= bytes;
    this.deliveries.give(lane.mode, deliveries);
    this.bytes.give(lane.mode, bytes);
  }

  /** Closes lanes that had nothing to do for a while; a bounded step of a round over all of them. */
  sweepIdle(now: number): void {
    this.#sweep ??= this.#lanes.values();
    for (let looked = 0; looked < SWEPT_MAX; looked += 1) {
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = null;
        return;
      }
      const lane = next.value;
      if (!lane.isIdle) lane.lastUsedAt = now;
      else if (now - lane.lastUsedAt >= IDLE_MS) this.#close(lane);
    }
  }

  #concurrencyOf(state: EndpointState): number {
    return state.endpoint.concurrency ?? this.#limits.laneConcurrency;
  }
}

/** What the store remembers of an endpoint says with whom it begins to share. */
function modeAtFirst({ health }: EndpointState): LaneMode {
  if (health.consecutiveFailures >= FAILURES_KNOWN_MIN) return 'failing';
  return health.consecutiveFailures === 0 && health.lastSuccessAt !== null ? 'healthy' : 'unproven';
}
