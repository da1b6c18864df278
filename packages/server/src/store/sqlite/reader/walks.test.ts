import { describe, expect, it } from 'vitest';
import { mergeWalks, sift, type Walk } from './walks.ts';

const rows = (...numbers: number[]) => numbers.map((number) => ({ number }));
const numbersOf = (walk: Walk) => walk.rows.map(({ number }) => number);

describe('several walks as one', () => {
  it('are told newest first, up to where any of them stopped', () => {
    const merged = mergeWalks(
      [
        { rows: rows(9, 5, 3), nextCursor: null },
        { rows: rows(8, 7), nextCursor: '4' },
      ],
      10,
    );
    expect([numbersOf(merged), merged.nextCursor]).toEqual([[9, 8, 7, 5], '4']);
    expect(mergeWalks([], 10)).toEqual({ rows: [], nextCursor: null });
  });

  it('tell a row once that moved from one to the other meanwhile, as the later one saw it', () => {
    const merged = mergeWalks(
      [
        { rows: [{ number: 4, status: 'pending' }], nextCursor: null },
        { rows: [{ number: 4, status: 'dead' }], nextCursor: null },
      ],
      10,
    );
    expect(merged).toEqual({ rows: [{ number: 4, status: 'dead' }], nextCursor: null });
  });
});

describe('a walk for what is wanted of it', () => {
  let looked = 0;
  /** Down from a million. */
  const walk = (after: string | null, itemsMax: number): Walk => {
    const from = after === null ? 1_000_000 : Number(after);
    looked += itemsMax;
    return { rows: rows(...Array.from({ length: itemsMax }, (_, index) => from - 1 - index)), nextCursor: 'more' };
  };

  it('goes on until a page is full, and from there on the next one', () => {
    const every = (row: { number?: unknown }) => Number(row.number) % 1_000 === 0;
    const page = sift(walk, 'number', { after: null, itemsMax: 3 }, every);
    expect(numbersOf(page)).toEqual([999_000, 998_000, 997_000]);
    const next = sift(walk, 'number', { after: page.nextCursor, itemsMax: 2 }, every);
    expect(numbersOf(next)).toEqual([996_000, 995_000]);
  });

  it('stops after a bounded number of rows and says where', () => {
    looked = 0;
    const page = sift(walk, 'number', { after: null, itemsMax: 3 }, () => false);
    expect(page.rows).toEqual([]);
    expect(Number(page.nextCursor)).toBe(1_000_000 - looked);
    expect(looked).toBeLessThan(50_000);
  });
});
