/** A server and its database are started together, by compose files and by machines that boot; one of them is first. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { clientOf, eventually } from '../testbed/client.ts';
import { freePort } from '../testbed/free-port.ts';
import { startPostgresServer } from '../testbed/postgres-server.ts';
import { NODES_MASTER_KEY, startServer } from '../testbed/server-process.ts';

const COMMAND = fileURLToPath(new URL('../packages/server/bin/hookring.mjs', import.meta.url));
const WAITS = 'this start waits for it';

let running: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of running.toReversed()) await one.stop();
  running = [];
});

function nowhere(port: number): string {
  return `postgres://hookring:hookring@127.0.0.1:${port}/postgres`;
}

/** A server that has not started yet, or never will. */
function serve(url: string, ...args: readonly string[]) {
  const environment = { HOOKRING_DATABASE_URL: url, HOOKRING_MASTER_KEY: NODES_MASTER_KEY, HOOKRING_PORT: '0' };
  const words = [COMMAND, ...(args.length > 0 ? args : ['serve'])];
  const child: ChildProcess = spawn(process.execPath, words, { env: { ...process.env, ...environment } });
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  child.stdout?.resume();
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  running.push({
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  });
  return { child, ended, text: () => text };
}

describe('a server that starts before its database', () => {
  it('waits for it, says so, and works', async () => {
    const port = await freePort();
    let log = '';
    const starting = startServer({}, { postgres: { url: nowhere(port) }, onLog: (text) => (log += text) });
    await eventually(() => log.includes(WAITS));
    running.push(await startPostgresServer(['-c', 'fsync=off'], port));
    const server = await starting;
    running.push({ stop: async () => await server.remove() });
    expect(log).toMatch(/nothing listens there \(127\.0\.0\.1:\d+: ECONNREFUSED\)/);
    expect((await clientOf(server)('GET', '/v1/endpoints')).status).toBe(200);
  }, 60_000);

  it('ends when it is told to, as any other', async () => {
    const { child, ended, text } = serve(nowhere(await freePort()));
    await eventually(() => text().includes(WAITS));
    child.kill('SIGTERM');
    expect(await ended, text()).toBe(0);
    expect(text()).toContain('it was told to stop while it waited for its database');
  }, 60_000);

  it('does not wait where nobody but the operator can help', async () => {
    const url = new URL(process.env['HOOKRING_TEST_POSTGRES_URL'] ?? '');
    url.password = 'wrong';
    const { ended, text } = serve(url.href);
    expect(await ended, text()).toBe(1);
    expect(text()).toContain('the password is wrong');
    expect(text()).not.toContain(WAITS);
  }, 60_000);
});

it('other commands do not wait for a database', async () => {
  const { ended, text } = serve(nowhere(await freePort()), 'endpoints', 'list');
  expect(await ended, text()).toBeGreaterThan(0);
  expect(text()).toContain('nothing listens there');
  expect(text()).not.toContain(WAITS);
}, 60_000);
