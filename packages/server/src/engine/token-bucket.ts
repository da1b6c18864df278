/** A burst of this share of a second may go out at once, so that timers need not be finer than that. */
const BURST_SECONDS = 0.02;

/** Lets a rate per second through, from a full bucket on. Time is the caller's, of a clock that never steps back. */
export class TokenBucket {
  readonly ratePerSecond: number;
  readonly #capacity: number;
  #tokens: number;
  #at = Number.NEGATIVE_INFINITY;

  constructor(ratePerSecond: number) {
    this.ratePerSecond = ratePerSecond;
    this.#capacity = Math.max(1, ratePerSecond * BURST_SECONDS);
    this.#tokens = this.#capacity;
  }

  /** Takes a token and answers 0, or answers how many milliseconds it is to the next one. */
  take(now: number): number {
    const elapsed = now - this.#at;
    this.#at = now;
    this.#tokens = Math.min(this.#capacity, this.#tokens + (elapsed * this.ratePerSecond) / 1_000);
    // Sums of fractions may miss a whole token by a hair.
    if (this.#tokens > 1 - 1e-9) {
      this.#tokens -= 1;
      return 0;
    }
    return Math.max(1, Math.ceil(((1 - this.#tokens) * 1_000) / this.ratePerSecond));
  }
}
