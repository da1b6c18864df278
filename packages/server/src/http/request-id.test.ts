import { describe, expect, it } from 'vitest';
import { createRequestIds } from './request-id.ts';

const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

describe('request ids', () => {
  it('are ULIDs of the time that they were made', () => {
    const next = createRequestIds({ now: () => 1_469_918_176_385, random: () => 0.5 });
    expect(next()).toMatch(ULID);
    expect(next().slice(0, 10)).toBe('01ARYZ6S41');
  });

  it('do not repeat within a millisecond, across carries of the counter, nor when it wraps', () => {
    for (const random of [0, 0.25, 1 - 2 ** -40]) {
      const next = createRequestIds({ now: () => 1, random: () => random });
      const seen = Array.from({ length: 5_000 }, next);
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.every((id) => ULID.test(id))).toBe(true);
    }
  });

  it('differ between two processes that start at the same time', () => {
    const [a, b] = [0.1, 0.2].map((seed) => createRequestIds({ now: () => 1, random: () => seed })());
    expect(a).not.toBe(b);
  });
});
