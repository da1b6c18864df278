import type { Incarnation } from '../../port.ts';
import type { Batches } from './batches.ts';
import type { Directory } from './directory.ts';

/** What every part of the hot writer is given. */
export type HotContext = {
  readonly batches: Batches;
  readonly directory: Directory;
  readonly incarnation: () => Incarnation;
  /** Wall-clock milliseconds of the store's clock. */
  readonly now: () => number;
  /** Some endpoint came into the index, or nobody answers for it any more; it is due at that time. */
  readonly onBusy: (dueAt: number) => void;
};
