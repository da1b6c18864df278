import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { refused } from '../app/outcome.ts';
import { mountHealth } from './health.ts';
import { mountSurface } from './mount.ts';
import type { Route } from './route.ts';
import type { HttpServer } from './server.ts';
import { openPort, rawExchange } from './testing/raw-exchange.ts';
import { ask, start, surface } from './testing/two-faces.ts';

const HOSTS = new Map([
  ['one.example', '/one'],
  ['two.example', ''],
]);

/** Beside the two faces, a third below the prefix of the first, where anybody may ask. */
function started(crashes: unknown[] = []): HttpServer {
  const server = start({ hosts: HOSTS, crashes });
  const open: Route<object> = {
    access: 'public',
    method: 'GET',
    path: '/open',
    operationId: 'open',
    summary: '',
    tag: '',
    request: {},
    responses: { 200: Type.Unknown() },
    handle: () => ({ ok: true, status: 200, body: { face: 'inner' } }),
  };
  mountSurface(server, surface('inner', '/one/inner'), [open], {
    services: {},
    authenticate: () => refused('missing_credentials', ''),
    onCrash: (error) => crashes.push(error),
    rateLimiter: null,
    scopeName: String,
  });
  const registry = { contentType: 'text/plain', metrics: async () => 'figures' };
  mountHealth(server.fastify, { ready: async () => ({ ok: true }), metrics: { registry, gate: () => null } });
  return server;
}

type Told = {
  readonly status: number;
  readonly face: string | undefined;
  readonly path: string | undefined;
  readonly detail: string | undefined;
};

/** One request line and its headers as they are, over a socket. */
async function told(port: number, target: string, ...headers: readonly string[]): Promise<Told> {
  const text = await rawExchange(
    port,
    [`GET ${target} HTTP/1.1`, ...headers, 'connection: close', '', ''].join('\r\n'),
  );
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  const { face, path, detail } = body.startsWith('{') ? JSON.parse(body) : {};
  return { status: Number(text.slice(9, 12)), face, path, detail };
}

