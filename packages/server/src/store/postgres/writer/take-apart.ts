import type { RunBatch, Settled } from '../group-commit.ts';
import { BrokenBatch } from './batches.ts';

/** Commits units together. What is broken is found by taking the batch apart, and rejects alone. */
export function takingApart<Unit, Result>(
  commit: (units: readonly Unit[]) => Promise<readonly Result[]>,
): RunBatch<Unit, Result> {
  return async function run(units): Promise<readonly Settled<Result>[]> {
    try {
      return (await commit(units)).map((result) => ({ kind: 'done', result }));
    } catch (error) {
      if (!(error instanceof BrokenBatch)) throw error;
      if (units.length === 1) return [{ kind: 'defect', error }];
      const middle = Math.ceil(units.length / 2);
      const first = await settledOf(run, units.slice(0, middle));
      const second = await settledOf(run, units.slice(middle));
      return [...first, ...second];
    }
  };
}

/** A failure of these units must not take with it what others have committed. */
export async function settledOf<Unit, Result>(
  run: RunBatch<Unit, Result>,
  units: readonly Unit[],
): Promise<readonly Settled<Result>[]> {
  try {
    return await run(units);
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    return units.map(() => ({ kind: 'defect', error: failure }));
  }
}
