import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';

function words(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.word());
}

describe('the random source', () => {
  it('says the same again for the same seed, and something else for its neighbour', () => {
    expect(words(new Random(7), 50)).toEqual(words(new Random(7), 50));
    expect(words(new Random(7), 5)).not.toEqual(words(new Random(8), 5));
    expect(words(new Random(2 ** 40 + 7), 5)).not.toEqual(words(new Random(7), 5));
  });

  it('has branches that do not depend on what was drawn from the trunk', () => {
    const fresh = new Random(3);
    const used = new Random(3);
    words(used, 100);
    expect(words(used.fork(1), 5)).toEqual(words(fresh.fork(1), 5));
    expect(words(fresh.fork(1), 5)).not.toEqual(words(fresh.fork(2), 5));
  });

  it('spreads evenly', () => {
    const random = new Random(11);
    const counts = Array.from({ length: 16 }, () => 0);
    for (let round = 0; round < 160_000; round += 1) counts[random.below(16)]! += 1;
    // Within five standard deviations of 10,000.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    let sum = 0;
    for (let round = 0; round < 100_000; round += 1) sum += random.exponential(3);
    expect(sum / 100_000).toBeCloseTo(3, 1);
  });

  it('fills any number of bytes', () => {
    const random = new Random(5);
    for (const length of [0, 1, 4, 7]) {
      const bytes = new Uint8Array(length);
      random.fillBytes(bytes);
      expect(bytes.length).toBe(length);
    }
    const many = new Uint8Array(4_096);
    random.fillBytes(many);
    expect(new Set(many).size).toBe(256);
  });
});
