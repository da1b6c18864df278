import type { HrTime } from '@opentelemetry/api';
import type { Clock } from '../../domain/clock.ts';

/** The wall clock may be set back by this much before the monotonic one follows it. */
const DRIFT_MS_MAX = 2;

/**
 * Epoch time of moments that were taken on the monotonic clock, which is finer. `Clock.now` leaves out what is below a
 * millisecond, so the largest difference that was seen is the nearest to the true one.
 */
export class TraceTime {
  readonly #clock: Clock;
  #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.now() - clock.monotonic();
  }

  nowMs(): number {
    return this.epochMs(this.#clock.monotonic());
  }

  epochMs(monotonicMs: number): number {
    const seen = this.#clock.now() - this.#clock.monotonic();
    if (seen > this.#offsetMs || seen < this.#offsetMs - DRIFT_MS_MAX) this.#offsetMs = seen;
    return monotonicMs + this.#offsetMs;
  }
}

const NANOSECONDS_PER_MS = 1_000_000;

export function hrTime(epochMs: number): HrTime {
  const seconds = Math.floor(epochMs / 1_000);
  return [seconds, Math.floor((epochMs - seconds * 1_000) * NANOSECONDS_PER_MS)];
}
