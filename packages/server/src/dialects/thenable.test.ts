import { expect, it } from 'vitest';
import type { Timers } from '../domain/clock.ts';
import { inTime, isThenable, OWN_CODE_MS_MAX } from './thenable.ts';

/** Timers that a test rings by hand. */
function handTimers() {
  const set: { readonly delayMs: number; readonly ring: () => void }[] = [];
  let cancelled = 0;
  const timers = {
    setTimeout(ring: () => void, delayMs: number) {
      set.push({ ring, delayMs });
      return { cancel: () => void (cancelled += 1) };
    },
  } as unknown as Timers; // What `inTime` uses of them.
  return { timers, set, cancelled: () => cancelled };
}

it('gives what comes in time, and leaves no timer behind', async () => {
  const { timers, set, cancelled } = handTimers();
  expect(await inTime(timers, 'a look-up', Promise.resolve(7))).toBe(7);
  expect([set.map(({ delayMs }) => delayMs), cancelled()]).toEqual([[OWN_CODE_MS_MAX], 1]);
});

it('gives up on what never settles, and says what that was', async () => {
  const { timers, set } = handTimers();
  const waiting = inTime(timers, 'a look-up', new Promise<never>(() => {}));
  set[0]?.ring();
  await expect(waiting).rejects.toThrow('a look-up took over 10000 ms');
});

it('tells a promise from everything else', () => {
  expect([Promise.resolve(), null, undefined, {}, 'then'].map(isThenable)).toEqual([true, false, false, false, false]);
});
