import { describe, expect, it } from 'vitest';
import { runChapter } from './chapter.ts';
import { planOf } from './plan.ts';
import { run } from './run.ts';

const RUN_MS_MAX = 120_000;
const SEED = 20_300_101;

describe('the product in a simulated world', () => {
  it(
    'does the same to the last byte when a seed is run again',
    async () => {
      for (const chapter of [0, 1]) {
        const plan = planOf(SEED, chapter, { deliveries: 3_000, endpoints: 80 });
        const first = await runChapter(plan);
        const again = await runChapter(plan);
        expect(first.failure).toBeNull();
        expect(first.totals.deliveries).toBeGreaterThanOrEqual(3_000);
        expect(again.hash).toBe(first.hash);
        expect(again.totals).toEqual(first.totals);
      }
      const other = await runChapter(planOf(SEED + 1, 0, { deliveries: 500, endpoints: 80 }));
      const same = await runChapter(planOf(SEED, 0, { deliveries: 500, endpoints: 80 }));
      expect(other.hash).not.toBe(same.hash);
    },
    RUN_MS_MAX,
  );

  it(
    'counts what happened, world after world',
    async () => {
      const { totals, failed } = await run({
        seed: SEED,
        deliveries: 2_000,
        chapter: 4,
        overrides: { nodes: 3, endpoints: 60 },
        workers: 1,
      });
      expect(failed).toBeNull();
      expect(totals).toMatchObject({ seed: SEED, chapters: 1, violations: 0 });
      expect(totals.succeeded + totals.dead + totals.cancelled).toBe(totals.deliveries);
      expect(totals.checksInAll).toBeGreaterThan(10 * totals.deliveries);
      expect(Object.values(totals.faults).reduce((sum, count) => sum + count, 0)).toBe(totals.faultsInAll);
    },
    RUN_MS_MAX,
  );
});
