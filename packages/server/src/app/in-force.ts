import type { AppContext } from './context.ts';

/**
 * A change of a ring is decided for a moment this far ahead, and answered once that moment has come. It is in memory
 * before then, so every attempt is signed as the ring's own times say, to the millisecond, and the answer is never early.
 */
export const IN_FORCE_LEAD_MS = 30;
/** However the wall clock is set meanwhile, nobody waits longer. */
const WAIT_MS_MAX = 2 * IN_FORCE_LEAD_MS;

/** Waits until a change that was decided for `at` is in force. */
export async function inForce({ clock, timers }: Pick<AppContext, 'clock' | 'timers'>, at: number): Promise<void> {
  const deadline = clock.monotonic() + WAIT_MS_MAX;
  for (;;) {
    // Timers may fire a little early, so the clock is asked again.
    const waitMs = Math.min(at - clock.now(), deadline - clock.monotonic());
    if (waitMs <= 0) return;
    await new Promise<void>((resolve) => {
      timers.setTimeout(resolve, Math.ceil(waitMs));
    });
  }
}
