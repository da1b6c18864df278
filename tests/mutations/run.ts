/**
 * Breaks each promise on purpose, one at a time, in a copy of the sources, and runs the tests that guard it. A mutation
 * that survives is a promise that nothing checks. Run by `npm run prove`, or alone:
 *
 *   node tests/mutations/run.ts [name …]
 */
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { MUTATIONS, type Mutation } from './mutations.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SOURCES = [
  'packages',
  'simulation',
  'testbed',
  'tests',
  'tour',
  'vectors',
  'docs',
  'scripts',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
];
const RUN_TIMEOUT_MS = 120_000;

/** A tree that shares the installed libraries with the project and owns its sources. */
async function copyTree(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'hookring-mutations-'));
  for (const name of SOURCES) {
    await cp(path.join(ROOT, name), path.join(folder, name), {
      recursive: true,
      filter: (source) => path.basename(source) !== 'node_modules',
    });
  }
  const modules = path.join(folder, 'node_modules');
  await mkdir(path.join(modules, '@hookring'), { recursive: true });
  for (const entry of await readdir(path.join(ROOT, 'node_modules'))) {
    if (entry === '@hookring' || entry === 'hookring' || entry.startsWith('.')) continue;
    await symlink(path.join(ROOT, 'node_modules', entry), path.join(modules, entry));
  }
  await symlink(path.join(folder, 'packages/server'), path.join(modules, 'hookring'));
  for (const name of ['signing', 'receiver']) {
    await symlink(path.join(folder, 'packages', name), path.join(modules, '@hookring', name));
  }
  return folder;
}

type Run = { readonly passed: boolean; readonly said: string };

async function runTests(folder: string, mutation: Mutation): Promise<Run> {
  const vitest = path.join(ROOT, 'node_modules/vitest/vitest.mjs');
  const named = mutation.testName === undefined ? [] : ['-t', mutation.testName];
  const child = spawn(process.execPath, [vitest, 'run', '--bail', '1', ...mutation.tests, ...named], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    // The short forms find a broken promise; the long ones ran by themselves.
    env: { ...process.env, CI: 'true', HOOKRING_PROVE: '' },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
  const code = await new Promise<number | null>((resolve) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      resolve(null);
    }, RUN_TIMEOUT_MS);
    child.once('close', (status) => {
      clearTimeout(timer);
      resolve(status);
    });
  });
  return { passed: code === 0, said };
}

/** Null: the tests failed, and for the reason that they must. */
function problemOf({ tests, says }: Mutation, { passed, said }: Run): string | null {
  if (passed) return `survived: ${tests.join(' ')} did not notice`;
  if (says === undefined || said.includes(says)) return null;
  const line = said.split('\n').find((one) => one.includes('Error:')) ?? 'nothing';
  return `failed, but did not say "${says}"; it said: ${line.trim()}`;
}

async function tryMutation(folder: string, mutation: Mutation): Promise<string | null> {
  const file = path.join(folder, mutation.file);
  const source = await readFile(file, 'utf8');
  const parts = source.split(mutation.find);
  if (parts.length !== 2)
    return `the text to break stands ${parts.length - 1} times in ${mutation.file}; it must stand once`;
  await writeFile(file, parts.join(mutation.replace));
  try {
    return problemOf(mutation, await runTests(folder, mutation));
  } finally {
    await writeFile(file, source);
  }
}

const wanted = process.argv.slice(2);
const chosen = MUTATIONS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const folder = await copyTree();
const cleanRuns = new Map<string, boolean>();
let failed = 0;
try {
  // Unbroken, every test that is used below must pass, or a failure would prove nothing. Many mutations share theirs.
  for (const mutation of chosen) {
    const guards = JSON.stringify([mutation.tests, mutation.testName]);
    const isClean = cleanRuns.get(guards) ?? (await runTests(folder, mutation)).passed;
    cleanRuns.set(guards, isClean);
    const problem = !isClean ? 'its tests fail without the mutation' : await tryMutation(folder, mutation);
    if (problem !== null) failed += 1;
    process.stdout.write(
      `${problem === null ? 'caught  ' : 'MISSED  '} ${mutation.name}${problem === null ? '' : `: ${problem}`}\n`,
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.stdout.write(`${chosen.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && chosen.length > 0 ? 0 : 1;
