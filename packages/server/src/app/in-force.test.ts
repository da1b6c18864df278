import { describe, expect, it } from 'vitest';
import {
  afterPending,
  commitBefore,
  IN_FORCE_LEAD_MS,
  inForce,
  inForceEverywhere,
  inForceSince,
  leadMs,
} from './in-force.ts';

/** Timers that move the clock by what was asked, or a little less. */
function world(early = 0, spreadMs = 0) {
  let now = 1_000_000;
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
  return { app: { clock, timers, store: { spreadMs } }, waits, now };
}

describe('waiting for a change to be in force', () => {
  it('ends when its moment has come, not before', async () => {
    const { app, waits, now } = world(2);
    await inForce(app, now + 20);
    expect(app.clock.now()).toBeGreaterThanOrEqual(now + 20);
    expect(waits.length).toBeGreaterThan(1);
  });

  it('does not wait for a moment that has passed', async () => {
    const { app, waits, now } = world();
    await inForce(app, now - 10);
    expect(waits).toEqual([]);
  });

  it('does not wait long when the clock was set back meanwhile', async () => {
    const { app, waits, now } = world();
    await inForce(app, now + 1_000_000);
    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThanOrEqual(2 * IN_FORCE_LEAD_MS);
  });

  it('is no wait at all for what one process alone remembers', async () => {
    const { app, waits, now } = world();
    await inForceEverywhere(app);
    await inForceSince(app, now);
    expect(waits).toEqual([]);
    expect(leadMs(app)).toBe(IN_FORCE_LEAD_MS);
    expect(commitBefore(app, now)).toEqual({});
  });
});

describe('where many nodes sign', () => {
  it('a ring is changed for a second from now, or not at all when that cannot be known everywhere by then', async () => {
    const { app, now } = world(0, 1_000);
    const at = now + leadMs(app);
    expect(at).toBe(now + 1_000);
    expect(commitBefore(app, at)).toEqual({ notAfter: now + 200 });
  });

  it('the answer waits for the clocks of all nodes, of which one may be behind while this one is ahead, and takes no longer than a second and a half', async () => {
    const { app, now } = world(1, 1_000);
    await inForce(app, now + 1_000);
    expect(app.clock.now()).toBeGreaterThanOrEqual(now + 1_200);
    expect(app.clock.now()).toBeLessThan(now + 1_500);
  });

  it('the answer waits longer when the commit was held up until the moment had come', async () => {
    const { app, now } = world(1, 1_000);
    await inForce(app, now - 50);
    expect(app.clock.now()).toBeGreaterThanOrEqual(now + 800);
  });

  it('has more time after each commit that came too late', () => {
    const { app } = world(1, 1_000);
    expect([0, 1, 2].map((lates) => leadMs(app, lates))).toEqual([1_000, 1_500, 2_000]);
  });

  it('a rotation begins after one that another node decided, also when that had more time, and was not asked for long ahead', () => {
    const { app, now } = world(1, 1_000);
    const begins = (...at: (number | null)[]): number =>
      afterPending(app, { secrets: at.map((activatesAt) => ({ activatesAt })) }, now, 0) - now;
    expect(begins(null, now - 5, now + 500)).toBe(1_000);
    expect(begins(now + 1_150)).toBe(1_151);
    expect(begins(now + 1_500, now + 3_000)).toBe(3_001);
    expect(begins(now + 60_000)).toBe(1_000);
  });

  it('what was just committed is in the memory of all when it is answered', async () => {
    const { app, now } = world(1, 1_000);
    await inForceEverywhere(app);
    expect(app.clock.now()).toBeGreaterThanOrEqual(now + 800);
    expect(app.clock.now()).toBeLessThan(now + 1_000);
  });

  it('what somebody else did a moment ago is waited for, what is older is not', async () => {
    const recent = world(0, 1_000);
    await inForceSince(recent.app, recent.now - 5_000);
    expect(recent.app.clock.now()).toBeGreaterThanOrEqual(recent.now + 800);
    const old = world(0, 1_000);
    await inForceSince(old.app, old.now - 60_000);
    expect(old.waits).toEqual([]);
  });
});
