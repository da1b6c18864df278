import type { Applied, ApplyOptions, Change, Command, ResealUnit } from '../../port.ts';
import { StoreUnavailable } from '../../port.ts';
import { type ApplyContext, apply, applyReseal, type Committed } from './apply.ts';
import { InOrder, subjectsOf } from './in-order.ts';

/** Lists that wait for the database, or are under way there. */
const LISTS_MAX = 2_000;

export type ControlWriter = {
  apply(commands: readonly Command[], options?: ApplyOptions): Promise<Applied>;
  reseal(unit: ResealUnit): Promise<{ readonly changed: number }>;
  /** Takes nothing new, and resolves when what was under way has ended. */
  drain(): Promise<void>;
};

export type ControlOptions = ApplyContext & {
  /** Puts changes into memory, with the numbers under which they will be read again, and when they were made. */
  readonly tell: (changes: readonly Change[], numbers: readonly number[], times: readonly number[]) => void;
};

/**
 * Changes what people decide about: a transaction for each list of commands. Lists about the same thing run in the order
 * in which they were submitted. Memory knows of a change before its promise resolves; when a connection is lost at a
 * commit, it learns of it as other nodes do.
 */
export function createControlWriter(options: ControlOptions): ControlWriter {
  const order = new InOrder();
  const underWay = new Set<Promise<unknown>>();
  let isOpen = true;

  async function submit<T>(subjects: ReadonlySet<string>, work: () => Promise<Committed<T>>): Promise<T> {
    if (!isOpen) throw new StoreUnavailable('closed');
    if (underWay.size >= LISTS_MAX) throw new StoreUnavailable('queue_full');
    const running = order.run(subjects, async () => {
      const { answer, changes, numbers, times } = await work();
      // At once: whoever is next in order must find it in memory.
      if (changes.length > 0) options.tell(changes, numbers, times);
      return answer;
    });
    underWay.add(running);
    try {
      return await running;
    } finally {
      underWay.delete(running);
    }
  }

  return {
    apply: async (commands, given = {}) =>
      await submit(subjectsOf(commands), async () => await apply(options, commands, given)),
    reseal: async (unit) =>
      await submit(
        new Set(unit.secrets.map(({ owner }) => `ring ${owner}`)),
        async () => await applyReseal(options, unit),
      ),
    async drain() {
      isOpen = false;
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
}
