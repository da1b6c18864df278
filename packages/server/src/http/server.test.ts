import { connect } from 'node:net';
import { Type } from 'typebox';
import { afterEach, describe, expect, it } from 'vitest';
import type { Caller } from '../app/caller.ts';
import { done, refused } from '../app/outcome.ts';
import { ERRORS, type Problem } from '../domain/error-registry.ts';
import { parseId } from '../domain/ids.ts';
import type { Scope } from '../domain/scope.ts';
import { StoreUnavailable } from '../store/port.ts';
import { mountSurface } from './mount.ts';
import { createRateLimiter, draftRateLimitHeaders, type RateLimiter } from './rate-limit.ts';
import { createRequestIds } from './request-id.ts';
import type { KeyRoute, Route, RouteRequest } from './route.ts';
import { createHttpServer, type HttpServer } from './server.ts';
import type { EncodedProblem, Surface } from './surface.ts';

type Services = { readonly name: string };

const ORGANIZATION = parseId('org', 'org_00000000000000000000000001')!;
const STRICT = { additionalProperties: false } as const;

/** Two faces that say no in different words. */
function encoder(face: string) {
  return (problem: Problem, { requestId, path }: { requestId: string; path: string }): EncodedProblem => ({
    status: ERRORS[problem.code].status,
    body: JSON.stringify({
      face,
      code: problem.code,
      detail: problem.detail,
      errors: problem.errors ?? [],
      requestId,
      path,
    }),
    contentType: `application/${face}+json`,
  });
}

function surface(name: string, prefix: string, routes: readonly Route<Services>[]): Surface {
  return {
    name,
    prefix,
    encodeProblem: encoder(name),
    idempotencyHeaders: ['idempotency-key', 'x-idempotency-key'],
    rateLimitHeaders: draftRateLimitHeaders,
    operations: routes,
  };
}

function route<const Q extends RouteRequest>(
  facts: Pick<KeyRoute<Services, Q>, 'method' | 'path' | 'request' | 'handle'> & {
    idempotent?: boolean;
    scopes?: readonly Scope[];
  },
): Route<Services> {
  const { method, path, idempotent = false, scopes = [] } = facts;
  return {
    ...facts,
    access: 'key',
    operationId: `${method}${path}`,
    summary: '',
    tag: '',
    idempotent,
    scopes,
    responses: { 200: Type.Unknown() },
    refusals: [],
  };
}

const ThingBody = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 5 }), size: Type.Optional(Type.Integer({ minimum: 1 })) },
  STRICT,
);

const routes: readonly Route<Services>[] = [
  route({
    method: 'GET',
    path: '/things',
    request: {
      query: Type.Object(
        {
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })),
          deep: Type.Optional(Type.Boolean()),
          tags: Type.Optional(Type.Array(Type.String())),
        },
        STRICT,
      ),
    },
    handle: (_context, { query }) => ({ ok: true, status: 200, body: query }),
  }),
  route({
    method: 'POST',
    path: '/things',
    idempotent: true,
    scopes: ['endpoints:write'],
    request: { body: ThingBody, bodyBytesMax: 100 },
    handle: (context, { body }) => ({
      ok: true,
      status: 201,
      body: {
        body,
        route: context.idempotency?.route ?? null,
        key: context.idempotency?.key ?? null,
        actor: context.caller.actor,
      },
    }),
  }),
  route({
    method: 'PATCH',
    path: '/things/{id}',
    request: {
      params: Type.Object({ id: Type.String() }),
      body: ThingBody,
      optionalBody: true,
      contentTypes: ['application/json', 'application/merge-patch+json'],
    },
    handle: (_context, { params, body }) => ({ ok: true, status: 200, body: { id: params.id, body } }),
  }),
  route({
    method: 'POST',
    path: '/things/{id}/spin',
    request: {
      params: Type.Object({ id: Type.String() }),
      body: Type.Object({ speed: Type.Optional(Type.Integer()) }, STRICT),
      optionalBody: true,
    },
    handle: (_context, { body }) => ({ ok: true, status: 200, body }),
  }),
  route({
    method: 'DELETE',
    path: '/things/{id}',
    request: { params: Type.Object({ id: Type.String() }) },
    handle: () => ({ ok: true, status: 204, body: undefined }),
  }),
  route({
    method: 'GET',
    path: '/crash',
    request: {},
    handle: async () => {
      throw new TypeError('the password is hunter2 at /srv/hookring/store.ts:12');
    },
  }),
  route({
    method: 'GET',
    path: '/busy',
    request: {},
    handle: async () => {
      throw new StoreUnavailable('queue_full');
    },
  }),
  route({ method: 'GET', path: '/taken', request: {}, handle: () => refused('conflict', 'somebody else has it') }),
  {
    ...route({ method: 'GET', path: '/open', request: {}, handle: () => ({ ok: true, status: 200, body: {} }) }),
    access: 'public',
  },
];

const servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.fastify.close()));
});

function start(options: { rateLimiter?: RateLimiter; crashes?: unknown[] } = {}): HttpServer {
  const one = surface('one', '/one', routes);
  const two = surface('two', '', []);
  const server = createHttpServer({
    fallback: one,
    requestIds: createRequestIds({ now: Date.now, random: Math.random }),
    onCrash: (error) => options.crashes?.push(error),
    trustProxy: false,
  });
  servers.push(server);
  const caller = (actor: string, scopes: readonly Scope[]): Caller => ({
    organizationId: ORGANIZATION,
    actor,
    scopes: new Set(scopes),
    requestId: '',
  });
  mountSurface(server, one, routes, {
    services: { name: 'test' },
    authenticate: ({ token }) => {
      if (token === null) return refused('missing_credentials', 'send a key');
      if (token === 'all') return done(caller('all', ['endpoints:write']));
      if (token === 'slow') return Promise.resolve(done(caller('slow', ['endpoints:write'])));
      if (token === 'broken') return Promise.reject(new Error('directory down'));
      if (token === 'none') return done(caller('none', []));
      return refused('invalid_credentials', 'unknown key');
    },
    onCrash: (error) => options.crashes?.push(error),
    rateLimiter: options.rateLimiter ?? null,
    scopeName: (scope) => (scope === 'endpoints:write' ? 'things:write' : scope),
  });
  mountSurface(server, two, [], {
    services: { name: 'two' },
    authenticate: () => refused('missing_credentials', ''),
    onCrash: () => {},
    rateLimiter: null,
    scopeName: (scope) => scope,
  });
  return server;
}

type Request = {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT' | 'HEAD';
  url: string;
  token?: string | null;
  headers?: Record<string, string>;
  body?: string | Buffer;
  type?: string;
};

async function ask(server: HttpServer, { method, url, token = 'all', headers = {}, body, type }: Request) {
  const response = await server.fastify.inject({
    method,
    url,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(type === undefined ? {} : { 'content-type': type }),
      ...headers,
    },
    ...(body === undefined ? {} : { payload: body }),
  });
  return {
    status: response.statusCode,
    headers: response.headers,
    text: response.body,
    json: response.body === '' ? null : JSON.parse(response.body),
  };
}

const post = (body: string | Buffer, more: Partial<Request> = {}): Request => ({
  method: 'POST',
  url: '/one/things',
  type: 'application/json',
  body,
  ...more,
});

