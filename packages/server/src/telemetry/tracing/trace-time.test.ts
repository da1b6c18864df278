import { describe, expect, it } from 'vitest';
import { hrTime, TraceTime } from './trace-time.ts';

function clockAt(wallMs: number, monotonicMs: number) {
  const at = { wallMs, monotonicMs };
  return { at, now: () => Math.floor(at.wallMs), monotonic: () => at.monotonicMs };
}

describe('TraceTime', () => {
  it('gives moments of the monotonic clock their place in the wall clock’s time, with their fraction', () => {
    const clock = clockAt(1_700_000_000_000, 500);
    const time = new TraceTime(clock);
    expect(time.epochMs(500.25)).toBe(1_700_000_000_000.25);
    expect(time.epochMs(400)).toBe(1_699_999_999_900);
    expect(time.nowMs()).toBe(1_700_000_000_000);
  });

  it('comes nearer to the true time with every look at a clock that leaves out fractions', () => {
    const clock = clockAt(1_700_000_000_000.9, 500);
    const time = new TraceTime(clock);
    clock.at.wallMs += 10.1;
    clock.at.monotonicMs += 10.1;
    expect(time.nowMs()).toBeCloseTo(1_700_000_000_011, 3);
    clock.at.wallMs += 0.7;
    clock.at.monotonicMs += 0.7;
    expect(time.nowMs()).toBeCloseTo(1_700_000_000_011.7, 3);
  });

  it.each([60_000, -60_000])('follows a wall clock that is set by %d ms', (step) => {
    const clock = clockAt(1_700_000_000_000, 500);
    const time = new TraceTime(clock);
    clock.at.wallMs += step;
    expect(time.nowMs()).toBe(1_700_000_000_000 + step);
  });
});

describe('hrTime', () => {
  it('splits into seconds and nanoseconds that stay below a second', () => {
    expect(hrTime(1_700_000_000_000)).toEqual([1_700_000_000, 0]);
    expect(hrTime(1_700_000_001_250.5)).toEqual([1_700_000_001, 250_500_000]);
    expect(hrTime(1_700_000_001_000 - 2 ** -12)[1]).toBeLessThan(1_000_000_000);
  });
});
