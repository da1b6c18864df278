import { describe, expect, it } from 'vitest';
import { runChapter } from './chapter.ts';
import { planOf } from './plan.ts';
import { commandFor } from './shrink.ts';

/** Worlds in which every promise that is broken on purpose (`tests/mutations`) is found broken. */
const SEED = 4_711;
const CHAPTERS = [0, 1, 2, 3, 4, 5, 6, 7];
const DELIVERIES = 4_000;

describe('the product in simulated worlds that are always the same', () => {
  it('keeps its promises', async () => {
    for (const chapter of CHAPTERS) {
      const plan = planOf(SEED, chapter, { deliveries: DELIVERIES });
      const { failure } = await runChapter(plan);
      expect(failure, commandFor(plan)).toBeNull();
    }
  }, 120_000);
});
