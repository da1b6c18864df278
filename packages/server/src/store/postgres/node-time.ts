import type { Clock } from '../../domain/clock.ts';

/** The database's clock as it was seen between two monotonic times of this node, in milliseconds. */
export type TimeSample = { readonly sentAt: number; readonly receivedAt: number; readonly databaseTime: number };

/** Whose clock may be further from the database's than this does not sign: others wait for no longer. */
export const CLOCK_ERROR_MS_MAX = 100;
/** The best of the samples that are younger counts. */
const KEPT_MS = 60_000;
/** Two quartzes may drift apart so fast. */
const DRIFT_RATIO = 200e-6;
/** The database says whole milliseconds. */
const RESOLUTION_MS = 0.5;

type Estimate = {
  /** Database time at monotonic 0. */
  readonly offset: number;
  readonly error: number;
  readonly at: number;
};

/**
 * The time of the database, which all nodes share, whatever this machine's own clock says.
 *
 * A sample says that the database's clock stood at a time while a statement was under way; the middle of that is wrong by
 * half of its length at most. The sample that is the least wrong counts for a minute. Small corrections never take the
 * time back: it stands still until the database has caught up. One that shows that the database's own clock was set is
 * followed at once.
 */
export class NodeTime implements Clock {
  readonly monotonic: () => number;
  #best: Estimate | null = null;
  /** Younger than the best, each better than those before it would be by then. */
  #others: Estimate[] = [];
  #last = Number.NEGATIVE_INFINITY;
  readonly #fallback: () => number;

  /** Before the first sample it is the time of `machine`. */
  constructor(machine: Clock) {
    this.monotonic = machine.monotonic;
    this.#fallback = machine.now;
  }

  readonly now = (): number => {
    if (this.#best === null) return this.#fallback();
    const now = Math.floor(this.monotonic() + this.#best.offset);
    if (now > this.#last) this.#last = now;
    return this.#last;
  };

  /** How far it may be from the database's clock now, milliseconds. */
  get errorMs(): number {
    if (this.#best === null) return Number.POSITIVE_INFINITY;
    const now = this.monotonic();
    return errorAt(this.#best, now) + this.#aheadMs(this.#best, now);
  }

  /** Monotonic milliseconds until which the error stays below CLOCK_ERROR_MS_MAX. */
  get goodUntil(): number {
    if (this.#best === null) return Number.NEGATIVE_INFINITY;
    const { error, at } = this.#best;
    if (this.errorMs > CLOCK_ERROR_MS_MAX) return Number.NEGATIVE_INFINITY;
    return at + (CLOCK_ERROR_MS_MAX - error) / DRIFT_RATIO;
  }

  /** While it stands still: by how much it was taken too far, as is known by now. */
  #aheadMs({ offset }: Estimate, now: number): number {
    return Math.max(0, this.#last - (now + offset));
  }

  add({ sentAt, receivedAt, databaseTime }: TimeSample): void {
    const fresh: Estimate = {
      offset: databaseTime + RESOLUTION_MS - (sentAt + receivedAt) / 2,
      error: (receivedAt - sentAt) / 2 + RESOLUTION_MS,
      at: receivedAt,
    };
    const best = this.#best;
    if (best === null || wasSet(best, fresh)) {
      this.#others = [];
      this.#best = fresh;
      // The time may go back here: it is the database's.
      this.#last = Number.NEGATIVE_INFINITY;
      return;
    }
    const isNoBetter = (other: Estimate): boolean => errorAt(other, receivedAt) >= fresh.error;
    while (this.#others.length > 0 && isNoBetter(this.#others.at(-1) ?? fresh)) this.#others.pop();
    this.#others.push(fresh);
    if (isNoBetter(best) || receivedAt - best.at > KEPT_MS) this.#best = this.#others.shift() ?? fresh;
  }
}

function errorAt({ error, at }: Estimate, now: number): number {
  return error + Math.max(0, now - at) * DRIFT_RATIO;
}

/** Both cannot be right, by more than what a small correction is. */
function wasSet(best: Estimate, fresh: Estimate): boolean {
  const apart = Math.abs(fresh.offset - best.offset) - errorAt(best, fresh.at) - fresh.error;
  return apart > CLOCK_ERROR_MS_MAX / 2;
}
