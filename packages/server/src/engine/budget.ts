/**
 * How a lane has been doing, which decides what share of a budget it may take. Half is kept for healthy lanes; the
 * others divide the other half, so that those who answer never wait behind those who do not.
 *
 * - `healthy`: its last attempt succeeded. It may take whatever is free.
 * - `erring`: its last attempt failed, but promptly, so it keeps nothing for long. All of them have an eighth of their
 *   own.
 * - `unproven`: it has no outcome yet, or has been silent for too long with requests in flight. Together with the
 *   failing ones it may take three eighths.
 * - `failing`: its last attempt failed slowly, most often by a timeout. All failing lanes together may take a quarter.
 */
export type LaneMode = 'healthy' | 'erring' | 'unproven' | 'failing';

/** How scarce a budget is for lanes in one mode. */
export type Pressure = 'none' | 'low' | 'tight' | 'full';

/** What lanes in a mode may have at most, in proportion to the budget. */
const SHARE: Readonly<Record<LaneMode, number>> = { healthy: 1, erring: 1 / 8, unproven: 3 / 8, failing: 1 / 4 };
/** With this much of its share left, a mode has plenty. */
const PLENTY_RATIO = 1 / 2;
/** With less of its share left, a mode is short of it. */
const TIGHT_RATIO = 1 / 8;
/** What is left below this is only for lanes that hold little. */
const FULL_RATIO = 1 / 16;
/** In what proportion of `max` a budget with overdraft may be passed. */
const OVERDRAFT_RATIO_MAX = 2;

/**
 * A bounded quantity that lanes share: requests in flight, deliveries or bytes in memory. What a lane holds moves with
 * it when its mode changes, so the shares bound what is newly given.
 *
 * With overdraft, healthy lanes keep their half, and erring ones their eighth, even when others took it as healthy ones
 * and then fell silent: the sum may then pass `max` for as long as those requests last, up to twice.
 */
export class Budget {
  readonly max: number;
  readonly #overdraft: boolean;
  readonly #held: Record<LaneMode, number> = { healthy: 0, erring: 0, unproven: 0, failing: 0 };

  constructor(max: number, options: { readonly overdraft: boolean }) {
    this.max = max;
    this.#overdraft = options.overdraft;
  }

  get total(): number {
    const { healthy, erring, unproven, failing } = this.#held;
    return healthy + erring + unproven + failing;
  }

  heldBy(mode: LaneMode): number {
    return this.#held[mode];
  }

  /** Whether lanes in this mode hold more than they would be given now. */
  isStrained(mode: LaneMode): boolean {
    const { erring, unproven, failing } = this.#held;
    switch (mode) {
      case 'healthy':
        return false;
      case 'erring':
        return erring > this.max * SHARE.erring;
      case 'unproven':
        return unproven + failing > this.max * SHARE.unproven;
      case 'failing':
        return failing > this.max * SHARE.failing || unproven + failing > this.max * SHARE.unproven;
    }
  }

  /** How many a lane in this mode may still take: whole, never below 0. */
  room(mode: LaneMode): number {
    return Math.max(0, Math.floor(this.#roomOf(mode)));
  }

  /** Whether lanes in this mode should look to what they hold. */
  isScarce(mode: LaneMode): boolean {
    const pressure = this.pressure(mode);
    return pressure === 'tight' || pressure === 'full';
  }

  pressure(mode: LaneMode): Pressure {
    const room = this.#roomOf(mode);
    const share = this.max * SHARE[mode];
    if (room >= share * PLENTY_RATIO) return 'none';
    if (room >= share * TIGHT_RATIO) return 'low';
    return room >= share * FULL_RATIO ? 'tight' : 'full';
  }

  #roomOf(mode: LaneMode): number {
    const { healthy, erring, unproven, failing } = this.#held;
    const free = this.max - healthy - erring - unproven - failing;
    switch (mode) {
      case 'healthy':
        return this.#withOverdraft(free, this.max / 2 - healthy);
      case 'erring': {
        const left = this.max * SHARE.erring - erring;
        return this.#withOverdraft(Math.min(free, left), left);
      }
      default: {
        const ownMax = this.max * SHARE.failing;
        // What failing lanes hold past their share, since they held it before they failed, is not charged to new ones.
        const left = Math.min(free, this.max * SHARE.unproven - unproven - Math.min(failing, ownMax));
        return mode === 'failing' ? Math.min(left, ownMax - failing) : left;
      }
    }
  }

  #withOverdraft(room: number, kept: number): number {
    if (!this.#overdraft) return room;
    return Math.max(room, Math.min(kept, this.max * OVERDRAFT_RATIO_MAX - this.total));
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
