/** Where time comes from. Everything that needs time is given one, so that tests and simulations own it. */
export type Clock = {
  /** Wall-clock milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds of a clock that never steps back. */
  readonly monotonic: () => number;
};

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/** Timers as an argument: a virtual clock runs them when its time comes. */
export type Timers = {
  setTimeout(callback: () => void, delayMs: number): { cancel(): void };
};

export const systemTimers: Timers = {
  setTimeout(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** A number in [0, 1). */
export type Random = () => number;
