/** Who reads the metrics of a real server, and what an operator meets who gave them an address that cannot be had. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../testbed/client.ts';
import { type ServerProcess, startServer } from '../testbed/server-process.ts';

const COMMAND = fileURLToPath(new URL('../packages/server/bin/hookring.mjs', import.meta.url));
const TOKEN = 'a-token-of-metrics';

let servers: ServerProcess[] = [];
afterEach(async () => {
  for (const server of servers) await server.remove();
  servers = [];
});

async function start(environment: Record<string, string>): Promise<{ url: string; log: () => string }> {
  let log = '';
  const onLog = (text: string): void => void (log += text);
  const server = await startServer({ HOOKRING_LOG_LEVEL: 'info', ...environment }, { onLog });
  servers.push(server);
  return { url: server.url, log: () => log };
}

async function status(url: string, headers: Record<string, string> = {}): Promise<number> {
  return (await fetch(url, { headers })).status;
}

describe('the metrics of a server', () => {
  it('are for this machine alone, unless it is told otherwise', async () => {
    const { url } = await start({ HOOKRING_TRUST_PROXY: 'true' });
    expect(await status(`${url}/metrics`)).toBe(200);
    // Also for a proxy that is trusted with the address of callers.
    expect(await status(`${url}/metrics`, { 'x-forwarded-for': '127.0.0.1' })).toBe(403);
  });

  it('are for whoever has the token', async () => {
    const { url } = await start({ HOOKRING_METRICS_TOKEN: TOKEN });
    expect(await status(`${url}/metrics`)).toBe(401);
    const headers = { authorization: `Bearer ${TOKEN}`, 'x-forwarded-for': '203.0.113.9' };
    expect(await status(`${url}/metrics`, headers)).toBe(200);
    // It opens nothing else.
    expect(await status(`${url}/v1/endpoints`, headers)).toBe(401);
  });

  it('move to their own address, which the log names, and stay there until the server has stopped', async () => {
    const { url, log } = await start({ HOOKRING_METRICS_ADDRESS: '127.0.0.1:0' });
    const metricsUrl = await eventually(() => /"metricsUrl":"([^"]+)"/.exec(log())?.[1]);
    expect(metricsUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    const answer = await fetch(metricsUrl);
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('hookring_build_info{')]);
    expect(await status(`${url}/metrics`)).toBe(404);
    expect(await status(`${url}/healthz`)).toBe(200);
    expect(await status(new URL('/v1/endpoints', metricsUrl).href)).toBe(404);
    expect(await servers[0]?.drain()).toBe(0);
    await expect(fetch(metricsUrl)).rejects.toThrow();
  });
});

describe('an address of the metrics that another program has', () => {
  it('ends the start with a sentence that says which', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const child = spawn(process.execPath, [COMMAND, 'serve', '--metrics-address', `127.0.0.1:${port}`], {
      env: { ...process.env, HOOKRING_PORT: '0', HOOKRING_DATABASE_URL: 'sqlite:/nowhere/at/all/h.db' },
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part) => (text += part));
    const code = await new Promise((resolve) => child.once('close', resolve));
    await new Promise((resolve) => void other.close(resolve));
    expect(text).toContain(`HOOKRING_METRICS_ADDRESS is 127.0.0.1:${port}: the port is taken by another program`);
    expect(text).not.toContain('    at ');
    expect(code).toBeGreaterThan(0);
  });
});
