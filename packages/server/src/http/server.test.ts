import { describe, expect, it } from 'vitest';
import { refused } from '../app/outcome.ts';
import { mountSurface } from './mount.ts';
import { createRateLimiter } from './rate-limit.ts';
import { openPort, rawExchange } from './testing/raw-exchange.ts';
import { ask, post, type Request, start, surface } from './testing/two-faces.ts';

describe('who may ask', () => {
  it('refuses a request without a key before its body is read, and names the scheme', async () => {
    const answer = await ask(start(), post('{"broken', { token: null }));
    expect(answer.status).toBe(401);
    expect(answer.json).toMatchObject({ face: 'one', code: 'missing_credentials', path: '/one/things' });
    expect(answer.headers['www-authenticate']).toBe('Face realm="one"');
  });

  it('takes another scheme than Bearer for no key, and an unknown key for a wrong one', async () => {
    const server = start();
    expect(
      (await ask(server, { method: 'GET', url: '/one/things', token: null, headers: { authorization: 'Basic YTpi' } }))
        .json.code,
    ).toBe('missing_credentials');
    expect((await ask(server, { method: 'GET', url: '/one/things', token: 'nobody' })).json.code).toBe(
      'invalid_credentials',
    );
  });

  it('names the missing scope in the words of the surface', async () => {
    const answer = await ask(start(), post('{"name":"a"}', { token: 'none' }));
    expect(answer.status).toBe(403);
    expect(answer.json.detail).toContain('"things:write"');
  });

  it('lets a request wait for a key that memory does not know', async () => {
    expect((await ask(start(), post('{"name":"a"}', { token: 'slow' }))).status).toBe(201);
  });

  it('answers 500 when the keys cannot be read', async () => {
    const crashes: unknown[] = [];
    expect((await ask(start({ crashes }), post('{"name":"a"}', { token: 'broken' }))).json.code).toBe('internal_error');
    expect(crashes).toHaveLength(1);
  });

  it('asks for no key where none is needed', async () => {
    expect((await ask(start(), { method: 'GET', url: '/one/open', token: null })).status).toBe(200);
  });
});

describe('what every answer carries', () => {
  it('has an id of its own, is not cached and not sniffed', async () => {
    const server = start();
    const answers = [
      await ask(server, { method: 'GET', url: '/one/things', headers: { 'x-request-id': 'mine' } }),
      await ask(server, { method: 'GET', url: '/one/nothing' }),
    ];
    for (const { headers } of answers) {
      expect(headers['x-request-id']).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
    expect(answers[0]!.headers['x-request-id']).not.toBe(answers[1]!.headers['x-request-id']);
    expect(answers[1]!.json.requestId).toBe(answers[1]!.headers['x-request-id']);
  });
});

describe('the headers of a surface', () => {
  const headers = { version: '2026-03-01' };

  it.each<[number, Partial<Request> & { url: string }]>([
    [200, { url: '/one/things' }],
    [200, { url: '/one/page' }],
    [204, { method: 'DELETE', url: '/one/things/7' }],
    [400, { method: 'DELETE', url: '/one/things/%zz' }],
    [401, { url: '/one/things', token: null }],
    [403, post('{"name":"a"}', { token: 'none' })],
    [404, { url: '/one/nothing' }],
    [404, { method: 'DELETE', url: `/one/things/${'a'.repeat(300)}` }],
    [404, { url: 'http://elsewhere/one/nothing' }],
    [405, { method: 'PUT', url: '/one/things' }],
    [413, post(`{"name":"${'a'.repeat(200)}"}`)],
    [415, post('x', { type: 'no media type' })],
    [422, post('{}')],
    [500, { url: '/one/crash' }],
    [503, { url: '/one/busy' }],
  ])('stand on its %i', async (status, request) => {
    const answer = await ask(start({ headers }), { method: 'GET', ...request });
    expect([answer.status, answer.headers['version']]).toEqual([status, '2026-03-01']);
  });

  it('stand on no answer of another surface', async () => {
    for (const url of ['/nothing', '/oneself', '/one%']) {
      const answer = await ask(start({ headers }), { method: 'GET', url });
      expect(answer.headers).not.toHaveProperty('version');
    }
  });

  it('stand on what the fallback says to a request that cannot be read', async () => {
    const port = await openPort(start({ headers }));
    expect(await rawExchange(port, 'what is this\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*\r\nversion: 2026-03-01\r\n/s);
  });
});

describe('a handler that needs no key', () => {
  it.each([
    [false, 'http'],
    [true, 'https'],
  ])('is told how the request came, by a proxy that is trusted alone: %s', async (trustProxy, protocol) => {
    const headers = { 'x-forwarded-proto': 'https' };
    const { json } = await ask(start({ trustProxy }), { method: 'GET', url: '/one/open', token: null, headers });
    expect(json).toEqual({ protocol });
  });
});

describe('the headers of a handler', () => {
  it.each([
    ['/one/kept', 200],
    ['/one/kept-not', 409],
  ])('have no say in who keeps an answer: %s', async (url, status) => {
    const answer = await ask(start(), { method: 'GET', url });
    expect(answer.headers).toMatchObject({
      'x-own': 'yes',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/),
    });
    expect(answer.status).toBe(status);
  });
});

describe('an answer that is no JSON', () => {
  it('is sent as it is, with its own type and headers', async () => {
    const answer = await ask(start(), { method: 'GET', url: '/one/page', token: null });
    expect([answer.status, answer.text]).toEqual([200, '<p>"hello"</p>']);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'",
      'x-content-type-options': 'nosniff',
    });
  });
});

