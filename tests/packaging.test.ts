/** What is published works where nothing of this checkout is: packed, installed by npm into an empty folder, and run. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { bodyText, headerRecord, startReceiver } from '@hookring/receiver';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { rolldown } from 'rolldown';
import { Webhook } from 'standardwebhooks';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf, eventually } from '../testbed/client.ts';
import { copyContextInto } from '../testbed/docker-context.ts';
import { installInto, type Published, packInto, plainEnvironment, ROOT, run } from '../testbed/published.ts';

const PREPARE_MS_MAX = 180_000;
/** Compilers and package runners take long on a machine that does other things too. */
const SLOW_MS_MAX = 120_000;
/** What a page pays for verifying with `@hookring/signing`, minified and compressed. It was 5,961 bytes. */
const VERIFY_BYTES_MAX = 7_000;
/** Everything that the package exports. It was 7,487 bytes. */
const BUNDLE_BYTES_MAX = 9_000;

let folder: string;
let app: string;
let published: readonly Published[];
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'hookring-published-'));
  app = path.join(folder, 'app');
  // From just the files that the image is built of, which shows besides that these are enough.
  const context = path.join(folder, 'context');
  copyContextInto(context);
  published = await packInto(path.join(folder, 'out'), context);
  await installInto(app, published);
}, PREPARE_MS_MAX);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function installed(name: Published['name']): string {
  return path.join(app, 'node_modules', name === 'server' ? 'hookring' : `@hookring/${name}`);
}

