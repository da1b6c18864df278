import type { AttemptClass } from '../domain/delivery-state.ts';
import type { LaneMode } from './budget.ts';

/** Without an outcome for so long, with requests in flight, a lane is not healthy any more. */
export const STALL_MS = 1_000;
/** A receiver that asks for fewer requests without saying when to go on gets this much rest. */
export const PAUSE_MS_DEFAULT = 1_000;
/** A lane rests at most so long; each delivery obeys the receiver's own wish on top. */
export const PAUSE_MS_MAX = 5 * 60_000;

/** How far back a lane's throughput is remembered: what is older counts for little. */
const MEMORY_MS = 1_000;

/**
 * What a lane has lately completed: about as much as in a second, of time with requests in flight alone, so that a lane
 * keeps what it has learned while it has nothing to do. Time is the caller's, of a clock that never steps back.
 */
export class Throughput {
  deliveries = 0;
  bytes = 0;
  #at = 0;

  /** Requests are in flight again. */
  begin(now: number): void {
    this.#at = now;
  }

  /** Lets the time pass that went by with requests in flight. */
  fade(now: number): void {
    const kept = Math.exp((this.#at - now) / MEMORY_MS);
    this.#at = now;
    this.deliveries *= kept;
    this.bytes *= kept;
  }

  add(bytes: number, now: number): void {
    this.fade(now);
    this.deliveries += 1;
    this.bytes += bytes;
  }
}

/** What takes longer than this waits for its receiver, not for this node. */
const NODE_DELAY_MS_MAX = 100;
/** How many requests of a lane may wait for this node itself: it goes on widening below, and narrows above. */
const QUEUED_MIN = 4;
const QUEUED_MAX = 8;
const NARROWED_MIN = 4;
/** How long a quick answer is remembered. */
const QUICKEST_MEMORY_MS = 60_000;

/** The quickest answer of late: a quicker one counts at once, a slower one by the time since the last. */
export function quickestOf(quickestMs: number, tookMs: number, sinceMs: number): number {
  if (tookMs <= quickestMs) return tookMs;
  return quickestMs + (tookMs - quickestMs) * Math.min(1, sinceMs / QUICKEST_MEMORY_MS);
}

/**
 * How many requests a lane may have in flight after a success. It widens by one, up to what is configured, unless this
 * node is what its requests wait for: with many lanes whose receivers answer at once, more connections would send no
 * more. Ten lanes of 64 cost 1.6 times the processor time per delivery of ten lanes of 6. How many wait here is known from
 * how much longer an answer took than the quickest, as in TCP Vegas.
 */
export function widened(
  lane: {
    readonly limit: number;
    readonly concurrency: number;
    readonly inFlight: number;
    readonly quickestMs: number;
  },
  tookMs: number,
  isNodeBusy: boolean,
): number {
  if (isNodeBusy && tookMs < NODE_DELAY_MS_MAX) {
    const queued = lane.inFlight * (1 - lane.quickestMs / tookMs);
    if (queued > QUEUED_MAX) return Math.max(Math.min(lane.limit, NARROWED_MIN), lane.limit - 1);
    if (queued > QUEUED_MIN) return lane.limit;
  }
  return Math.min(lane.concurrency, lane.limit + 1);
}

export type Pace = { readonly mode: LaneMode; readonly limit: number; readonly pauseMs: number };

/**
 * How a lane goes on after an outcome. A success widens it, mostly; a timeout and a wish for fewer
 * requests halve it, down to one; the wish also pauses it. Other failures say nothing about its limit; whether they came
 * promptly says with whom the lane has to share.
 */
export function afterOutcome(
  lane: Parameters<typeof widened>[0],
  end: {
    readonly class: AttemptClass;
    readonly timedOut: boolean;
    readonly retryAfter: number | null;
    readonly tookMs: number;
    /** This node has many requests in flight and does nothing but work on them. */
    readonly isNodeBusy: boolean;
  },
): Pace {
  const halved = Math.max(1, Math.floor(lane.limit / 2));
  const failed = end.timedOut || end.tookMs >= STALL_MS ? 'failing' : 'erring';
  switch (end.class) {
    case 'success':
      return { mode: 'healthy', limit: widened(lane, end.tookMs, end.isNodeBusy), pauseMs: 0 };
    case 'slow_down':
      return { mode: failed, limit: halved, pauseMs: Math.min(PAUSE_MS_MAX, end.retryAfter ?? PAUSE_MS_DEFAULT) };
    case 'retry':
    case 'gone':
      return { mode: failed, limit: end.timedOut ? halved : lane.limit, pauseMs: 0 };
  }
}
