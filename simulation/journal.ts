import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ChapterResult } from './chapter.ts';
import type { Plan } from './plan.ts';

const SOURCES = ['../packages/server/src/', './'].map((folder) => fileURLToPath(new URL(folder, import.meta.url)));

/** What all worlds of a run follow from. */
export type RunOf = { readonly seed: number; readonly deliveries: number; readonly program: string };

/** A world that held, without what only a failure needs. */
type Line = Omit<ChapterResult, 'plan' | 'failure' | 'lastSteps' | 'faults' | 'duplicates'> & {
  readonly index: number;
  readonly seconds: number;
  readonly faults: readonly (readonly [string, number])[];
  readonly duplicates: readonly (readonly [string, number])[];
};

/** The file belongs to another run. */
export class OtherRun extends Error {
  override readonly name = 'OtherRun';
}

/** Changes with every change of the program that is simulated, and of the simulation. */
export function programDigest(): string {
  const hash = createHash('sha256');
  for (const folder of SOURCES) {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts')).toSorted()) {
      hash.update(`${file}\0`).update(readFileSync(folder + file));
    }
  }
  return hash.digest('hex');
}

/**
 * A long run that can be broken off: a line for each world that ended well. The same command goes on with the worlds that
 * are not there. The first line says of which run it is; another run, or a changed program, does not go on with it.
 */
export class Journal {
  readonly #path: string;
  readonly #lines = new Map<number, Line>();
  #seconds = 0;

  constructor(path: string, run: RunOf) {
    this.#path = path;
    const head = JSON.stringify(run);
    if (!existsSync(path)) writeFileSync(path, `${head}\n`);
    const text = readFileSync(path, 'utf8');
    const [first, ...rest] = text.split('\n');
    if (first !== head) throw new OtherRun(`${path} is of another run, or of another version of the program: ${first}`);
    // What stands behind the last end of a line was cut off as it was written.
    const torn = rest.pop() ?? '';
    if (torn !== '') writeFileSync(path, text.slice(0, -torn.length));
    for (const line of rest) this.#take(JSON.parse(line) as Line); // Written by `add`.
  }

  /** Of all worlds together, each in its own process. */
  get seconds(): number {
    return this.#seconds;
  }

  /** What came of a world; null when it must run. */
  resultOf(index: number, plan: Plan): ChapterResult | null {
    const line = this.#lines.get(index);
    if (line === undefined) return null;
    const { index: _index, seconds: _seconds, faults, duplicates, ...rest } = line;
    // Written from such maps.
    const maps = { faults: new Map(faults) as ChapterResult['faults'], duplicates: new Map(duplicates) };
    return { ...rest, ...maps, plan, failure: null, lastSteps: [] };
  }

  add(index: number, result: ChapterResult, seconds: number): void {
    const { plan: _plan, failure, lastSteps: _lastSteps, faults, duplicates, ...rest } = result;
    if (failure !== null) return;
    const line: Line = { index, seconds, ...rest, faults: [...faults], duplicates: [...duplicates] };
    appendFileSync(this.#path, `${JSON.stringify(line)}\n`);
    this.#take(line);
  }

  #take(line: Line): void {
    this.#lines.set(line.index, line);
    this.#seconds += line.seconds;
  }
}