describe('a host of its own', () => {
  it('shows the paths of its surface without the prefix, and refuses in its words', async () => {
    const server = started();
    const headers = { host: 'one.example' };
    const good = await ask(server, { method: 'GET', url: '/things?limit=3', headers });
    expect([good.status, good.json]).toEqual([200, { limit: 3 }]);
    const unknown = await ask(server, { method: 'GET', url: '/nothing?a=1', headers });
    expect([unknown.status, unknown.json]).toEqual([404, expect.objectContaining({ face: 'one', path: '/nothing' })]);
    const wrong = await ask(server, { method: 'PUT', url: '/things', headers });
    expect([wrong.status, wrong.headers['allow'], wrong.json.face]).toEqual([405, 'GET, HEAD, POST', 'one']);
    const broken = await ask(server, { method: 'DELETE', url: '/things/%zz', headers });
    expect([broken.status, broken.json]).toEqual([400, expect.objectContaining({ face: 'one', path: '/things/%zz' })]);
    const keyless = await ask(server, { method: 'GET', url: '/things', headers, token: null });
    expect([keyless.status, keyless.json.path]).toEqual([401, '/things']);
  });

  it('is known in capitals, with a port and with the dot of a full name', async () => {
    const port = await openPort(started());
    for (const host of [
      'one.example',
      'ONE.Example',
      'one.example:8484',
      'one.example.',
      'One.Example.:80',
      'one.example:',
    ]) {
      expect([host, await told(port, '/open', `Host: ${host}`)]).toEqual([
        host,
        expect.objectContaining({ status: 200 }),
      ]);
      expect([host, (await told(port, '/one/open', `Host: ${host}`)).status]).toEqual([host, 404]);
    }
  });

  it.each([
    '/one/open',
    '//one/open',
    '/../one/open',
    '/..//one/open',
    '/%2e%2e/one/open',
    '/./one/open',
    '/inner/open',
    '//inner/open',
    '/%69nner/open',
    '/../one/inner/open',
    'http://one.example/inner/open',
    'http://two.example/one/open',
    'HTTP://other.example/one/open',
    'http://one.example//one/open',
    '/nothing/../../one/open',
    '/\\..\\one/open',
    '/open/../../one/open',
    '/;/one/open',
  ])('leads to no path of another surface by %s', async (target) => {
    const port = await openPort(started());
    expect(await told(port, target, 'Host: one.example')).toMatchObject({ status: 404, face: 'one' });
  });

  it('reads a whole URL by its path', async () => {
    const port = await openPort(started());
    for (const target of ['http://one.example/open', 'http://two.example/open', 'HTTPS://x/open?']) {
      expect([target, (await told(port, target, 'Host: one.example')).status]).toEqual([target, 200]);
    }
    expect(await told(port, 'http://x?a=/open', 'Host: one.example')).toMatchObject({
      status: 404,
      face: 'one',
      path: '/',
    });
  });

  it('can stand for the root, and then shows nothing of the prefixes beside it', async () => {
    const port = await openPort(started());
    for (const target of ['/one/open', '/one/inner/open', '/%6fne/open', '//one/open', 'http://x/one/open']) {
      expect([target, await told(port, target, 'Host: two.example')]).toEqual([
        target,
        expect.objectContaining({ status: 404, face: 'two' }),
      ]);
    }
  });

  it('is what the Host header says, whatever else says another', async () => {
    const port = await openPort(started());
    const main = 'Host: main.example';
    expect((await told(port, '/open', main, 'X-Forwarded-Host: one.example')).status).toBe(404);
    expect((await told(port, '/open', main, 'Forwarded: host=one.example')).status).toBe(404);
    expect((await told(port, 'http://one.example/open', main)).status).toBe(404);
    expect((await told(port, '/one/open', 'Host: one.example', 'X-Forwarded-Host: main.example')).status).toBe(404);
  });

  it('is one: two Host headers are refused', async () => {
    const port = await openPort(started());
    for (const second of ['Host: one.example', 'host: main.example']) {
      expect(await told(port, '/open', 'Host: one.example', second)).toMatchObject({
        status: 400,
        detail: expect.stringContaining('more than one Host'),
      });
    }
    expect(await told(port, '/%', 'Host: one.example')).toMatchObject({
      status: 400,
      face: 'one',
      detail: expect.stringContaining('valid URL path'),
    });
  });

  it('answers the paths of the server too', async () => {
    const port = await openPort(started());
    for (const host of ['one.example', 'two.example', 'main.example']) {
      for (const target of ['/healthz', '/readyz?x=1', '/metrics', 'http://x/healthz']) {
        expect([host, target, (await told(port, target, `Host: ${host}`)).status]).toEqual([host, target, 200]);
      }
    }
    expect(await told(port, '/healthz/', 'Host: one.example')).toMatchObject({ status: 404, face: 'one' });
  });
});

describe('every other host', () => {
  it('shows all surfaces under their prefixes', async () => {
    const port = await openPort(started());
    for (const host of ['main.example', '127.0.0.1:8484', '[::1]:8484', 'one.example.evil', 'xone.example', '']) {
      expect([host, (await told(port, '/one/open', `Host: ${host}`)).status]).toEqual([host, 200]);
      expect([host, (await told(port, '/open', `Host: ${host}`)).status]).toEqual([host, 404]);
    }
    const old = await rawExchange(port, 'GET /one/open HTTP/1.0\r\n\r\n');
    expect(old).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('speaks for a whole URL as for its path', async () => {
    const port = await openPort(start());
    expect(await told(port, 'http://x/one/nothing?a', 'Host: x')).toMatchObject({ face: 'one', path: '/one/nothing' });
    expect(await told(port, 'http://x/oneself', 'Host: x')).toMatchObject({ face: 'two', path: '/oneself' });
  });
});

describe('a server without hosts of their own', () => {
  it('looks at no Host header', async () => {
    const server = start({ hosts: new Map() });
    const port = await openPort(server);
    expect((await told(port, '/one/open', 'Host: a', 'Host: b')).status).toBe(200);
  });
});
