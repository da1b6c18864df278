import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTime, showTime } from './time.ts';

describe('times', () => {
  it('come back as they were shown', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 }),
        (time) => parseTime(showTime(time)) === time,
      ),
    );
  });

  it.each([
    ['2026-01-31T12:00:00Z', 1_769_860_800_000],
    ['2026-01-31t12:00:00z', 1_769_860_800_000],
    ['2026-01-31T13:30:00.250+01:30', 1_769_860_800_250],
    ['2024-02-29T00:00:00Z', 1_709_164_800_000],
  ])('%s is read', (text, time) => {
    expect(parseTime(text)).toBe(time);
  });

  it.each([
    '',
    '2026-01-31',
    '2026-01-31T12:00:00',
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-31 12:00:00Z',
    '1769860800',
    'now',
  ])('%j is refused', (text) => {
    expect(parseTime(text)).toBeNull();
  });
});
