import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { mountHealth } from './health.ts';
import { type MetricsSource, metricsGate } from './metrics-gate.ts';
import { listenForMetrics, type MetricsListener } from './metrics-listener.ts';
import { openPort, rawExchange } from './testing/raw-exchange.ts';
import { start } from './testing/two-faces.ts';

const TOKEN = 'correct-horse-battery';
const registry = { contentType: 'text/plain', metrics: async () => 'figures' };

const listeners: MetricsListener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

async function listen(source: Partial<MetricsSource> = {}, crashes: unknown[] = []): Promise<string> {
  const listener = await listenForMetrics(
    { host: '127.0.0.1', port: 0 },
    {
      registry,
      gate: () => null,
      requestIds: () => 'R1',
      onCrash: (error) => crashes.push(error),
      ...source,
    },
  );
  listeners.push(listener);
  return listener.url;
}

function asked(headers: Record<string, string>, remoteAddress: string | undefined = '127.0.0.1') {
  return { headers, socket: { remoteAddress } } as unknown as Parameters<ReturnType<typeof metricsGate>>[0];
}

describe('the gate of the metrics', () => {
  const gate = metricsGate(null, 'this machine');

  it.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])('without settings opens to %s', (address) => {
    expect(gate(asked({ host: 'localhost:8484', authorization: 'Bearer x' }, address))).toBeNull();
  });

  it.each(['10.0.0.1', '::ffff:10.0.0.1', '1.127.0.0', '::2', 'none', '127', undefined, 'fe80::127.0.0.1'])(
    'without settings is closed to %s, and says how to open it',
    (address) => {
      const problem = gate({ ...asked({}), socket: { remoteAddress: address } } as ReturnType<typeof asked>);
      expect(problem?.code).toBe('metrics_closed');
      expect(problem?.detail).toContain('HOOKRING_METRICS_TOKEN');
      expect(problem?.detail).toContain('HOOKRING_METRICS_ADDRESS');
    },
  );

  it.each(['localhost', 'LOCALHOST:80', 'hooks.localhost:8484', '127.0.0.1:8484', '127.1.2.3', '[::1]:8484', '[::1]'])(
    'without settings opens to this machine that asks for %s',
    (host) => {
      expect(gate(asked({ host }))).toBeNull();
    },
  );

  it.each(['evil.example', 'evil.example:8484', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1', ''])(
    'without settings is closed to a page or a proxy that asks this machine for "%s"',
    (host) => {
      expect(gate(asked({ host }))?.code).toBe('metrics_closed');
    },
  );

  it.each(['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded', 'x-real-ip'])(
    'without settings is closed to what a proxy of this machine passes on with %s',
    (name) => {
      expect(gate(asked({ [name]: '' }))?.code).toBe('metrics_closed');
    },
  );

  it.each([
    ['no header', {}, 'missing_credentials'],
    ['another token', { authorization: 'Bearer correct-horse-batterz' }, 'invalid_credentials'],
    ['a part of the token', { authorization: 'Bearer correct-horse' }, 'invalid_credentials'],
    ['another scheme', { authorization: `Basic ${TOKEN}` }, 'invalid_credentials'],
    ['an empty header', { authorization: '' }, 'invalid_credentials'],
  ])('with a token is closed to %s, from this machine too', (_name, headers, code) => {
    for (const otherwise of ['anyone', 'this machine'] as const) {
      const problem = metricsGate(TOKEN, otherwise)(asked(headers));
      expect(problem?.code).toBe(code);
      expect(problem?.detail).not.toContain(TOKEN);
    }
  });

  it('with a token opens to it from anywhere', () => {
    const headers = { authorization: `bearer ${TOKEN}`, 'x-forwarded-for': '203.0.113.9' };
    expect(metricsGate(TOKEN, 'this machine')(asked(headers, '203.0.113.9'))).toBeNull();
  });
});

describe('metrics on the main port', () => {
  it('are refused as a problem of the server itself, whichever dialect stands at the root', async () => {
    const server = start();
    mountHealth(server.fastify, {
      ready: async () => ({ ok: true }),
      metrics: { registry, gate: metricsGate(null, 'this machine') },
    });
    const port = await openPort(server);
    const open = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect([open.status, await open.text()]).toEqual([200, 'figures']);
    const closed = await fetch(`http://127.0.0.1:${port}/metrics?x=1`, { headers: { via: '1.1 proxy' } });
    expect([closed.status, closed.headers.get('content-type')]).toEqual([403, 'application/problem+json']);
    expect(await closed.json()).toMatchObject({
      status: 403,
      code: 'metrics_closed',
      requestId: closed.headers.get('x-request-id'),
    });
    for (const path of ['/healthz', '/readyz']) {
      expect((await fetch(`http://127.0.0.1:${port}${path}`, { headers: { via: '1.1 proxy' } })).status).toBe(200);
    }
  });

  it('say that they want a token', async () => {
    const server = start();
    const gate = metricsGate(TOKEN, 'this machine');
    mountHealth(server.fastify, { ready: async () => ({ ok: true }), metrics: { registry, gate } });
    const port = await openPort(server);
    const refused = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    const head = { authorization: `Bearer ${TOKEN}` };
    expect((await fetch(`http://127.0.0.1:${port}/metrics`, { headers: head })).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'HEAD' })).status).toBe(401);
  });

  it('are an unknown path when they have an address of their own', async () => {
    const server = start();
    mountHealth(server.fastify, { ready: async () => ({ ok: true }), metrics: null });
    const port = await openPort(server);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  });
});

describe('an address of their own', () => {
  it('serves the metrics and nothing else', async () => {
    const url = await listen();
    const answer = await fetch(url);
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      200,
      'text/plain',
      'figures',
    ]);
    for (const path of [
      '/',
      '/healthz',
      '/readyz',
      '/v1/endpoints',
      '/metrics/',
      '/Metrics',
      '//metrics',
      '/%6detrics',
    ]) {
      const other = await fetch(new URL(url).origin + path);
      expect([path, other.status]).toEqual([path, 404]);
      expect(await other.json()).toMatchObject({ code: 'not_found', requestId: 'R1' });
    }
  });

  it('reads no body and takes no other method', async () => {
    const url = await listen();
    const posted = await fetch(url, { method: 'POST', body: 'x'.repeat(1_000_000) });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('asks for the token when there is one', async () => {
    const url = await listen({ gate: metricsGate(TOKEN, 'anyone') });
    const refused = await fetch(url);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect((await fetch(url, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200);
    expect((await fetch(url, { headers: { authorization: 'Bearer nothing' } })).status).toBe(401);
  });

  it('shows nothing of what went wrong', async () => {
    const crashes: unknown[] = [];
    const metrics = async () => Promise.reject(new Error('the password is hunter2'));
    const url = await listen({ registry: { contentType: 'text/plain', metrics } }, crashes);
    const answer = await fetch(url);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('hunter2');
    expect(crashes).toHaveLength(1);
  });

  it('answers a request that is not HTTP with 400, and lives on', async () => {
    const url = await listen();
    expect(await rawExchange(Number(new URL(url).port), 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/);
    expect((await fetch(url)).status).toBe(200);
  });

  it('is refused with a sentence when another program has it', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const taken = listenForMetrics(
      { host: '127.0.0.1', port },
      { registry, gate: () => null, requestIds: () => '', onCrash: () => {} },
    );
    await expect(taken).rejects.toThrow(
      `HOOKRING_METRICS_ADDRESS is 127.0.0.1:${port}: the port is taken by another program`,
    );
    await new Promise((resolve) => void other.close(resolve));
  });
});
