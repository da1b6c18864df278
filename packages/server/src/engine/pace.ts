import type { AttemptClass } from '../domain/delivery-state.ts';
import type { LaneMode } from './budget.ts';

/** Without an outcome for so long, with requests in flight, a lane is not healthy any more. */
export const STALL_MS = 1_000;
/** A receiver that asks for fewer requests without saying when to go on gets this much rest. */
export const PAUSE_MS_DEFAULT = 1_000;
/** A lane rests at most so long; each delivery obeys the receiver's own wish on top. */
export const PAUSE_MS_MAX = 5 * 60_000;

export type Pace = { readonly mode: LaneMode; readonly limit: number; readonly pauseMs: number };

/**
 * How a lane goes on after an outcome. Successes widen it by one up to what is configured; a timeout and a wish for fewer
 * requests halve it, down to one; the wish also pauses it. Other failures say nothing about speed.
 */
export function afterOutcome(
  lane: { readonly limit: number; readonly concurrency: number },
  end: { readonly class: AttemptClass; readonly timedOut: boolean; readonly retryAfter: number | null },
): Pace {
  const halved = Math.max(1, Math.floor(lane.limit / 2));
  switch (end.class) {
    case 'success':
      return { mode: 'healthy', limit: Math.min(lane.concurrency, lane.limit + 1), pauseMs: 0 };
    case 'slow_down':
      return { mode: 'failing', limit: halved, pauseMs: Math.min(PAUSE_MS_MAX, end.retryAfter ?? PAUSE_MS_DEFAULT) };
    case 'retry':
    case 'gone':
      return { mode: 'failing', limit: end.timedOut ? halved : lane.limit, pauseMs: 0 };
  }
}
