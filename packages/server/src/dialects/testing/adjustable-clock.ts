import { type Clock, systemClock } from '../../domain/clock.ts';

export type AdjustableClock = Clock & {
  /** Puts the clock forward. Timers go on as they were, like when a machine's clock is set. */
  advance(milliseconds: number): void;
};

/** The time of this machine, and what tests have added to it. */
export function createAdjustableClock(): AdjustableClock {
  let aheadMs = 0;
  return {
    now: () => systemClock.now() + aheadMs,
    // What waits for a stretch of time keeps to the time of its timers.
    monotonic: () => systemClock.monotonic(),
    advance(milliseconds) {
      if (!(milliseconds >= 0)) throw new RangeError('a clock is only put forward');
      aheadMs += milliseconds;
    },
  };
}