describe('paths and methods', () => {
  it('answers an unknown path in the words of the surface it is under', async () => {
    const server = start();
    expect((await ask(server, { method: 'GET', url: '/one/nothing' })).json).toMatchObject({
      face: 'one',
      code: 'not_found',
    });
    expect((await ask(server, { method: 'GET', url: '/oneself' })).json).toMatchObject({
      face: 'two',
      code: 'not_found',
    });
    expect(
      (await ask(server, { method: 'POST', url: '/one/nothing', type: 'application/json', body: '{"bro', token: null }))
        .json,
    ).toMatchObject({ face: 'one', code: 'not_found' });
  });

  it('tells a wrong method from an unknown path and says which ones there are', async () => {
    const server = start();
    const answer = await ask(server, { method: 'PUT', url: '/one/things/7?x=1', type: 'text/plain', body: 'x' });
    expect([answer.status, answer.json.code, answer.headers['allow']]).toEqual([
      405,
      'method_not_allowed',
      'DELETE, PATCH',
    ]);
    expect((await ask(server, { method: 'DELETE', url: '/one/things' })).headers['allow']).toBe('GET, HEAD, POST');
    expect((await ask(server, { method: 'GET', url: '/one/things/7/' })).status).toBe(404);
  });

  it('answers HEAD like GET, without a body', async () => {
    const answer = await ask(start(), { method: 'HEAD', url: '/one/things' });
    expect([answer.status, answer.text]).toEqual([200, '']);
  });

  it('keeps a connection in step after answers that can have no body, whatever a handler made', async () => {
    const port = await openPort(start());
    const head = (line: string): string => `${line} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer all\r\n`;
    const text = await rawExchange(
      port,
      `${head('HEAD /one/things')}\r\n${head('POST /one/things/7/answer-204')}content-length: 0\r\n\r\n` +
        `${head('POST /one/things/7/answer-205')}content-length: 0\r\n\r\n` +
        `${head('GET /one/things')}connection: close\r\n\r\n`,
    );
    const [, headed = '', none = '', reset = '', last = ''] = text.split('HTTP/1.1 ');
    expect(headed).toMatch(/^200 .*\r\ncontent-length: 2\r\n.*\r\n\r\n$/s);
    expect(none).toMatch(/^204 .*\r\n\r\n$/s);
    // RFC 9110, 8.6.
    expect(none).not.toContain('content-length');
    expect(reset).toMatch(/^205 .*\r\ncontent-length: 0\r\n.*\r\n\r\n$/s);
    expect(last).toMatch(/^200 .*\r\n\r\n\{\}$/s);
  });

  it('refuses a path that is no URL path, and one longer than any id', async () => {
    const server = start();
    expect((await ask(server, { method: 'DELETE', url: '/one/things/%zz' })).json).toMatchObject({
      face: 'one',
      code: 'invalid_request',
    });
    expect((await ask(server, { method: 'DELETE', url: `/one/things/${'a'.repeat(300)}` })).json).toMatchObject({
      face: 'one',
      code: 'not_found',
    });
  });
});

describe('refusals and crashes', () => {
  it('passes on the refusal of a use case', async () => {
    expect((await ask(start(), { method: 'GET', url: '/one/taken' })).status).toBe(409);
  });

  it('tells a caller nothing of a crash, and the log everything', async () => {
    const crashes: unknown[] = [];
    const answer = await ask(start({ crashes }), { method: 'GET', url: '/one/crash' });
    expect([answer.status, answer.json.code]).toEqual([500, 'internal_error']);
    expect(answer.text).not.toMatch(/hunter2|TypeError|store\.ts|node:/);
    expect(crashes).toEqual([expect.objectContaining({ message: expect.stringContaining('hunter2') })]);
  });

  it('tells of a crash outside of every mounted route in the words of the surface there', async () => {
    const crashes: unknown[] = [];
    const server = start({ crashes });
    server.fastify.get('/broken', () => {
      throw new Error('hunter2');
    });
    const answer = await ask(server, { method: 'GET', url: '/broken' });
    expect([answer.status, answer.json.face, answer.json.path]).toEqual([500, 'two', '/broken']);
    expect(crashes).toHaveLength(1);
  });

  it('answers 503 with a time when the store takes nothing, which is no crash', async () => {
    const crashes: unknown[] = [];
    const answer = await ask(start({ crashes }), { method: 'GET', url: '/one/busy' });
    expect([answer.status, answer.json.code, answer.headers['retry-after']]).toEqual([503, 'overloaded', '1']);
    expect(crashes).toEqual([]);
  });

  it('limits the rate of one key and not of another', async () => {
    const rateLimiter = createRateLimiter({ requests: 2, windowSeconds: 60 }, () => 0);
    const server = start({ rateLimiter });
    const first = await ask(server, { method: 'GET', url: '/one/things' });
    expect(first.headers).toMatchObject({ 'ratelimit-policy': '"default";q=2;w=60', ratelimit: '"default";r=1;t=30' });
    await ask(server, { method: 'GET', url: '/one/things' });
    const refusedAnswer = await ask(server, { method: 'GET', url: '/one/things' });
    expect([refusedAnswer.status, refusedAnswer.json.code, refusedAnswer.headers['retry-after']]).toEqual([
      429,
      'rate_limited',
      '30',
    ]);
    expect((await ask(server, { method: 'GET', url: '/one/things', token: 'none' })).status).toBe(200);
  });

  it('refuses two surfaces under one prefix', () => {
    const server = start();
    const again = surface('again', '/one');
    expect(() =>
      mountSurface(server, again, [], {
        services: {},
        authenticate: () => refused('missing_credentials', ''),
        onCrash: () => {},
        rateLimiter: null,
        scopeName: String,
      }),
    ).toThrow('share the prefix');
  });
});
