/**
 * Makes the tarballs that are published: `npm run pack [-- --out <folder>]`. Sources are compiled once for all packages,
 * each package is staged in a folder of its own with a manifest that names compiled files, and npm packs those folders.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { stagePackage } from './stage-package.ts';

const ROOT = resolve(import.meta.dirname, '..');
/** In the order of publication: each needs only those before it. */
const PACKAGES = ['signing', 'receiver', 'server'] as const;

/** Compiles, stages and packs into `out`; answers the paths of the tarballs. */
async function pack(out: string): Promise<readonly string[]> {
  mkdirSync(out, { recursive: true });
  for (const name of readdirSync(out)) {
    if (name === 'packages' || /^hookring(-\w+)?-\d.*\.tgz$/.test(name)) rmSync(join(out, name), { recursive: true });
  }
  const built = mkdtempSync(join(out, 'build-'));
  try {
    await run(process.execPath, [
      join(ROOT, 'node_modules/typescript/bin/tsc'),
      '--project',
      join(ROOT, 'tsconfig.publish.json'),
      '--outDir',
      built,
    ]);
    const folders = PACKAGES.map((name) =>
      stagePackage({ root: ROOT, name, compiled: join(built, name, 'src'), to: join(out, 'packages', name) }),
    );
    const listed = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', out, ...folders]);
    return tarballNames(listed).map((name) => join(out, name));
  } finally {
    rmSync(built, { recursive: true });
  }
}

/** What an earlier run staged is replaced. A folder of sources that happens to have this name must not be. */
function isForeign(staged: string): boolean {
  if (!existsSync(staged)) return false;
  return readdirSync(staged).some(
    (name) => !PACKAGES.some((own) => own === name) || existsSync(join(staged, name, 'src')),
  );
}

/** Npm answers a list, or since its version 12 an object by package. */
function tarballNames(text: string): string[] {
  const packed: unknown = JSON.parse(text);
  const entries: unknown[] = typeof packed === 'object' && packed !== null ? Object.values(packed) : [];
  return entries.map((entry) => {
    const name = typeof entry === 'object' && entry !== null && 'filename' in entry ? entry.filename : null;
    if (typeof name !== 'string') throw new Error(`npm pack does not say what it made: ${text}`);
    // Npm 8 wrote the scope with a slash here, and a dash in the name of the file.
    return name.replace('@', '').replace('/', '-');
  });
}

/** What the command printed; what it says besides goes to standard error. */
function run(command: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env };
  // Settings of the npm that runs this script are for that npm.
  for (const name of ['npm_config_dry_run', 'npm_config_workspace', 'npm_config_workspaces']) delete env[name];
  const child = spawn(command, args, {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32' && command === 'npm',
  });
  let text = '';
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  return new Promise((resolvePrinted, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolvePrinted(text);
      else reject(new Error(`${args[0] ?? command} ended with ${signal ?? code}:\n${text}${said}`));
    });
  });
}

const { values } = parseArgs({ options: { out: { type: 'string', default: join(ROOT, 'dist') } } });
const out = resolve(values.out);
if (isForeign(join(out, 'packages'))) {
  process.stderr.write(
    `${join(out, 'packages')} was not made by an earlier run and would be replaced: name another folder\n`,
  );
  process.exitCode = 1;
} else {
  process.stdout.write(`${(await pack(out)).join('\n')}\n`);
}
