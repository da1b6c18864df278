/** Turns between two breaths, in which the process may look at signals and at what it did wrong. */
const TURNS_PER_BREATH = 20_000;

export type Breath = {
  /** Around a stretch of turns. */
  readonly enter: () => void;
  readonly leave: () => void;
};

/**
 * Calls `turn` again and again until it answers false. Between two calls every promise that can go on does go on, to the
 * last one: Node runs a tick only when no microtask is left. Nothing of the machine decides an order, so two runs
 * over the same seed do the same.
 */
export function inTurns(turn: () => boolean, breath: Breath): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = 0;
    function next(): void {
      try {
        if (!turn()) {
          breath.leave();
          resolve();
          return;
        }
      } catch (error) {
        breath.leave();
        reject(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      queueMicrotask(rest);
    }
    function rest(): void {
      left -= 1;
      if (left > 0) {
        process.nextTick(next);
        return;
      }
      // A tick of its own: the promises of the last turn come to rest before the guards are taken away.
      process.nextTick(breathe);
    }
    function breathe(): void {
      breath.leave();
      setImmediate(begin);
    }
    function begin(): void {
      left = TURNS_PER_BREATH;
      breath.enter();
      next();
    }
    begin();
  });
}