function filesOf(name: Published['name']): string[] {
  return globSync('**/*', { cwd: installed(name), withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(installed(name), path.join(entry.parentPath, entry.name)))
    .toSorted();
}

const NAMES = ['signing', 'receiver', 'server'] as const;

describe.each(NAMES)('the package of %s', (name) => {
  it('is laid out as its users expect', async () => {
    const { tarball } = published.find((each) => each.name === name)!;
    const bytes = Uint8Array.from(readFileSync(tarball));
    const { messages, pkg } = await publint({ pack: { tarball: bytes.buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('has its manifest, licence, manual and compiled code, and nothing else', () => {
    const beside = ['LICENSE', 'README.md', 'package.json'];
    if (name === 'server') {
      beside.push('bin/hookring.mjs', 'openapi.json');
      beside.push(...globSync('openapi/*.json', { cwd: path.join(ROOT, 'packages/server') }));
    }
    const files = filesOf(name);
    expect(files.filter((file) => !file.startsWith('dist/'))).toEqual(beside.toSorted());
    const compiled = files.filter((file) => file.startsWith('dist/'));
    expect(compiled.filter((file) => !/\.(js|d\.ts)$/.test(file))).toEqual([]);
    expect(compiled.filter((file) => /\.test\.|\btesting\b|fixture|\/contract\//.test(file))).toEqual([]);
    // Each comes from a source, and the code that this checkout runs is there.
    const sources = compiled.map((file) => file.replace(/^dist/, 'src').replace(/\.(js|d\.ts)$/, '.ts'));
    expect(sources.filter((file) => !existsSync(path.join(ROOT, 'packages', name, file)))).toEqual([]);
    const entries = {
      signing: ['node/index', 'web/index'],
      receiver: ['index'],
      server: ['index', 'service', 'cli/main', 'store/sqlite/worker', 'store/sqlite/migrations/0001-first-tables'],
    };
    expect(compiled).toEqual(expect.arrayContaining(entries[name].map((file) => `dist/${file}.js`)));
  });

  it('names exact versions, Node 24, and nothing of this checkout', () => {
    const manifest = JSON.parse(readFileSync(path.join(installed(name), 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    const source = JSON.parse(readFileSync(path.join(ROOT, 'packages', name, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(manifest).toMatchObject({ version: source.version, license: 'Apache-2.0', engines: { node: '>=24' } });
    for (const field of ['private', 'devDependencies', 'scripts', 'workspaces', 'repository'])
      expect(manifest).not.toHaveProperty(field);
    expect(JSON.stringify(manifest)).not.toContain('src/');
    for (const version of Object.values(manifest.dependencies ?? {})) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('holds no path of the machine that made it, no source map, no import of a source, and no key', () => {
    const home = homedir() === '/root' ? '/root/' : homedir();
    for (const file of filesOf(name)) {
      const text = readFileSync(path.join(installed(name), file), 'utf8');
      for (const place of [ROOT, folder, home, tmpdir() + path.sep, 'file:///'])
        expect(text, file).not.toContain(place);
      expect(text, file).not.toMatch(/sourceMappingURL|-----BEGIN [A-Z ]*PRIVATE KEY|npm_[A-Za-z0-9]{36}/);
      if (file.startsWith('dist/')) expect(text, file).not.toMatch(/(from|import\()\s*['"]\.[^'"]*\.ts['"]/);
    }
  });
});

/** Files of a consumer: a dialect and a configuration as the manual has them, and the examples of the READMEs. */
function writeConsumer(): readonly string[] {
  const files = ['hookring.config.ts', 'parcel.ts', 'more-routes.ts'];
  for (const file of files) copyFileSync(path.join(ROOT, 'examples/parcel', file), path.join(app, file));
  for (const name of NAMES) {
    const readme = readFileSync(path.join(installed(name), 'README.md'), 'utf8');
    for (const [index, [, code = '']] of [...readme.matchAll(/```ts\n(.*?)```/gs)].entries()) {
      files.push(`${name}-${index}.ts`);
      writeFileSync(path.join(app, `${name}-${index}.ts`), code);
    }
  }
  files.push('mistakes.ts');
  writeFileSync(
    path.join(app, 'mistakes.ts'),
    `import { verify } from '@hookring/signing';
import { defineConfig } from 'hookring';
// @ts-expect-error a port is no object
export default defineConfig({ port: {} });
// @ts-expect-error secrets are required
export const result = verify({ headers: {}, body: '', now: 0 });
export const isValid = async () => (await verify({ secrets: [], headers: {}, body: '', now: 0 })).ok;
`,
  );
  return files;
}

describe('the types', () => {
  const NODE_NEXT = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
  const BUNDLER = { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };

  /** What the compiler says of the consumer and of our declarations. Those of others take five times as long. */
  function problemsOf(files: readonly string[], options: ts.CompilerOptions): readonly string[] {
    const program = ts.createProgram({
      rootNames: files.map((file) => path.join(app, file)),
      options: {
        ...options,
        target: ts.ScriptTarget.ES2024,
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        verbatimModuleSyntax: true,
        allowImportingTsExtensions: true,
        noEmit: true,
        skipLibCheck: false,
        types: ['node'],
        typeRoots: [path.join(app, 'node_modules/@types')],
      },
    });
    const ours = program
      .getSourceFiles()
      .filter(({ fileName }) => !fileName.includes('/node_modules/') || /\/node_modules\/@?hookring\//.test(fileName));
    expect(ours.filter(({ fileName }) => fileName.endsWith('.d.ts')).length).toBeGreaterThan(10);
    const problems = [...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()];
    for (const file of ours)
      problems.push(...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file));
    return problems.map((each) => `${each.file?.fileName}: ${ts.flattenDiagnosticMessageText(each.messageText, ' ')}`);
  }

  it(
    'are sound, and understood by a strict consumer under NodeNext',
    () => {
      expect(problemsOf(writeConsumer(), NODE_NEXT)).toEqual([]);
    },
    SLOW_MS_MAX,
  );

  it(
    'are understood where a bundler resolves, for browsers and with the condition of Node',
    () => {
      const ofNode = 'signing-0.ts';
      const files = writeConsumer();
      expect(files).toContain(ofNode);
      expect(
        problemsOf(
          files.filter((file) => file !== ofNode),
          BUNDLER,
        ),
      ).toEqual([]);
      expect(problemsOf([ofNode], BUNDLER)).toEqual([expect.stringMatching(/'ok' does not exist on type 'Promise</)]);
      expect(problemsOf([ofNode], { ...BUNDLER, customConditions: ['node'] })).toEqual([]);
    },
    SLOW_MS_MAX,
  );
});

describe('@hookring/signing in a browser', () => {
  async function bundled(code: string): Promise<string> {
    const entry = path.join(app, 'browser.js');
    writeFileSync(entry, code);
    const bundle = await rolldown({ input: entry, platform: 'browser', cwd: app });
    const { output } = await bundle.generate({ minify: true });
    await bundle.close();
    expect(output.map((each) => [each.type, 'imports' in each ? each.imports : []])).toEqual([['chunk', []]]);
    return output[0].code;
  }

  it.each([
    ['to verify', "export { verify } from '@hookring/signing';", VERIFY_BYTES_MAX],
    ['to use all of it', "export * from '@hookring/signing';", BUNDLE_BYTES_MAX],
  ])('needs nothing of Node and stays small %s', async (_name, code, bytesMax) => {
    const text = await bundled(code);
    expect(text).not.toMatch(/node:|\bBuffer\b|\brequire\(/);
    expect(gzipSync(text).length).toBeLessThanOrEqual(bytesMax);
  });

  it('verifies in an engine that has WebCrypto only', async () => {
    const text = await bundled("export { verify } from '@hookring/signing';");
    const { verify } = (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as {
      verify: (options: object) => Promise<{ ok: boolean }>;
    };
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const at = new Date();
    const body = '{"a":1}';
    const headers = {
      'webhook-id': 'evt_1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(secret).sign('evt_1', at, body),
    };
    expect(await verify({ secrets: [secret], headers, body, now: Date.now() })).toMatchObject({ ok: true });
    expect(await verify({ secrets: [secret], headers, body: '{}', now: Date.now() })).toMatchObject({ ok: false });
  });
});

/** A command that runs until it is told to stop, as `npx` starts it. */
function start(args: readonly string[], env: Readonly<Record<string, string>>) {
  const child: ChildProcess = spawn('npx', ['hookring', ...args], {
    cwd: app,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const said = async (pattern: RegExp): Promise<string> =>
    await eventually(() => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${out}${err}`);
      return pattern.test(out) ? out : null;
    }, SLOW_MS_MAX);
  /** To the whole group, as Ctrl-C in a terminal. */
  const signal = (name: NodeJS.Signals): void => {
    const isRunning = child.exitCode === null && child.signalCode === null;
    if (child.pid !== undefined && isRunning) process.kill(-child.pid, name);
  };
  return { ended, said, signal, out: () => out, err: () => err };
}

describe('hookring, installed', () => {
  const OPEN = { HOOKRING_ALLOW_PRIVATE: '127.0.0.1/32' };

  it(
    'serves with a dialect of one’s own, delivers, listens, is looked into, and ends on SIGTERM',
    async () => {
      writeConsumer();
      const env = plainEnvironment({ ...OPEN, HOOKRING_PORT: '0' });
      const server = start(['serve', '--json'], env);
      const receiver = await startReceiver();
      let listener: ReturnType<typeof start> | null = null;
      try {
        const ready = JSON.parse(await server.said(/^\}$/m)) as { url: string; firstKey: string; pid: number };
        const call = clientOf({ url: ready.url, key: ready.firstKey });
        expect((await call('GET', '/readyz')).status).toBe(200);

        const created = await call('POST', '/v1/endpoints', { body: { url: receiver.url('/hooks') } });
        const { secret } = created.json as unknown as { secret: { value: string } };
        const command = async (...args: string[]) => await run('npx', ['hookring', ...args], app, env);
        expect(await command('send', 'invoice.paid', '{"total": 12345678901234567890}')).toMatchObject({ code: 0 });
        const [delivery] = await receiver.waitFor(1, { timeoutMs: SLOW_MS_MAX });
        expect(bodyText(delivery!)).toBe('{"total": 12345678901234567890}');
        expect(() => new Webhook(secret.value).verify(bodyText(delivery!), headerRecord(delivery!))).not.toThrow();

        expect((await command('dialects')).out).toMatch(/^parcel +\S+ +\/parcel /m);
        expect((await call('GET', '/parcel/openapi.json')).status).toBe(200);

        listener = start(['listen'], env);
        await listener.said(/webhook\.test .*verified by sec_/);

        const doctor = await command('doctor');
        expect(doctor).toMatchObject({ code: 0, out: expect.stringMatching(/^ok +server: ready at /m) });

        listener.signal('SIGINT');
        // Npx dies of the signal; what it had started says its last word first.
        await listener.ended;
        expect(listener.out()).toMatch(/1 verified, 0 rejected\.\s*$/);
        // What a supervisor does, which starts the server without npx.
        process.kill(ready.pid, 'SIGTERM');
        expect(await server.ended, server.err()).toBe(0);
        expect(server.err()).toContain('server stopped');
      } finally {
        listener?.signal('SIGKILL');
        server.signal('SIGKILL');
        await receiver.stop();
      }
    },
    SLOW_MS_MAX,
  );

  it('says plainly that an older Node will not do', () => {
    const bin = path.join(installed('server'), 'bin/hookring.mjs');
    const code = `Object.defineProperty(process.versions, 'node', { value: '22.1.0' });
      Object.defineProperty(process, 'version', { value: 'v22.1.0' });
      process.argv[1] = ${JSON.stringify(bin)};
      await import(${JSON.stringify(`file://${bin}`)});`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
      encoding: 'utf8',
      env: plainEnvironment(),
    });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toBe('hookring: this is Node v22.1.0; Hookring needs Node 24 or newer.\n');
  });

  // The machine's own, where it is old: the syntax of the file must not be what fails.
  const olderNode = spawnSync('node', ['--version'], { encoding: 'utf8', env: systemEnvironment() }).stdout?.trim();
  it.runIf(/^v(18|20|22)\./.test(olderNode ?? ''))(`says so on the Node of this machine, ${olderNode}`, () => {
    const bin = path.join(installed('server'), 'bin/hookring.mjs');
    const { status, stderr } = spawnSync('node', [bin, 'serve'], { encoding: 'utf8', env: systemEnvironment() });
    expect([status, stderr]).toEqual([1, `hookring: this is Node ${olderNode}; Hookring needs Node 24 or newer.\n`]);
  });
});

function systemEnvironment(): Record<string, string> {
  const env = plainEnvironment();
  const folders = (env['PATH'] ?? '').split(path.delimiter);
  return { ...env, PATH: folders.filter((each) => each !== path.dirname(process.execPath)).join(path.delimiter) };
}
