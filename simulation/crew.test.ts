import { describe, expect, it } from 'vitest';
import { WorkerLost } from './crew.ts';
import { Violation } from './model/violation.ts';
import { type RunOptions, type RunProgress, run } from './run.ts';

const SMALL: RunOptions = {
  seed: 20_300_102,
  deliveries: 1_600,
  chapterDeliveries: 400,
  chapter: null,
  overrides: { endpoints: 40 },
  workers: 1,
};

describe('processes that run worlds beside each other', { timeout: 120_000 }, () => {
  it('come to the same as one process, to the last byte', async () => {
    const alone = await run(SMALL);
    const told: RunProgress[] = [];
    const together = await run({ ...SMALL, workers: 2 }, (progress) => told.push(progress));
    expect(alone.failed).toBeNull();
    expect(alone.totals.chapters).toBe(4);
    expect(together).toEqual(alone);
    expect(told.at(-1)).toMatchObject({ ended: 4, worlds: 4, deliveries: alone.totals.deliveries });
  });

  it('tell of the first world that fails, as it is told of in one process', async () => {
    // Nobody answers where there are no nodes.
    const broken = { ...SMALL, overrides: { nodes: 0 } };
    const alone = await run(broken);
    const together = await run({ ...broken, workers: 3 });
    expect(together.failed?.plan).toEqual(alone.failed?.plan);
    expect(together.failed?.plan.chapter).toBe(0);
    expect(together.failed?.failure).toBeInstanceOf(Violation);
    expect(together.failed?.failure?.message).toBe(alone.failed?.failure?.message);
    expect(together.totals).toEqual(alone.totals);
  });

  it('go on behind a world that failed when they are told to, and tell of each that did', async () => {
    const broken = { ...SMALL, overrides: { nodes: 0 }, goesOn: true };
    for (const workers of [1, 3]) {
      const told: number[] = [];
      const { failed, totals } = await run({ ...broken, workers }, undefined, ({ plan }) => told.push(plan.chapter));
      expect(told.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
      expect(failed?.plan.chapter).toBe(0);
      expect(totals).toMatchObject({ chapters: 4, violations: 4 });
    }
  });

  it('name the world in which one of them ended', async () => {
    const impossible = { ...SMALL, overrides: { nodes: 2 ** 33 } };
    const error: unknown = await run({ ...impossible, workers: 2 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WorkerLost);
    expect(String(error)).toMatch(/chapter [01] of seed 20300102 ended \(exit code 1\); again: npm run simulate/);
    expect(String(error)).toContain('RangeError: Invalid array length');
  });
});
