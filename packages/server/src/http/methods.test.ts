import { METHODS, request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { mountHealth } from './health.ts';
import { openPort } from './testing/raw-exchange.ts';
import { ask, start } from './testing/two-faces.ts';

type Asked = { method: string; path: string; headers: Record<string, string>; body: string };
type Answered = { status: number | undefined; allow: string | undefined; text: string };

/** CONNECT asks for a tunnel and not for a path; Node closes its connection. */
const UNROUTED = METHODS.filter((method) => !['GET', 'HEAD', 'POST', 'CONNECT'].includes(method));
const BODIES: readonly [Record<string, string>, string][] = [
  [{}, ''],
  [{ 'content-type': 'application/json' }, '{"bro'],
  [{ 'content-type': 'not a media type' }, 'x'],
  [{ 'content-length': '3' }, 'abc'],
];

async function over(port: number, { method, path, headers, body }: Asked): Promise<Answered> {
  return await new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', method, path, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve({ status: response.statusCode, allow: response.headers.allow, text }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

describe('every method that the parser reads', () => {
  it('is told which methods there are, or that there is nothing, whatever body it brings', async () => {
    expect(UNROUTED).toEqual(expect.arrayContaining(['QUERY', 'PROPFIND', 'LINK', 'M-SEARCH', 'TRACE', 'OPTIONS']));
    const crashes: unknown[] = [];
    const port = await openPort(start({ crashes }));
    for (const method of UNROUTED) {
      for (const [headers, body] of BODIES) {
        const known = await over(port, { method, path: '/one/things?x=1', headers, body });
        expect([method, headers, known.status, known.allow]).toEqual([method, headers, 405, 'GET, HEAD, POST']);
        expect(JSON.parse(known.text)).toMatchObject({ face: 'one', code: 'method_not_allowed' });
        const unknown = await over(port, { method, path: '/elsewhere', headers, body });
        expect([method, headers, unknown.status, unknown.allow]).toEqual([method, headers, 404, undefined]);
        expect(JSON.parse(unknown.text)).toMatchObject({ face: 'two', code: 'not_found' });
      }
    }
    expect(crashes).toEqual([]);
  });

  it('finds nothing at an unknown path, also with a body that no route could read', async () => {
    const server = start();
    for (const type of ['not a media type', 'application/json']) {
      const answer = await ask(server, { method: 'POST', url: '/one/nothing', type, body: 'x'.repeat(2_000_000) });
      expect([answer.status, answer.json.code]).toEqual([404, 'not_found']);
    }
  });
});

describe('a path', () => {
  it('of other letters than a route, or under another prefix, is unknown', async () => {
    const server = start();
    for (const url of ['/One/things', '/ONE/things', '/one/Things', '/two/things', '/things']) {
      for (const method of ['GET', 'DELETE'] as const) {
        const answer = await ask(server, { method, url });
        expect([url, answer.status, answer.headers['allow']]).toEqual([url, 404, undefined]);
      }
    }
  });

  it('that belongs to no surface says its methods too', async () => {
    const server = start();
    const registry = { contentType: 'text/plain', metrics: async () => '' };
    mountHealth(server.fastify, { ready: async () => ({ ok: true }), metrics: { registry, gate: () => null } });
    for (const url of ['/healthz', '/readyz', '/metrics']) {
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'] as const) {
        const answer = await ask(server, { method, url });
        expect([url, answer.status, answer.headers['allow']]).toEqual([url, 405, 'GET, HEAD']);
        expect(answer.json).toMatchObject({ face: 'two', code: 'method_not_allowed' });
      }
      expect((await server.fastify.inject({ url })).statusCode).toBe(200);
    }
  });
});
