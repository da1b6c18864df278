/** The product under a virtual clock, with everything going wrong that can: see docs/simulation.md. */
import { type ChapterResult, runChapter } from './chapter.ts';
import { WorkerLost } from './crew.ts';
import { Journal, OtherRun, programDigest } from './journal.ts';
import { Violation } from './model/violation.ts';
import { parseOptions, USAGE } from './options.ts';
import { type Plan, planOf } from './plan.ts';
import { record } from './record.ts';
import { failureText, progressText, smallerText, tableOf } from './report.ts';
import { type RunProgress, run } from './run.ts';
import { shrink } from './shrink.ts';

const PROGRESS_GAP_MS = 500;
/** Where lines cannot be written over. */
const PROGRESS_LINE_GAP_MS = 60_000;
/** Worlds that are tried to find a smaller one that fails. */
const SHRINK_TRIES_MAX = 80;

function say(text: string): void {
  process.stderr.write(text);
}

function progressLine(startedAt: number): (progress: RunProgress) => void {
  const { isTTY } = process.stderr;
  let saidAt = startedAt;
  return (progress) => {
    const ms = monotonicMs();
    if (ms - saidAt < (isTTY ? PROGRESS_GAP_MS : PROGRESS_LINE_GAP_MS)) return;
    saidAt = ms;
    const line = progressText(progress, (ms - startedAt) / 1_000);
    say(isTTY ? `\r\u001b[K${line}` : `${line}\n`);
  };
}

function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
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
      const result = await runChapter(asCommanded(smaller));
      if (result.failure === null || invariantOf(result.failure) !== wanted) return false;
      ({ failure } = result);
      return true;
    },
    SHRINK_TRIES_MAX,
  );
  return { plan: asCommanded(plan), failure };
}

/** As the command that is printed makes it: what is drawn by the size of a world is drawn anew. */
function asCommanded({ seed, chapter, deliveries, nodes, endpoints, faults }: Plan): Plan {
  return planOf(seed, chapter, { deliveries, nodes, endpoints, faults: [...faults] });
}

async function main(): Promise<number> {
  const startedAt = monotonicMs();
  const beganAt = Date.now();
  const parsed = parseOptions(process.argv.slice(2), beganAt);
  if (parsed.kind === 'say') process.stdout.write(parsed.text);
  if (parsed.kind === 'wrong') say(`${parsed.problem}\n\n${USAGE}`);
  if (parsed.kind !== 'run') return parsed.kind === 'say' ? 0 : 2;
  const { options } = parsed;
  say(`seed ${options.seed}\n`);
  const { seed, deliveries, workers } = options;
  const journal =
    options.journal === null ? null : new Journal(options.journal, { seed, deliveries, program: programDigest() });
  const { totals, failed } = await run({ ...options, journal }, progressLine(startedAt), (result) => {
    if (options.goesOn) say(`${process.stderr.isTTY ? '\r\u001b[K' : ''}${failureText(result)}\n`);
  });
  const seconds = journal === null ? (monotonicMs() - startedAt) / 1_000 : journal.seconds / workers;
  if (process.stderr.isTTY) say('\r\u001b[K');
  if (failed !== null && !options.goesOn) say(`${failureText(failed)}\n`);
  if (!options.isJson) process.stdout.write(`${tableOf(totals, seconds)}\n`);
  const found = failed !== null && options.shrinks ? await smallest(failed) : null;
  if (found !== null) say(`${smallerText(found.plan, found.failure)}\n`);
  if (options.isJson) {
    const failure = failed === null ? null : { message: failed.failure?.message ?? '', lastSteps: failed.lastSteps };
    process.stdout.write(`${JSON.stringify({ ...totals, seconds, failure })}\n`);
  }
  // Only what held is worth a page.
  if (options.records && failed === null) {
    say(`${record({ totals, seconds, workers, date: new Date(beganAt).toISOString().slice(0, 10) })}\n`);
  }
  return failed === null ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof WorkerLost || error instanceof OtherRun)) throw error;
  say(`${error.message}\n`);
  process.exitCode = 1;
}
