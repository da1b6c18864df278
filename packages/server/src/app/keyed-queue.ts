/** Runs tasks of one key one after another, so that two changes of one ring in this process never race. */
export type KeyedQueue = {
  run<T>(key: string, task: () => Promise<T>): Promise<T>;
};

export function createKeyedQueue(): KeyedQueue {
  const tails = new Map<string, Promise<unknown>>();
  return {
    run(key, task) {
      const before = tails.get(key) ?? Promise.resolve();
      const result = before.then(task, task);
      // A failed task must not fail those behind it.
      const tail = result.then(
        () => undefined,
        () => undefined,
      );
      tails.set(key, tail);
      const forget = (): void => {
        if (tails.get(key) === tail) tails.delete(key);
      };
      void tail.finally(forget);
      return result;
    },
  };
}
