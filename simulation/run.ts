import { type ChapterResult, runChapter } from './chapter.ts';
import { CHAPTER_DELIVERIES, type PlanOverrides, planOf } from './plan.ts';
import { Tally, type Totals } from './totals.ts';

export type RunOptions = {
  readonly seed: number;
  readonly deliveries: number;
  /** Only this one. */
  readonly chapter: number | null;
  readonly overrides: PlanOverrides;
};

export type RunProgress = { readonly chapter: number; readonly deliveries: number; readonly faults: number };

export type RunResult = {
  readonly totals: Totals;
  /** The chapter in which something did not hold; it is the last. */
  readonly failed: ChapterResult | null;
};

/** Chapter after chapter, until there were so many deliveries or something did not hold. */
export async function run(
  options: RunOptions,
  onProgress: (progress: RunProgress) => void = () => {},
): Promise<RunResult> {
  const { seed, deliveries, overrides } = options;
  const tally = new Tally(seed);
  for (let chapter = options.chapter ?? 0; tally.deliveries < deliveries; chapter += 1) {
    const left = deliveries - tally.deliveries;
    const size = options.chapter === null ? Math.min(left, CHAPTER_DELIVERIES) : deliveries;
    const plan = planOf(seed, chapter, { ...overrides, deliveries: size });
    const before = tally.deliveries;
    const result = await runChapter(plan, (made) =>
      onProgress({ chapter, deliveries: before + made, faults: tally.faults }),
    );
    tally.add(result);
    if (result.failure !== null) return { totals: tally.totals(), failed: result };
    if (options.chapter !== null) break;
  }
  return { totals: tally.totals(), failed: null };
}
