/** The product under a virtual clock, with everything going wrong that can: see docs/simulation.md. */
import { type ChapterResult, runChapter } from './chapter.ts';
import { Violation } from './model/violation.ts';
import { parseOptions, USAGE } from './options.ts';
import type { Plan } from './plan.ts';
import { failureText, smallerText, tableOf } from './report.ts';
import { type RunProgress, run } from './run.ts';
import { shrink } from './shrink.ts';

const PROGRESS_GAP_MS = 500;
/** Worlds that are tried to find a smaller one that fails. */
const SHRINK_TRIES_MAX = 80;

function say(text: string): void {
  process.stderr.write(text);
}

function progressLine(startedAt: number): (progress: RunProgress) => void {
  let saidAt = 0;
  return ({ chapter, deliveries, faults }) => {
    const now = process.hrtime.bigint();
    const ms = Number(now / 1_000_000n);
    if (!process.stderr.isTTY || ms - saidAt < PROGRESS_GAP_MS) return;
    saidAt = ms;
    const seconds = (ms - startedAt) / 1_000;
    const rate = Math.round(deliveries / Math.max(seconds, 0.1));
    say(
      `\r\u001b[Kworld ${chapter}: ${deliveries.toLocaleString('en')} deliveries, ${faults.toLocaleString('en')} faults, ${rate.toLocaleString('en')} a second`,
    );
  };
}

/** Runs smaller and smaller worlds that break the same invariant. */
async function smallest(failed: ChapterResult): Promise<{ readonly plan: Plan; readonly failure: Error | null }> {
  const invariantOf = (error: Error | null): string | null => (error instanceof Violation ? error.invariant : null);
  const wanted = invariantOf(failed.failure);
  let failure = failed.failure;
  // What was never reached cannot matter.
  const reached = { ...failed.plan, deliveries: Math.min(failed.plan.deliveries, failed.totals.deliveries + 1) };
  const plan = await shrink(
    reached,
    async (smaller) => {
      const result = await runChapter(smaller);
      if (result.failure === null || invariantOf(result.failure) !== wanted) return false;
      ({ failure } = result);
      return true;
    },
    SHRINK_TRIES_MAX,
  );
  return { plan, failure };
}

async function main(): Promise<number> {
  const startedAt = Number(process.hrtime.bigint() / 1_000_000n);
  const parsed = parseOptions(process.argv.slice(2), Date.now());
  if (parsed.kind === 'say') process.stdout.write(parsed.text);
  if (parsed.kind === 'wrong') say(`${parsed.problem}\n\n${USAGE}`);
  if (parsed.kind !== 'run') return parsed.kind === 'say' ? 0 : 2;
  const { options } = parsed;
  say(`seed ${options.seed}\n`);
  const { totals, failed } = await run(options, progressLine(startedAt));
  const seconds = Number(process.hrtime.bigint() / 1_000_000n) / 1_000 - startedAt / 1_000;
  if (process.stderr.isTTY) say('\r\u001b[K');
  if (failed !== null) say(`${failureText(failed)}\n`);
  if (!options.isJson) process.stdout.write(`${tableOf(totals, seconds)}\n`);
  const found = failed !== null && options.shrinks ? await smallest(failed) : null;
  if (found !== null) say(`${smallerText(found.plan, found.failure)}\n`);
  if (options.isJson) {
    const failure = failed === null ? null : { message: failed.failure?.message ?? '', lastSteps: failed.lastSteps };
    process.stdout.write(`${JSON.stringify({ ...totals, seconds, failure })}\n`);
  }
  return failed === null ? 0 : 1;
}

process.exitCode = await main();
