import { describe, expect, it } from 'vitest';
import { collect, duration, moment, momentText, pairs, wholeNumber } from './options.ts';

describe('the values of options', () => {
  it.each([
    ['0', 0],
    ['90', 90],
    ['90s', 90],
    ['15m', 900],
    ['24h', 86_400],
    ['7d', 604_800],
    ['2w', 1_209_600],
  ])('reads the length of time %s', (text, seconds) => {
    expect(duration(text)).toBe(seconds);
  });

  it.each(['', 'h', '1.5h', '-1h', '1y', '1h30m'])('refuses the length of time %j', (text) => {
    expect(() => duration(text)).toThrow(/length of time/);
  });

  it('reads a time, or how long ago it was', () => {
    const now = Date.parse('2026-01-31T12:00:00Z');
    expect(momentText(moment('2026-01-31T11:00:00+01:00'), now)).toBe('2026-01-31T10:00:00.000Z');
    expect(momentText(moment('2h'), now)).toBe('2026-01-31T10:00:00.000Z');
    expect(() => moment('yesterday')).toThrow(/time/);
    expect(() => moment('12')).toThrow(/time/);
  });

  it('reads pairs, where an empty value removes', () => {
    expect(pairs(['a=1', 'b=', 'c=x=y'])).toEqual({ a: '1', b: null, c: 'x=y' });
    expect(() => pairs(['=1'])).toThrow(/name=value/);
    expect(() => pairs(['a'])).toThrow(/name=value/);
  });

  it('collects what is repeated', () => {
    expect(collect('b', collect('a'))).toEqual(['a', 'b']);
  });

  it('takes whole numbers only', () => {
    expect(wholeNumber('12')).toBe(12);
    expect(() => wholeNumber('1e3')).toThrow(/whole number/);
  });
});
