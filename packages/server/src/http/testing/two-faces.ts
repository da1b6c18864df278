import { Type } from 'typebox';
import { afterEach } from 'vitest';
import type { Caller } from '../../app/caller.ts';
import { done, refused } from '../../app/outcome.ts';
import { ERRORS, type Problem } from '../../domain/error-registry.ts';
import { idFromUuid } from '../../domain/ids.ts';
import type { Scope } from '../../domain/scope.ts';
import { StoreUnavailable } from '../../store/port.ts';
import { mountSurface } from '../mount.ts';
import { draftRateLimitHeaders, type RateLimiter } from '../rate-limit.ts';
import { createRequestIds } from '../request-id.ts';
import type { RequestWatch } from '../request-watch.ts';
import type { KeyRoute, Route, RouteRequest } from '../route.ts';
import { createHttpServer, type HttpServer } from '../server.ts';
import type { EncodedProblem, Surface } from '../surface.ts';

type Services = { readonly name: string };

const ORGANIZATION = idFromUuid('org', new Uint8Array(16));
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

export function surface(name: string, prefix: string, headers: Surface['headers'] = {}): Surface {
  return {
    name,
    prefix,
    encodeProblem: encoder(name),
    idempotencyHeaders: ['idempotency-key', 'x-idempotency-key'],
    rateLimitHeaders: draftRateLimitHeaders,
    headers,
    challenge: `Face realm="${name}"`,
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
  };
}

/** What a handler of one's own might say of an answer, which it must not. */
const KEPT = { 'cache-control': 'public', 'x-content-type-options': 'no', 'x-request-id': 'mine', 'x-own': 'yes' };

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
  ...[204, 205].map((status) =>
    route({
      method: 'POST',
      path: `/things/{id}/answer-${status}`,
      request: { params: Type.Object({ id: Type.String() }) },
      handle: () => ({ ok: true, status, body: { more: 'than there may be' } }),
    }),
  ),
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
    access: 'public',
    method: 'GET',
    path: '/open',
    operationId: 'open',
    summary: '',
    tag: '',
    request: {},
    responses: { 200: Type.Unknown() },
    handle: ({ protocol }) => ({ ok: true, status: 200, body: { protocol } }),
  },
  route({
    method: 'GET',
    path: '/kept',
    request: {},
    handle: () => ({ ok: true, status: 200, body: {}, headers: KEPT }),
  }),
  route({
    method: 'GET',
    path: '/kept-not',
    request: {},
    handle: () => ({ ok: false, problem: refused('conflict', 'taken').problem, headers: KEPT }),
  }),
  {
    access: 'public',
    method: 'GET',
    path: '/page',
    operationId: 'page',
    summary: '',
    tag: '',
    request: {},
    responses: { 200: Type.String({ contentMediaType: 'text/html' }) },
    handle: () => ({
      ok: true,
      status: 200,
      text: '<p>"hello"</p>',
      contentType: 'text/html; charset=utf-8',
      headers: { 'content-security-policy': "default-src 'none'" },
    }),
  },
];

const servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.fastify.close()));
});

type StartOptions = {
  rateLimiter?: RateLimiter;
  crashes?: unknown[];
  trustProxy?: boolean;
  hosts?: ReadonlyMap<string, string>;
  watch?: RequestWatch;
  /** Of the face `one`. */
  headers?: Surface['headers'];
};

export function start(options: StartOptions = {}): HttpServer {
  const watch = options.watch === undefined ? {} : { watch: options.watch };
  const one = surface('one', '/one', options.headers);
  const two = surface('two', '');
  const server = createHttpServer({
    fallback: one,
    requestIds: createRequestIds({ now: Date.now, random: Math.random }),
    onCrash: (error) => options.crashes?.push(error),
    trustProxy: options.trustProxy ?? false,
    ...(options.hosts === undefined ? {} : { hosts: options.hosts }),
    ...watch,
  });
  servers.push(server);
  const caller = (actor: string, scopes: readonly Scope[]): Caller => ({
    organizationId: ORGANIZATION,
    actor,
    scopes: new Set(scopes),
    requestId: '',
    address: null,
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
    ...watch,
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

export type Request = {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT' | 'HEAD';
  url: string;
  token?: string | null;
  headers?: Record<string, string>;
  body?: string | Buffer;
  type?: string;
};

export async function ask(server: HttpServer, { method, url, token = 'all', headers = {}, body, type }: Request) {
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
  const isJson = response.headers['content-type']?.includes('json') === true;
  return {
    status: response.statusCode,
    headers: response.headers,
    text: response.body,
    json: isJson && response.body !== '' ? JSON.parse(response.body) : null,
  };
}

export const post = (body: string | Buffer, more: Partial<Request> = {}): Request => ({
  method: 'POST',
  url: '/one/things',
  type: 'application/json',
  body,
  ...more,
});
