import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type Receiver, startReceiver } from '@hookring/receiver';
import type { Io } from '../io.ts';
import { runCommandLine } from '../program.ts';

export const BIN = fileURLToPath(new URL('../../../bin/hookring.mjs', import.meta.url));

export type Ended = { readonly code: number | null; readonly out: string; readonly err: string };
export type Running = { readonly child: ChildProcess; readonly out: () => string; readonly ended: Promise<Ended> };
/** An answer that a test looks into at will; what is not there fails the test. */
export type Json = { [name: string]: Json } & Json[] & string;
type Given = { readonly stdin?: string; readonly env?: Readonly<Record<string, string>> };

/** A real server in a process of its own, a receiver that it may reach, and the command line against both. */
export type Harness = {
  readonly folder: string;
  readonly server: Running;
  readonly receiver: Receiver;
  /** The command line in this process. */
  readonly cli: (args: readonly string[], given?: Given) => Promise<Ended>;
  /** The same with `--json`: standard output must be one JSON document, and standard error empty. */
  readonly json: (args: readonly string[], given?: Given) => Promise<Json>;
  createEndpoint(path: string, ...args: string[]): Promise<{ id: string; secret: string }>;
  /** The command line in a process of its own. */
  spawn(args: readonly string[], env?: Readonly<Record<string, string>>, cwd?: string): Running;
  stop(): Promise<void>;
};

/** The settings are those of the server; commands find it as they do on any machine. */
export async function startHarness(settings: Readonly<Record<string, string>> = {}): Promise<Harness> {
  const folder = mkdtempSync(join(tmpdir(), 'hookring-cli-'));
  const receiver = await startReceiver({ scripts: { '/broken': { kind: 'respond', status: 500 } } });
  const server = spawnBin(['serve'], settings, folder);
  await said(server, 'Stop it with Ctrl-C.');
  const cli = (args: readonly string[], given: Given = {}): Promise<Ended> => runHere(folder, args, given);
  const json = async (args: readonly string[], given?: Given): Promise<Json> => {
    const { out, err } = await cli([...args, '--json'], given);
    if (err !== '') throw new Error(`standard error should be empty: ${err}`);
    return JSON.parse(out) as Json; // Tests look into it as they expect it to be.
  };
  return {
    folder,
    server,
    receiver,
    cli,
    json,
    spawn: (args, env = {}, cwd = folder) => spawnBin(args, env, cwd),
    async createEndpoint(path, ...args) {
      const { endpoint, secret } = await json(['endpoints', 'create', receiver.url(path), ...args]);
      return { id: String(endpoint?.['id']), secret: String(secret?.['value']) };
    },
    async stop() {
      server.child.kill('SIGKILL');
      await server.ended;
      await receiver.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env;
  return {
    PATH,
    HOME,
    HOOKRING_PORT: '0',
    HOOKRING_ALLOW_PRIVATE: '127.0.0.1/32',
    HOOKRING_RETRY_SCHEDULE: 'none',
    ...more,
  };
}

function spawnBin(args: readonly string[], env: Readonly<Record<string, string>>, cwd: string): Running {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd,
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => (err += String(chunk)));
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => resolve({ code, out, err }));
  });
  return { child, out: () => out, ended };
}

/** Waits until it has written this to standard output. */
export async function said({ child, out, ended }: Running, text: string): Promise<void> {
  while (!out().includes(text)) {
    const next = new Promise((resolve) => child.stdout?.once('data', resolve));
    if ((await Promise.race([next, ended.then(() => 'ended')])) === 'ended' && !out().includes(text)) {
      throw new Error(`it ended: ${(await ended).err}`);
    }
  }
}

async function runHere(cwd: string, args: readonly string[], given: Given): Promise<Ended> {
  let out = '';
  let err = '';
  const io: Io = {
    stdout: collector((text) => {
      out += text;
    }),
    stderr: collector((text) => {
      err += text;
    }),
    stdin: stdin(given.stdin),
    columns: null,
    color: false,
    liveErrors: false,
    env: environment(given.env),
    cwd,
    now: () => Date.now(),
  };
  const code = await runCommandLine(args, io);
  return { code, out, err };
}

function collector(add: (text: string) => void): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      add(String(chunk));
      done();
    },
  });
}

async function* stdin(text = ''): AsyncGenerator<Uint8Array> {
  if (text !== '') yield Buffer.from(text);
}
