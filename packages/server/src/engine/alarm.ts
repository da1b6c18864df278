import type { Clock, Timers } from '../domain/clock.ts';

/** No timer of the platform is longer than this; an alarm beyond it is set again on the way. */
const DELAY_MS_MAX = 24 * 3_600_000;

/**
 * One timer for many times: it rings at the earliest of those it was set to, then knows none until it is set again. What
 * it waits for is a stretch of monotonic time, so a step of the wall clock holds nothing up.
 */
export class Alarm {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #ring: () => void;
  #at = Number.POSITIVE_INFINITY;
  #timer: { cancel(): void } | null = null;
  #off = false;

  constructor(clock: Clock, timers: Timers, ring: () => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#ring = ring;
  }

  /** Epoch milliseconds, as the wall clock stands now. A time later than the one it is set to changes nothing. */
  setAt(at: number): void {
    this.setAtMonotonic(this.#clock.monotonic() + at - this.#clock.now());
  }

  setAtMonotonic(at: number): void {
    if (this.#off || at >= this.#at) return;
    this.#at = at;
    this.#timer?.cancel();
    const delay = Math.min(DELAY_MS_MAX, Math.max(0, at - this.#clock.monotonic()));
    this.#timer = this.#timers.setTimeout(this.#onTimer, delay);
  }

  /** For good. */
  stop(): void {
    this.#off = true;
    this.#timer?.cancel();
    this.#timer = null;
  }

  readonly #onTimer = (): void => {
    const at = this.#at;
    this.#at = Number.POSITIVE_INFINITY;
    this.#timer = null;
    // Timers may fire a little early.
    if (this.#clock.monotonic() < at) this.setAtMonotonic(at);
    else this.#ring();
  };
}