describe('who may ask', () => {
  it('refuses a request without a key before its body is read, and names the scheme', async () => {
    const answer = await ask(start(), post('{"broken', { token: null }));
    expect(answer.status).toBe(401);
    expect(answer.json).toMatchObject({ face: 'one', code: 'missing_credentials', path: '/one/things' });
    expect(answer.headers['www-authenticate']).toBe('Bearer');
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

describe('bodies', () => {
  it.each([
    ['broken JSON', '{"name":', 400, 'invalid_body'],
    ['no body where one is needed', '', 400, 'invalid_body'],
    ['a byte order mark', '\ufeff{"name":"a"}', 400, 'invalid_body'],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, 'invalid_body'],
    ['two values', '{} {}', 400, 'invalid_body'],
    ['a repeated key', '{"name":"a","name":"b"}', 422, 'duplicate_key'],
    ['a key repeated in escapes', String.raw`{"name":"a","na\u006de":"b"}`, 422, 'duplicate_key'],
    ['an array', '[]', 422, 'validation_failed'],
    ['null', 'null', 422, 'validation_failed'],
    ['too many bytes', `{"name":"${'a'.repeat(100)}"}`, 413, 'payload_too_large'],
  ])('says of %s what is wrong with it', async (_name, body, status, code) => {
    const answer = await ask(start(), post(body));
    expect([answer.status, answer.json.code, answer.json.face]).toEqual([status, code, 'one']);
  });

  it.each([
    ['a form', 'application/x-www-form-urlencoded'],
    ['another charset', 'application/json; charset=iso-8859-1'],
    ['nothing like a media type', 'json'],
    ['a patch where none is taken', 'application/merge-patch+json'],
  ])('refuses %s with 415', async (_name, type) => {
    const answer = await ask(start(), post('{"name":"a"}', { type }));
    expect([answer.status, answer.json.code]).toEqual([415, 'unsupported_media_type']);
  });

  it('refuses a body without a content type, and a compressed one', async () => {
    const server = start();
    expect((await ask(server, { method: 'POST', url: '/one/things', body: Buffer.from('{"name":"a"}') })).status).toBe(
      415,
    );
    expect((await ask(server, post('{"name":"a"}', { headers: { 'content-encoding': 'gzip' } }))).status).toBe(415);
  });

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'Application/JSON',
  ])('takes %s', async (type) => {
    expect((await ask(start(), post('{"name":"a"}', { type }))).status).toBe(201);
  });

  it('takes a merge patch where the route does', async () => {
    const answer = await ask(start(), {
      method: 'PATCH',
      url: '/one/things/7',
      type: 'application/merge-patch+json',
      body: '{"name":"a"}',
    });
    expect(answer.json).toEqual({ id: '7', body: { name: 'a' } });
  });

  it('counts an empty body as an empty object where the body is optional', async () => {
    const server = start();
    expect((await ask(server, { method: 'POST', url: '/one/things/7/spin' })).json).toEqual({});
    expect(
      (await ask(server, { method: 'POST', url: '/one/things/7/spin', type: 'text/plain', body: '' })).json,
    ).toEqual({});
    expect(
      (await ask(server, { method: 'POST', url: '/one/things/7/spin', type: 'application/json', body: '{"speed":1}' }))
        .json,
    ).toEqual({ speed: 1 });
  });

  it('names each wrong field with a pointer, a code and a hint', async () => {
    const answer = await ask(start(), post('{"nmae":"a","size":"3","a/b":1}'));
    expect(answer.status).toBe(422);
    expect(answer.json.errors).toHaveLength(4);
    expect(answer.json.errors).toEqual(
      expect.arrayContaining([
        { pointer: '/name', detail: 'is required', code: 'required' },
        { pointer: '/nmae', detail: 'is not known here; did you mean "name"?', code: 'unknown_field' },
        { pointer: '/a~1b', detail: 'is not known here', code: 'unknown_field' },
        { pointer: '/size', detail: 'must be an integer', code: 'wrong_type' },
      ]),
    );
  });

  it('does not turn strings of a body into numbers', async () => {
    expect((await ask(start(), post('{"name":1}'))).json.errors).toEqual([
      { pointer: '/name', detail: 'must be a string', code: 'wrong_type' },
    ]);
  });
});

describe('queries', () => {
  it('reads integers, booleans and lists', async () => {
    expect((await ask(start(), { method: 'GET', url: '/one/things?limit=10&deep=true&tags=a,b&tags=c' })).json).toEqual(
      { limit: 10, deep: true, tags: ['a', 'b', 'c'] },
    );
  });

  it.each([
    'limit=ten',
    'limit=1e1',
    'limit=%2B5',
    'limit=05',
    'limit=',
    'limit=5.0',
    'limit=0',
    'limit=11',
    'limit=5&limit=6',
    'deep=1',
    'limits=5',
    '__proto__=5',
  ])('refuses %s', async (query) => {
    const answer = await ask(start(), { method: 'GET', url: `/one/things?${query}` });
    expect(answer.status).toBe(422);
    expect(answer.json.errors[0].pointer).toBe(`?${query.slice(0, query.indexOf('='))}`);
  });

  it('hints at the parameter that was meant', async () => {
    expect((await ask(start(), { method: 'GET', url: '/one/things?limits=5' })).json.errors[0].detail).toContain(
      '"limit"',
    );
  });
});

describe('idempotency keys', () => {
  it.each([
    ['bare', 'abc-1', 'abc-1'],
    ['quoted', '"abc 1"', 'abc 1'],
    ['quoted with escapes', String.raw`"a\"b\\c"`, String.raw`a"b\c`],
  ])('takes a %s one', async (_name, header, key) => {
    const answer = await ask(start(), post('{"name":"a"}', { headers: { 'idempotency-key': header } }));
    expect(answer.json).toMatchObject({ key, route: 'POST /one/things' });
  });

  it('takes it from the other header of the surface', async () => {
    expect((await ask(start(), post('{"name":"a"}', { headers: { 'x-idempotency-key': 'k' } }))).json.key).toBe('k');
  });

  it.each(['', '""', '"open', 'a'.repeat(256), 'ü'])('refuses %j', async (header) => {
    const answer = await ask(start(), post('{"name":"a"}', { headers: { 'idempotency-key': header } }));
    expect([answer.status, answer.json.errors[0].code]).toEqual([422, 'invalid_idempotency_key']);
  });

  it('ignores it where the route does not take one', async () => {
    expect((await ask(start(), { method: 'GET', url: '/one/things', headers: { 'idempotency-key': '' } })).status).toBe(
      200,
    );
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
    const again = surface('again', '/one', []);
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

/** Sends bytes as they are and returns all that comes back until the server closes. */
async function exchange(server: HttpServer, bytes: string): Promise<string> {
  await server.fastify.listen({ port: 0, host: '127.0.0.1' });
  const [address] = server.fastify.addresses();
  if (address === undefined || typeof address === 'string') throw new Error('not listening on a port');
  return await new Promise((resolve, reject) => {
    const socket = connect(address.port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

function jsonOf(text: string): { code: string; face: string } {
  return JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));
}

describe('broken framing, over a socket', () => {
  it('answers what is not HTTP in the words of the fallback and closes', async () => {
    const text = await exchange(start(), 'what is this\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(jsonOf(text)).toMatchObject({ face: 'one', code: 'invalid_request' });
  });

  it('refuses more header bytes than it reads', async () => {
    const text = await exchange(
      start(),
      `GET /one/things HTTP/1.1\r\nhost: a\r\nx-long: ${'a'.repeat(20_000)}\r\n\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 431 /);
    expect(jsonOf(text).code).toBe('request_headers_too_large');
  });

  it('refuses both a length and chunks, which two readers could frame in two ways', async () => {
    const text = await exchange(
      start(),
      'POST /one/things HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('stops reading a chunked body at its limit', async () => {
    const chunk = `50\r\n${'a'.repeat(80)}\r\n`;
    const head =
      'POST /one/things HTTP/1.1\r\nhost: a\r\nauthorization: Bearer all\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
    const text = await exchange(start(), `${head}${chunk}${chunk}`);
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    expect(jsonOf(text).code).toBe('payload_too_large');
  });
});
