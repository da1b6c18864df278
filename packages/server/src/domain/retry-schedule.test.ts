import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHttpDate, parseRetryAfter } from './retry-after.ts';
import {
  NATIVE_RETRY_SCHEDULE_SECONDS,
  nextAttemptAt,
  parseRetrySchedule,
  validateRetrySchedule,
} from './retry-schedule.ts';

const NOW = Date.UTC(2026, 0, 1);

function next(schedule: readonly number[], attemptsMade: number, retryAfter: number | null = null, random = 0.5) {
  const at = nextAttemptAt({ schedule, attemptsMade, now: NOW, retryAfter, random: () => random });
  return at === null ? null : at - NOW;
}

describe('the next attempt', () => {
  it('follows the schedule until it is exhausted', () => {
    expect([1, 2, 3].map((made) => next([5, 300], made))).toEqual([5_000, 300_000, null]);
    expect(next([], 1)).toBeNull();
    expect(next(NATIVE_RETRY_SCHEDULE_SECONDS, 9)).toBe(86_400_000);
    expect(next(NATIVE_RETRY_SCHEDULE_SECONDS, 10)).toBeNull();
  });

  it('is spread by a tenth to both sides, and a delay of 0 stays 0', () => {
    expect(next([100], 1, null, 0)).toBe(90_000);
    expect(next([100], 1, null, 0.75)).toBe(105_000);
    for (const random of [0, 0.3, 0.999]) expect(next([0], 1, null, random)).toBe(0);
  });

  it('is put off by Retry-After for a day at most, never brought forward', () => {
    expect(next([100], 1, 500_000)).toBe(500_000);
    expect(next([100], 1, 1_000)).toBe(100_000);
    expect(next([100], 1, 90 * 86_400_000)).toBe(86_400_000);
    expect(next([172_800], 1, 90 * 86_400_000)).toBe(172_800_000);
    expect(next([100], 2, 500_000)).toBeNull();
  });

  it('never comes before a tenth less than its delay, nor a tenth later', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 604_800 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (delay, random) => {
          const wait = next([delay], 1, null, random) ?? -1;
          expect(wait).toBeGreaterThanOrEqual(Math.floor(delay * 900));
          expect(wait).toBeLessThanOrEqual(Math.ceil(delay * 1_100));
        },
      ),
    );
  });
});

describe('a retry schedule as text', () => {
  it('is seconds with commas; an empty one means a single attempt', () => {
    expect(parseRetrySchedule('5,300,1800')).toEqual({ kind: 'valid', seconds: [5, 300, 1_800] });
    expect(parseRetrySchedule(' 0 , 0.25 ')).toEqual({ kind: 'valid', seconds: [0, 0.25] });
    expect(parseRetrySchedule(' ')).toEqual({ kind: 'valid', seconds: [] });
  });

  it('is refused when a part is no delay, is too long, or there are too many', () => {
    const tooMany = Array.from({ length: 51 }, () => '1').join(',');
    for (const text of ['5,', ',', '-1', '1e3', '0x10', '5;6', 'abc', '5 6', '1.', '604801', '9999999999', tooMany]) {
      expect([text, parseRetrySchedule(text).kind]).toEqual([text, 'invalid']);
    }
    expect(parseRetrySchedule(tooMany.slice(2)).kind).toBe('valid');
    expect(parseRetrySchedule('1,x')).toEqual({ kind: 'invalid', detail: 'delay 2 is not a number of seconds' });
  });

  it('is checked as numbers too', () => {
    expect(validateRetrySchedule([0, 604_800]).kind).toBe('valid');
    for (const wrong of [Number.NaN, -1, Number.POSITIVE_INFINITY])
      expect(validateRetrySchedule([wrong]).kind).toBe('invalid');
  });
});

describe('Retry-After', () => {
  const date = Date.UTC(1994, 10, 6, 8, 49, 37);

  it('is read as seconds', () => {
    expect(parseRetryAfter('120', NOW)).toBe(120_000);
    expect(parseRetryAfter(' 0\t', NOW)).toBe(0);
  });

  it('is read in the three forms of an HTTP date', () => {
    for (const text of [
      'Sun, 06 Nov 1994 08:49:37 GMT',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
    ]) {
      expect(parseHttpDate(text, NOW)).toBe(date);
      expect(parseRetryAfter(text, date - 1_500)).toBe(1_500);
      expect(parseRetryAfter(text, NOW)).toBe(0);
    }
    expect(parseHttpDate('Wed Nov 16 08:49:37 1994', NOW)).toBe(date + 10 * 86_400_000);
  });

  it('takes a two-digit year for the nearest that is not more than 50 years ahead', () => {
    expect(parseHttpDate('Wednesday, 01-Jan-76 00:00:00 GMT', NOW)).toBe(Date.UTC(2076, 0, 1));
    expect(parseHttpDate('Saturday, 01-Jan-77 00:00:00 GMT', NOW)).toBe(Date.UTC(1977, 0, 1));
  });

  it('is ignored when it is anything else', () => {
    const junk = [
      '',
      '-1',
      '+5',
      '1.5',
      '1e3',
      '0x10',
      '12 34',
      '99999999999',
      'soon',
      '2026-01-01T00:00:00Z',
      'Mon, 06 Nov 1994 08:49:37 GMT',
      'Sun, 6 Nov 1994 08:49:37 GMT',
      'Sun, 06 Nov 1994 08:49:37 UTC',
      'Sun, 06 Nov 1994 24:00:00 GMT',
      'Wed, 31 Feb 2026 08:49:37 GMT',
      'sun, 06 nov 1994 08:49:37 gmt',
      'Sun, 06 Nov 1994 08:49:37 GMT, 5',
      '120, 60',
    ];
    for (const text of junk) expect([text, parseRetryAfter(text, NOW)]).toEqual([text, null]);
  });

  it('reads back every date that a server can write', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }), (when) => {
        const seconds = Math.floor(when.getTime() / 1_000) * 1_000;
        expect(parseHttpDate(when.toUTCString(), NOW)).toBe(seconds);
      }),
    );
  });
});
