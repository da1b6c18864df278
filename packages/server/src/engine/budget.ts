/**
 * How a lane has been doing, which decides what share of a budget it may take.
 *
 * - `healthy`: its last attempt succeeded. It may take whatever is free.
 * - `unproven`: it has no outcome yet, or has been silent for too long with requests in flight. Together with the
 *   failing ones it may take half.
 * - `failing`: its last attempt failed. All failing lanes together may take a quarter.
 */
export type LaneMode = 'healthy' | 'unproven' | 'failing';

/** In what proportion of `max` a budget with overdraft may be passed for the sake of healthy lanes. */
const OVERDRAFT_RATIO_MAX = 2;

/**
 * A bounded quantity that lanes share: requests in flight, deliveries or bytes in memory. What a lane holds moves with
 * it when its mode changes, so the shares bound what is newly given.
 *
 * With overdraft, healthy lanes keep their half even when others took it as healthy ones and then fell silent: the sum
 * may then pass `max` for as long as those requests last, up to twice.
 */
export class Budget {
  readonly max: number;
  readonly #overdraft: boolean;
  readonly #held: Record<LaneMode, number> = { healthy: 0, unproven: 0, failing: 0 };

  constructor(max: number, options: { readonly overdraft: boolean }) {
    this.max = max;
    this.#overdraft = options.overdraft;
  }

  get total(): number {
    return this.#held.healthy + this.#held.unproven + this.#held.failing;
  }

  heldBy(mode: LaneMode): number {
    return this.#held[mode];
  }

  /** Whether lanes in this mode hold more than they would be given now. */
  isStrained(mode: LaneMode): boolean {
    const { unproven, failing } = this.#held;
    if (mode === 'failing' && failing > this.max / 4) return true;
    return mode !== 'healthy' && unproven + failing > this.max / 2;
  }

  /** How many a lane in this mode may still take: whole, never below 0. */
  room(mode: LaneMode): number {
    const { healthy, unproven, failing } = this.#held;
    const total = healthy + unproven + failing;
    let room = this.max - total;
    if (mode === 'healthy') {
      if (this.#overdraft) {
        room = Math.max(room, Math.min(this.max / 2 - healthy, this.max * OVERDRAFT_RATIO_MAX - total));
      }
      return Math.max(0, Math.floor(room));
    }
    const quarter = this.max / 4;
    // What failing lanes hold past their quarter, since they held it before they failed, is not charged to new ones.
    room = Math.min(room, this.max / 2 - unproven - Math.min(failing, quarter));
    if (mode === 'failing') room = Math.min(room, quarter - failing);
    return Math.max(0, Math.floor(room));
  }

  take(mode: LaneMode, amount: number): void {
    this.#held[mode] += amount;
  }

  give(mode: LaneMode, amount: number): void {
    this.#held[mode] -= amount;
    if (this.#held[mode] < 0) throw new Error('A budget was given back more than it had lent');
  }

  move(from: LaneMode, to: LaneMode, amount: number): void {
    this.#held[from] -= amount;
    this.#held[to] += amount;
  }
}
