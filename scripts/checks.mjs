// What `npm run check` and `npm test` run, and the one line that they end with.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childEnvironment, findNode, ROOT, runNode, say } from './setup.mjs';

const tool = (path) => join(ROOT, 'node_modules', path);

const STEPS = [
  { name: 'types (tsc)', args: [tool('typescript/bin/tsc'), '-p', '.', '--noEmit'] },
  { name: 'format (biome)', args: [tool('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.'] },
  { name: 'rules (oxlint)', args: [tool('oxlint/bin/oxlint'), '--type-aware', '--deny-warnings', '.'] },
  {
    name: 'layers (dependency-cruiser)',
    args: [tool('dependency-cruiser/bin/dependency-cruiser.mjs'), 'packages', '--config', '.dependency-cruiser.cjs'],
  },
  { name: 'dead code (knip)', args: [tool('knip/bin/knip.js'), '--no-progress'] },
];

/** Runs every step, also after one failed. The output of a step that passed is of no interest. */
async function runSteps() {
  const failed = [];
  for (const step of STEPS) {
    const started = performance.now();
    const { ok, output } = await capture(step.args);
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    process.stdout.write(`${ok ? 'ok    ' : 'FAILED'} ${step.name} (${seconds} s)\n`);
    if (!ok) {
      failed.push(step.name);
      process.stdout.write(`${output.trimEnd()}\n`);
    }
  }
  return { passed: STEPS.length - failed.length, failed };
}

function capture(args) {
  const child = spawn(findNode(), args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: childEnvironment({ NO_COLOR: '1', FORCE_COLOR: undefined }),
  });
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stderr.on('data', (chunk) => chunks.push(chunk));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ ok: false, output: error.message }));
    child.once('close', (code) => resolve({ ok: code === 0, output: Buffer.concat(chunks).toString() }));
  });
}

export async function runChecks() {
  const { passed, failed } = await runSteps();
  process.stdout.write(failed.length === 0 ? `all ${passed} checks passed\n` : `failed: ${failed.join(', ')}\n`);
  return { code: failed.length === 0 ? 0 : 1, signal: null };
}

/**
 * Checks and tests; the very last line is `N passed, N failed`, where each check counts as one test. Arguments go to
 * vitest and leave the checks out: whoever names a file wants that file.
 */
export async function runTests(args, { long }) {
  const checks = args.length > 0 ? { passed: 0, failed: [] } : await runSteps();
  const tests = await runVitest(args, long);
  for (const name of [...checks.failed, ...tests.problems]) say(`failed: ${name}`);
  const mutations = long && args.length === 0 ? await runMutations() : { passed: 0, failed: 0 };
  const passed = checks.passed + tests.passed + mutations.passed;
  const failed = checks.failed.length + tests.failed + mutations.failed;
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return { code: failed === 0 ? 0 : 1, signal: null };
}

async function runVitest(args, long) {
  const folder = mkdtempSync(join(tmpdir(), 'hookring-tests-'));
  const report = join(folder, 'report.json');
  try {
    const ending = await runNode(
      [
        tool('vitest/vitest.mjs'),
        'run',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
        ...args,
      ],
      { cwd: ROOT, env: long ? { HOOKRING_PROVE: '1' } : {} },
    );
    return readReport(report, ending);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each promise that is broken on purpose and caught counts as one test. */
async function runMutations() {
  const lines = [];
  const ending = await runNode([join(ROOT, 'tests/mutations/run.ts')], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    onOutput: (chunk) => {
      process.stdout.write(chunk);
      lines.push(chunk.toString());
    },
  });
  const [, passed, failed] = /(\d+) passed, (\d+) failed\s*$/.exec(lines.join('')) ?? [];
  if (passed === undefined) return { passed: 0, failed: 1 };
  const isClean = ending.code === 0 && ending.signal === null;
  return { passed: Number(passed), failed: Math.max(Number(failed), isClean ? 0 : 1) };
}

/** Vitest's own numbers, and whatever they leave out: a file that did not load, an error outside of any test. */
function readReport(path, ending) {
  let report;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return {
      passed: 0,
      failed: 1,
      problems: [`vitest ended with ${ending.signal ?? ending.code} before it had a result`],
    };
  }
  const problems = [];
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  for (const file of broken) problems.push(`${file.name} did not run`);
  let failed = report.numFailedTests + broken.length;
  const clean = ending.code === 0 && ending.signal === null;
  if (failed === 0 && !clean) {
    failed = 1;
    problems.push(`vitest ended with ${ending.signal ?? ending.code} although no test failed`);
  }
  if (failed === 0 && report.numPassedTests === 0) {
    failed = 1;
    problems.push('vitest ran no test');
  }
  return { passed: report.numPassedTests, failed, problems };
}
