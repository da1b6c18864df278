import { spawn } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The packages as `npm run pack` lays them out, by the folder that each has under `packages/`. */
export type Published = {
  readonly name: 'signing' | 'receiver' | 'server';
  /** The staged package, whose files are those of the tarball. */
  readonly folder: string;
  readonly tarball: string;
};

export type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

/** Packs the checkout at `root` into `out`. */
export async function packInto(out: string, root: string): Promise<readonly Published[]> {
  const { code, err } = await run(process.execPath, [path.join(root, 'scripts/pack.ts'), '--out', out], root);
  if (code !== 0) throw new Error(`pack.ts ended with ${code}:\n${err}`);
  const files = await readdir(out);
  const tarballOf = (prefix: RegExp): string => path.join(out, files.find((file) => prefix.test(file)) ?? 'none');
  return [
    { name: 'signing', folder: path.join(out, 'packages/signing'), tarball: tarballOf(/^hookring-signing-.*\.tgz$/) },
    {
      name: 'receiver',
      folder: path.join(out, 'packages/receiver'),
      tarball: tarballOf(/^hookring-receiver-.*\.tgz$/),
    },
    { name: 'server', folder: path.join(out, 'packages/server'), tarball: tarballOf(/^hookring-\d.*\.tgz$/) },
  ];
}

/** An empty project that installs the tarballs and nothing of this checkout, as a company would. */
export async function installInto(folder: string, published: readonly Published[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  await copyFile(path.join(ROOT, '.npmrc'), path.join(folder, '.npmrc'));
  await writeFile(path.join(folder, 'package.json'), '{"private": true, "type": "module"}\n');
  const { devDependencies } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const types = `@types/node@${devDependencies['@types/node']}`;
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, err } = await run('npm', [...args, types, ...published.map(({ tarball }) => tarball)], folder);
  if (code !== 0) throw new Error(`npm install ended with ${code}:\n${err}`);
}

/** Where npm finds packages: the same for every npm of this machine. */
const NPM_SETTINGS_KEPT = /^npm_config_(registry|cache|userconfig|globalconfig|offline)$/;

/** This process's environment without what npm or a test runner hands to its children, and with this Node first. */
export function plainEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    const isHandedDown = /^(npm_|HOOKRING_|VITEST|NODE_ENV$|NODE_OPTIONS$)/.test(name) && !NPM_SETTINGS_KEPT.test(name);
    if (value !== undefined && !isHandedDown) env[name] = value;
  }
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((each) => !each.startsWith(ROOT));
  env['PATH'] = [path.dirname(process.execPath), ...folders].join(path.delimiter);
  return { ...env, ...more };
}

/** Runs a program to its end. */
export async function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = plainEnvironment(),
): Promise<Ran> {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, out, err };
}
