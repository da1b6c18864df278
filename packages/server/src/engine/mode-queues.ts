import type { LaneMode } from './budget.ts';
import { Fifo } from './fifo.ts';
import type { Lane } from './lane.ts';

const MODES: readonly LaneMode[] = ['healthy', 'erring', 'unproven', 'failing'];
const BIT: Readonly<Record<LaneMode, number>> = { healthy: 1, erring: 2, unproven: 4, failing: 8 };

/** Which bits of a lane say that it stands in these queues. */
type BitField = 'readyBits' | 'hungryBits';

/**
 * Lanes that want a share of a budget: one queue per mode, served in turn, and within each queue in turn. A lane stands
 * at most once in each queue. One whose mode changed is left where it was and skipped when its turn comes, so that
 * every step costs the same however many lanes there are.
 */
export class ModeQueues {
  readonly #queues: Readonly<Record<LaneMode, Fifo<Lane>>> = {
    healthy: new Fifo(),
    erring: new Fifo(),
    unproven: new Fifo(),
    failing: new Fifo(),
  };
  readonly #bits: BitField;
  #turn = 0;

  constructor(bits: BitField) {
    this.#bits = bits;
  }

  push(lane: Lane): void {
    const bit = BIT[lane.mode];
    if ((lane[this.#bits] & bit) !== 0) return;
    lane[this.#bits] |= bit;
    this.#queues[lane.mode].push(lane);
  }

  /**
   * The next lane in turn whose mode is admitted and which still wants. `admits` is asked once per mode and call,
   * `wants` once per lane that is taken out.
   */
  next(admits: (mode: LaneMode) => boolean, wants: (lane: Lane) => boolean): Lane | null {
    for (let tried = 0; tried < MODES.length; tried += 1) {
      const mode = MODES[this.#turn % MODES.length] ?? 'healthy';
      this.#turn = (this.#turn + 1) % MODES.length;
      const queue = this.#queues[mode];
      if (queue.size === 0 || !admits(mode)) continue;
      for (let lane = queue.shift(); lane !== undefined; lane = queue.shift()) {
        lane[this.#bits] &= ~BIT[mode];
        if (lane.mode === mode && wants(lane)) return lane;
      }
    }
    return null;
  }
}
