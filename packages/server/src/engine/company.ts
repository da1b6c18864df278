import type { Clock, Timers } from '../domain/clock.ts';

/** So many results are worth a commit of their own, however short a time they took to come. */
const RESULTS_ENOUGH = 256;
/** The payloads of their deliveries stay in memory until they are stored. */
const BYTES_ENOUGH = 1_024 * 1_024;

/**
 * Decides how long results wait for others to be committed with them.
 *
 * Nobody waits for a success, so it may: for so many milliseconds since the first one came, until there are enough of
 * them, or until one comes that has to go. A crash meanwhile sends those deliveries again, as it does during a commit.
 */
export class Company {
  readonly #clock: Clock;
  readonly #timers: Timers;
  /** 0: nothing ever waits. */
  readonly #waitMs: number;
  readonly #enough: number;
  /** When the first of those came that wait now. */
  #since: number | null = null;
  #results = 0;
  #bytes = 0;
  #mustGo = false;
  #isOver = false;
  #go: (() => void) | null = null;

  /** `most` results in all may be unrecorded: past it nothing is sent, so that many go at once. */
  constructor(tools: { readonly clock: Clock; readonly timers: Timers }, waitMs: number, most: number) {
    this.#clock = tools.clock;
    this.#timers = tools.timers;
    this.#waitMs = waitMs;
    this.#enough = Math.min(RESULTS_ENOUGH, most);
  }

  get isComplete(): boolean {
    if (this.#waitMs === 0 || this.#isOver || this.#mustGo) return true;
    if (this.#results >= this.#enough || this.#bytes >= BYTES_ENOUGH) return true;
    return this.#since !== null && this.#clock.monotonic() - this.#since >= this.#waitMs;
  }

  /** A result came, whose delivery holds so many bytes. */
  add(bytes: number, mayWait: boolean): void {
    if (this.#waitMs === 0) return;
    this.#since ??= this.#clock.monotonic();
    this.#results += 1;
    this.#bytes += bytes;
    if (!mayWait) this.#mustGo = true;
    if (this.#go !== null && this.isComplete) this.#go();
  }

  /** Those that came are on their way; the next one is the first again. */
  leave(): void {
    this.#since = null;
    this.#results = 0;
    this.#bytes = 0;
    this.#mustGo = false;
  }

  /** From now on nothing waits. */
  end(): void {
    this.#isOver = true;
    this.#go?.();
  }

  /** Waits until those that came are to go. To be called when some came, by one at a time. */
  async complete(): Promise<void> {
    if (this.isComplete) return;
    const waitedMs = this.#clock.monotonic() - (this.#since ?? this.#clock.monotonic());
    await new Promise<void>((resolve) => {
      const timer = this.#timers.setTimeout(() => this.#go?.(), this.#waitMs - waitedMs);
      this.#go = () => {
        this.#go = null;
        timer.cancel();
        resolve();
      };
    });
  }
}
