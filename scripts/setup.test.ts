import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const SCRIPTS = fileURLToPath(new URL('.', import.meta.url));

type Ended = {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
};

function start(args: readonly string[], cwd: string, env: Record<string, string> = {}) {
  const child: ChildProcess = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk) => (out += chunk));
  child.stderr?.on('data', (chunk) => (err += chunk));
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, out, err }));
  });
  const said = async (text: string): Promise<void> => {
    while (!out.includes(text)) await new Promise((resolve) => child.stdout?.once('data', resolve));
  };
  return { child, ended, said };
}

const run = (args: readonly string[], cwd: string, env?: Record<string, string>): Promise<Ended> =>
  start(args, cwd, env).ended;

describe('a bare checkout', () => {
  let root: string;

  // The real script on a lock file without packages: npm runs for real and fetches nothing.
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'hookring-setup-')));
    mkdirSync(join(root, 'scripts'));
    copyFileSync(join(SCRIPTS, 'setup.mjs'), join(root, 'scripts/setup.mjs'));
    writeFileSync(join(root, 'package.json'), '{"name":"bare","version":"1.0.0"}');
    lock('1.0.0');
    writeFileSync(
      join(root, 'go.mjs'),
      "import { ensureInstalled } from './scripts/setup.mjs';\nensureInstalled();\nconsole.log('ready');\n",
    );
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function lock(version: string): void {
    writeFileSync(
      join(root, 'package-lock.json'),
      JSON.stringify({
        name: 'bare',
        version,
        lockfileVersion: 3,
        requires: true,
        packages: { '': { name: 'bare', version } },
      }),
    );
  }

  it('is set up once, also when two commands begin at the same time', async () => {
    const both = await Promise.all([run(['go.mjs'], root), run(['go.mjs'], root)]);
    expect(both.map(({ code, out }) => [code, out])).toEqual([
      [0, 'ready\n'],
      [0, 'ready\n'],
    ]);
    const installs = both.map(({ err }) => err.match(/running npm ci/g)?.length ?? 0);
    expect(installs[0]! + installs[1]!).toBe(1);
    expect(existsSync(join(root, 'node_modules/.hookring-lock'))).toBe(true);
  });

  it('is left alone when nothing changed, and set up again when the lock file did', async () => {
    await run(['go.mjs'], root);
    expect((await run(['go.mjs'], root)).err).toBe('');
    const stamp = readFileSync(join(root, 'node_modules/.hookring-lock'), 'utf8');
    lock('1.0.1');
    await run(['go.mjs'], root);
    expect(readFileSync(join(root, 'node_modules/.hookring-lock'), 'utf8')).not.toBe(stamp);
  });

  it('takes over from a process that died while it installed', async () => {
    const name = createHash('sha256').update(root).digest('hex').slice(0, 16);
    const abandoned = join(tmpdir(), `hookring-install-${name}.lock`);
    const dead = start(['-e', '0'], root);
    await dead.ended;
    writeFileSync(abandoned, String(dead.child.pid));
    const { code, out } = await run(['go.mjs'], root);
    expect([code, out]).toEqual([0, 'ready\n']);
    expect(existsSync(abandoned)).toBe(false);
  });

  it('says what npm said when packages cannot be installed', async () => {
    writeFileSync(join(root, 'package-lock.json'), 'no lock file');
    const { code, err, out } = await run(['go.mjs'], root);
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toContain('npm error');
    expect(err).toContain('npm ci failed (see above)');
  });
});

describe('a child', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hookring-child-'));
    const setup = JSON.stringify(join(SCRIPTS, 'setup.mjs'));
    writeFileSync(
      join(folder, 'parent.mjs'),
      `import { mirror, runNode } from ${setup};\nmirror(await runNode(process.argv.slice(2)));\n`,
    );
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function child(source: string): string[] {
    const path = join(folder, 'child.mjs');
    writeFileSync(path, source);
    return [join(folder, 'parent.mjs'), path];
  }

  it('hands its exit code on', async () => {
    expect((await run(child('process.exit(7)'), folder)).code).toBe(7);
  });

  it('hands the signal on that it died of', async () => {
    expect((await run(child("process.kill(process.pid, 'SIGKILL')"), folder)).signal).toBe('SIGKILL');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('is given one %s and may end in its own time', async (signal) => {
    const source = `
      let count = 0;
      process.on('${signal}', () => {
        count += 1;
        setTimeout(() => { console.log('signals ' + count); process.exit(3); }, 100);
      });
      setInterval(() => {}, 1000);
      console.log('up');`;
    const parent = start(child(source), folder);
    await parent.said('up');
    parent.child.kill(signal);
    const { code, out } = await parent.ended;
    expect([code, out]).toEqual([3, 'up\nsignals 1\n']);
  });
});

describe('run.mjs', () => {
  it('names its commands when it does not know one', async () => {
    const { code, err } = await run([join(SCRIPTS, 'run.mjs'), 'strat'], tmpdir());
    expect(code).toBe(1);
    expect(err).toMatch(/ start\|tour\|bench\|[a-z|]*pack\|test\|prove\|check\|format /);
  });

  it('counts a run without tests as failed, in its very last line', async () => {
    const { code, out } = await run([join(SCRIPTS, 'run.mjs'), 'test', 'no-such-test-anywhere'], tmpdir());
    expect(code).toBe(1);
    expect(out.endsWith('\n0 passed, 1 failed\n')).toBe(true);
  });

  it('ends with the numbers of the tests that ran', async () => {
    const { code, out } = await run([join(SCRIPTS, 'run.mjs'), 'test', 'src/cli/options.test.ts'], tmpdir());
    expect(code).toBe(0);
    expect(out).toMatch(/\n[1-9]\d* passed, 0 failed\n$/);
  });
});
