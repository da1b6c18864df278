import { describe, expect, it } from 'vitest';
import { IN_FORCE_LEAD_MS, inForce } from './in-force.ts';

/** Timers that move the clock by what was asked, or a little less. */
function world(early = 0) {
  let now = 1_000;
  const waits: number[] = [];
  const clock = { now: () => now, monotonic: () => now };
  const timers = {
    setTimeout(callback: () => void, delayMs: number) {
      waits.push(delayMs);
      now += Math.max(1, delayMs - early);
      callback();
      return { cancel() {} };
    },
  };
  return { app: { clock, timers }, waits };
}

describe('waiting for a change to be in force', () => {
  it('ends when its moment has come, not before', async () => {
    const { app, waits } = world(2);
    await inForce(app, 1_020);
    expect(app.clock.now()).toBeGreaterThanOrEqual(1_020);
    expect(waits.length).toBeGreaterThan(1);
  });

  it('does not wait for a moment that has passed', async () => {
    const { app, waits } = world();
    await inForce(app, 990);
    expect(waits).toEqual([]);
  });

  it('does not wait long when the clock was set back meanwhile', async () => {
    const { app, waits } = world();
    await inForce(app, 1_000_000);
    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThanOrEqual(2 * IN_FORCE_LEAD_MS);
  });
});
