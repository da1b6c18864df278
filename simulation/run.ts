import { type ChapterResult, runChapter } from './chapter.ts';
import { Crew } from './crew.ts';
import type { Journal } from './journal.ts';
import { CHAPTER_DELIVERIES, type Plan, type PlanOverrides, planOf } from './plan.ts';
import { Tally, type Totals } from './totals.ts';

export type RunOptions = {
  readonly seed: number;
  readonly deliveries: number;
  /** Only this one. */
  readonly chapter: number | null;
  readonly overrides: PlanOverrides;
  /** Processes that run chapters at the same time; what comes of the run does not depend on it. */
  readonly workers: number;
  /** A chapter is no larger. */
  readonly chapterDeliveries?: number;
  /** Worlds that are in it are not run again. */
  readonly journal?: Journal | null;
  /** Runs all worlds, also those behind one in which something did not hold. */
  readonly goesOn?: boolean;
};

export type RunProgress = {
  readonly ended: number;
  readonly worlds: number;
  readonly deliveries: number;
  readonly faults: number;
};

export type RunResult = {
  readonly totals: Totals;
  /** The first chapter in which something did not hold; those behind it do not count, unless the run went on. */
  readonly failed: ChapterResult | null;
};

/** Is told of every world in which something did not hold, as it ends. */
type OnFailure = (failed: ChapterResult) => void;

/** Chapter after chapter, until there were so many deliveries or something did not hold. */
export async function run(
  options: RunOptions,
  onProgress: (progress: RunProgress) => void = () => {},
  onFailure: OnFailure = () => {},
): Promise<RunResult> {
  const { goesOn = false } = options;
  const worlds = worldsOf(options);
  const ledger = new Ledger(options, worlds, onProgress, onFailure);
  const left = Array.from({ length: worlds }, (_, index) => index).filter((index) => !ledger.knows(index));
  if (options.workers > 1 && worlds > 1) {
    const crew = new Crew((index) => planAt(options, index), left, ledger, goesOn);
    await crew.run(Math.min(options.workers, left.length));
    return ledger.result();
  }
  for (const index of left) {
    if (ledger.failed !== null && !goesOn) break;
    ledger.began(index);
    const result = await runChapter(planAt(options, index), (...made) => ledger.underway(index, ...made));
    ledger.ended(index, result);
  }
  return ledger.result();
}

function worldsOf({ deliveries, chapter, chapterDeliveries = CHAPTER_DELIVERIES }: RunOptions): number {
  return chapter === null ? Math.ceil(deliveries / chapterDeliveries) : 1;
}

/** All are of the same size, but for the last: none has to wait for what another came to. */
function planAt(options: RunOptions, index: number): Plan {
  const { seed, deliveries, chapter, overrides, chapterDeliveries = CHAPTER_DELIVERIES } = options;
  const left = deliveries - index * chapterDeliveries;
  const size = chapter === null ? Math.min(left, chapterDeliveries) : deliveries;
  return planOf(seed, chapter ?? index, { ...overrides, deliveries: size });
}

/** Takes down what comes of the worlds, in whatever order they end, and adds it up in that of their numbers. */
class Ledger {
  readonly #tally: Tally;
  readonly #worlds: number;
  readonly #onProgress: (progress: RunProgress) => void;
  readonly #onFailure: OnFailure;
  readonly #goesOn: boolean;
  readonly #waiting = new Map<number, ChapterResult>();
  readonly #underway = new Map<number, { readonly deliveries: number; readonly faults: number }>();
  readonly #journal: Journal | null;
  readonly #beganAt = new Map<number, bigint>();
  #next = 0;
  failed: ChapterResult | null = null;

  constructor(options: RunOptions, worlds: number, onProgress: (progress: RunProgress) => void, onFailure: OnFailure) {
    this.#tally = new Tally(options.seed);
    this.#worlds = worlds;
    this.#onProgress = onProgress;
    this.#onFailure = onFailure;
    this.#goesOn = options.goesOn ?? false;
    this.#journal = options.journal ?? null;
    for (let index = 0; index < worlds; index += 1) {
      const known = this.#journal?.resultOf(index, planAt(options, index)) ?? null;
      if (known !== null) this.#take(index, known);
    }
  }

  knows(index: number): boolean {
    return index < this.#next || this.#waiting.has(index);
  }

  began(index: number): void {
    this.#beganAt.set(index, process.hrtime.bigint());
  }

  underway(index: number, deliveries: number, faults: number): void {
    this.#underway.set(index, { deliveries, faults });
    this.#tell();
  }

  ended(index: number, result: ChapterResult): void {
    const began = this.#beganAt.get(index);
    this.#beganAt.delete(index);
    const seconds = began === undefined ? 0 : Number(process.hrtime.bigint() - began) / 1e9;
    this.#journal?.add(index, result, seconds);
    if (result.failure !== null) this.#onFailure(result);
    this.#take(index, result);
    this.#tell();
  }

  result(): RunResult {
    return { totals: this.#tally.totals(), failed: this.failed };
  }

  #take(index: number, result: ChapterResult): void {
    this.#waiting.set(index, result);
    let faults = 0;
    for (const count of result.faults.values()) faults += count;
    this.#underway.set(index, { deliveries: result.totals.deliveries, faults });
    for (let next = this.#waiting.get(this.#next); next !== undefined; next = this.#waiting.get(this.#next)) {
      if (this.failed !== null && !this.#goesOn) break;
      this.#tally.add(next);
      if (next.failure !== null) this.failed ??= next;
      this.#waiting.delete(this.#next);
      this.#underway.delete(this.#next);
      this.#next += 1;
    }
  }

  #tell(): void {
    let { deliveries, faults } = this.#tally;
    for (const made of this.#underway.values()) {
      deliveries += made.deliveries;
      faults += made.faults;
    }
    const ended = this.#next + this.#waiting.size;
    this.#onProgress({ ended, worlds: this.#worlds, deliveries, faults });
  }
}
