/** What an operator meets when a start goes wrong, and what must survive a change of master key. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { clientOf } from '../testbed/client.ts';
import { type ServerProcess, startServer } from '../testbed/server-process.ts';

const COMMAND = fileURLToPath(new URL('../packages/server/bin/hookring.mjs', import.meta.url));
const EXIT_MS_MAX = 20_000;

let servers: ServerProcess[] = [];
let folders: string[] = [];
afterEach(async () => {
  for (const server of servers) await server.remove();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
  servers = [];
  folders = [];
});

async function start(environment: Record<string, string> = {}): Promise<ServerProcess> {
  const server = await startServer(environment);
  servers.push(server);
  return server;
}

/** Runs a command to its end; null: it had to be killed. */
async function run(
  args: readonly string[],
  environment: Record<string, string>,
): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, [COMMAND, ...args], { env: { ...process.env, ...environment } });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), EXIT_MS_MAX);
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  clearTimeout(timer);
  return { code, text };
}

function masterKey(byte: number): string {
  return Buffer.alloc(32, byte).toString('base64');
}

describe('a start that cannot succeed', () => {
  it('ends with a sentence when the master key does not open the database, on the command line too', async () => {
    const server = await start({ HOOKRING_MASTER_KEY: masterKey(1) });
    await server.drain();
    const environment = {
      HOOKRING_PORT: '0',
      HOOKRING_DATABASE_URL: `sqlite:${server.databasePath}`,
      HOOKRING_MASTER_KEY: masterKey(2),
    };
    for (const args of [['serve'], ['endpoints', 'list']]) {
      const { code, text } = await run(args, environment);
      expect(code, text).toBeGreaterThan(0);
      expect(text).toContain('do not open the secrets of this database');
      expect(text).not.toContain(masterKey(2));
    }
  });

  it('ends with a sentence on a file that is no database', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'hookring-'));
    folders.push(folder);
    const file = path.join(folder, 'notes.db');
    await writeFile(file, 'These are notes, and no database at all. '.repeat(50));
    const { code, text } = await run(['serve'], { HOOKRING_PORT: '0', HOOKRING_DATABASE_URL: `sqlite:${file}` });
    expect(code, text).toBeGreaterThan(0);
    expect(text).toMatch(/database .*cannot be opened|not a database/);
    expect(text).not.toContain('    at ');
  });
});

describe('a change of master key', () => {
  it('leaves the answers of repeated requests as they were, also after a restart', async () => {
    const old = `old:${masterKey(1)}`;
    const server = await start({ HOOKRING_MASTER_KEY: old });
    const call = clientOf(server);
    const created = await call('POST', '/v1/endpoints', { body: { url: 'https://example.com/hooks' } });
    const { endpoint } = created.json as unknown as { endpoint: { id: string } };
    const rotate = { body: { graceSeconds: 60 }, headers: { 'idempotency-key': 'the-only-one' } };
    const first = await call('POST', `/v1/endpoints/${endpoint.id}/rotate`, rotate);
    expect(first.status).toBe(200);
    const renewed = await server.restart({ HOOKRING_MASTER_KEY: `new:${masterKey(2)},${old}` });
    servers.push(renewed);
    const again = clientOf(renewed);
    for (const path of ['/v1/master-key/rotate', '/v1/master-key/reseal'])
      expect((await again('POST', path)).status).toBe(200);
    const alone = await renewed.restart({ HOOKRING_MASTER_KEY: `new:${masterKey(2)}` });
    servers.push(alone);
    const repeated = await clientOf(alone)('POST', `/v1/endpoints/${endpoint.id}/rotate`, rotate);
    expect(repeated.status, repeated.text).toBe(200);
    expect(repeated.json['secret']).toEqual(first.json['secret']);
    expect(repeated.headers.get('idempotent-replayed')).toBe('true');
  });
});

describe('access that is refused', () => {
  it('is counted by its reason, for whoever watches the metrics', async () => {
    const server = await start();
    const call = clientOf(server);
    const count = async (code: string): Promise<number> => {
      const { text } = await call('GET', '/metrics');
      return Number(
        new RegExp(`^hookring_access_refused_total\\{[^}]*"${code}"[^}]*\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0,
      );
    };
    expect(await count('invalid_credentials')).toBe(0);
    for (const key of ['hk_live_nobody', 'hk_live_nobody_else'])
      expect((await call('GET', '/v1/endpoints', { key })).status).toBe(401);
    expect((await call('GET', '/v1/endpoints', { key: null })).status).toBe(401);
    expect((await call('GET', '/v1/endpoints')).status).toBe(200);
    expect(await count('invalid_credentials')).toBe(2);
    expect(await count('missing_credentials')).toBe(1);
  });
});
