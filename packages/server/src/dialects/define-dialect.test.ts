import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { NATIVE_ROTATION_POLICY } from '../domain/rotation-policy.ts';
import type { Scope } from '../domain/scope.ts';
import { apiKeys } from './authentication.ts';
import { clientCredentialsRoute } from './client-credentials.ts';
import { defineDialect, isDialect, scopeName } from './define-dialect.ts';
import type { DialectDefinition, Mount } from './dialect.ts';
import { keyRoute } from './dialect-route.ts';
import { acmeDialect } from './testing/acme.ts';

const { ids, problems, endpointDefaults } = acmeDialect();

const spin = keyRoute({
  method: 'POST',
  path: '/things/{id}/spin',
  operationId: 'spin',
  summary: 'Spin',
  tag: 'things',
  scopes: [],
  idempotent: true,
  request: { params: Type.Object({ id: Type.String() }) },
  responses: { 204: null },
  handle: () => ({ ok: true, status: 204, body: undefined }),
});

function definition(more: Partial<DialectDefinition> = {}): DialectDefinition {
  return {
    name: 'acme',
    title: 'Acme',
    description: '',
    version: '1',
    tokenPrefix: 'ac_live_',
    ids,
    problems,
    endpointDefaults,
    routes: [spin],
    ...more,
  };
}

/** As a user without types may write it. */
function withDefaults(more: object): Partial<DialectDefinition> {
  return { endpointDefaults: { ...endpointDefaults, ...more } };
}

/** As above. */
function misspelt(more: object): Partial<DialectDefinition> {
  return more;
}

describe('a definition', () => {
  it('gets what it leaves out', () => {
    expect(defineDialect(definition())).toMatchObject({
      mount: { prefix: '/acme' },
      authenticate: [apiKeys()],
      idempotencyHeaders: ['idempotency-key'],
      scopeAliases: {},
      rotationPolicyOf: 'dialect',
      organizationKeyring: null,
      archivedEndpoints: 'shown',
      secretsInEndpoints: false,
    });
  });

  it('keeps what it says', () => {
    const said = { mount: 'root', idempotencyHeaders: ['x-once'], headers: { version: '1' } } as const;
    expect(defineDialect(definition(said))).toMatchObject(said);
  });

  it('gets what it leaves undefined too', () => {
    const optional = 'mount headers scopeAliases authenticate fieldNames idempotencyHeaders rateLimitHeaders';
    const others = 'organizationKeyring securitySchemes archivedEndpoints secretsInEndpoints rotationPolicyOf';
    const names = `${optional} ${others}`.split(' ');
    const vague = Object.fromEntries(names.map((name) => [name, undefined])) as Partial<DialectDefinition>;
    const plain = defineDialect(definition());
    expect(defineDialect(definition(vague))).toEqual(plain);
  });

  it.each(['ac_live_', 'sk-live-', 'acme_v2-'])('may have the token prefix %s', (tokenPrefix) => {
    expect(defineDialect(definition({ tokenPrefix })).tokenPrefix).toBe(tokenPrefix);
  });

  it.each<[string, Partial<DialectDefinition>, string]>([
    ...(['jwt', 'bootstrap', 'local'] as const).map((name): [string, Partial<DialectDefinition>, string] => [
      `the name ${name}`,
      { name },
      'kind of caller',
    ]),
    ['a reserved name at a host of its own', { name: 'hookring', mount: { host: 'a.test' } }, '/hookring is reserved'],
    ['a reserved name at the root', { name: 'metrics', mount: 'root' }, '/metrics is reserved'],
    ['the name of a prefix of the native API', { name: 'v1', mount: { host: 'a.test' } }, '/v1 is reserved'],
    ['a token prefix in capitals', { tokenPrefix: 'SK_' }, 'token prefix'],
    ['a header that no client reads', { headers: { 'x-company': 'Café ☕' } }, '"x-company" is not printable ASCII'],
    ['a header over two lines', { headers: { 'x-company': 'a\r\nb' } }, '"x-company" is not printable ASCII'],
    ['a header of the framing', { headers: { 'content-length': '5' } }, "the server's own"],
    [
      'a header of the rate limit in capitals',
      { rateLimitHeaders: () => ({ 'X-Left': '1' }) },
      '"X-Left" must be lower',
    ],
    [
      'a name of a field that another one has in the engine',
      { fieldNames: { url: 'target', description: 'url' } },
      '"url" is a name of the engine and of the product',
    ],
    [
      'an alias for a misspelt scope',
      { scopeAliases: { 'hooks:write': ['endpoint:write' as Scope] } },
      '"endpoint:write"',
    ],
    ['an alias with a blank', { scopeAliases: { 'hooks write': ['endpoints:write'] } }, '"hooks write" is no name'],
    ['ways of its own that nothing describes', { authenticate: [() => null] }, 'securitySchemes'],
    [
      'tokens that open nothing',
      { routes: [spin, clientCredentialsRoute({ path: '/token' })] },
      'add accessTokens to authenticate',
    ],
    ['a status that is none', { problems: { ...problems, statuses: { not_found: 99 } } }, 'the status of not_found'],
    ['a content type over two lines', { problems: { ...problems, contentType: 'a\nb' } }, 'is no content type'],
    [
      'no words for a refusal without fields',
      { problems: { ...problems, encode: ({ errors }) => ({ why: errors![0]!.detail }) } },
      'it has no words for invalid_body without errors: Cannot read',
    ],
    [
      'no words for a refusal with fields',
      { problems: { ...problems, encode: ({ errors }) => ({ many: errors === undefined ? 0 : 1n }) } },
      'it has no words for invalid_body with errors: ',
    ],
    ['no words at all', { problems: { ...problems, encode: () => undefined } }, 'are no JSON'],
    ['a nonsense signature profile', withDefaults({ signatureProfile: { nonsense: 1 } }), 'its signatureProfile'],
    ['a nonsense envelope', withDefaults({ envelope: { members: [] } }), 'its envelope'],
    ['a retry in the past', withDefaults({ retrySchedule: [-5] }), 'its retrySchedule delay 1'],
    ['retries as texts', withDefaults({ retrySchedule: ['5'] }), 'its retrySchedule must be'],
    [
      'an empty rotation policy',
      withDefaults({ rotationPolicy: {} }),
      'endpointDefaults.rotationPolicy leaves out grace',
    ],
    [
      'a rotation policy without a part of its grace',
      withDefaults({ rotationPolicy: { ...NATIVE_ROTATION_POLICY, grace: {} } }),
      'leaves out grace.defaultSeconds',
    ],
    [
      'a rotation policy that contradicts itself',
      withDefaults({
        rotationPolicy: {
          ...NATIVE_ROTATION_POLICY,
          grace: { defaultSeconds: 7, minSeconds: 100, maxSeconds: 5, whenOmitted: 'default' },
        },
      }),
      'rotationPolicy/grace/minSeconds must not be above',
    ],
    ['an empty catalogue', withDefaults({ catalogue: [] }), 'its catalogue'],
    [
      'a catalogue of what is no event type',
      withDefaults({ catalogue: ['a.b', 'a b'] }),
      '"a b", which is no event type',
    ],
    [
      'a spelling of secrets that nobody knows',
      withDefaults({ secretSpelling: 'zzz' }),
      'secretSpelling must be one of',
    ],
    [
      'nonsense for the ring of an organization',
      { organizationKeyring: { rotationPolicy: { ...NATIVE_ROTATION_POLICY, maxLive: 0 }, secretSpelling: 'hex' } },
      'its organizationKeyring.rotationPolicy/maxLive',
    ],
    [
      'two schemas of one name',
      {
        routes: [
          { ...spin, responses: { 200: Type.String({ $id: 'Thing' }) } },
          { ...spin, path: '/other/{id}', operationId: 'b', responses: { 200: Type.Integer({ $id: 'Thing' }) } },
        ],
      },
      'two different schemas have the $id "Thing"',
    ],
    ['a name with capitals', { name: 'Acme' }, 'its name'],
    ['a prefix without a slash', { mount: { prefix: 'acme' } }, 'is no prefix'],
    ['no title', { title: undefined as unknown as string }, 'it has no title'],
    ['no name', { name: undefined as unknown as string }, 'it has no name'],
    ['a mount that is no place', { mount: {} as unknown as Mount }, "its mount must be 'root'"],
    ['a mount of another word', { mount: 'top' as unknown as Mount }, "its mount must be 'root'"],
    ['a way that is a word', { authenticate: ['apiKeys'] as unknown as [] }, 'a way to authenticate is'],
    [
      'rate limits that answer nothing',
      { rateLimitHeaders: () => undefined as unknown as Record<string, string> },
      'must answer an object',
    ],
    ['a method of its own', { routes: [{ ...spin, method: 'FETCH' as 'GET' }] }, 'its method must be one of'],
    [
      'a scope that is none',
      { routes: [{ ...spin, scopes: ['nope' as Scope] } as typeof spin] },
      'the scope "nope", which is none',
    ],
    ['a prefix that climbs', { mount: { prefix: '/../v2' } }, 'is no prefix'],
    ['a prefix with a slash at its end', { mount: { prefix: '/acme/' } }, 'is no prefix'],
    ['the prefix of a path of the server', { mount: { prefix: '/metrics' } }, 'reserved'],
    ['the prefix of the native API', { mount: { prefix: '/v1' } }, 'reserved'],
    ['a prefix inside of the other place of the native API', { mount: { prefix: '/hookring/v1' } }, 'reserved'],
    ['a host with a port', { mount: { host: 'acme.test:80' } }, 'is no host name'],
    ['a host in capitals', { mount: { host: 'Acme.test' } }, 'is no host name'],
    ['a token prefix that runs into the token', { tokenPrefix: 'aclive' }, 'token prefix'],
    ['a member that is none', misspelt({ archivedEndpoint: 'hidden' }), 'no member "archivedEndpoint"'],
    ['a member that every object has', misspelt({ toString: () => '' }), 'no member "toString"'],
    ['another word for archived', misspelt({ archivedEndpoints: 'gone' }), 'archivedEndpoints must be one of shown'],
    ['the policy of nobody', misspelt({ rotationPolicyOf: 'nobody' }), 'rotationPolicyOf must be one of dialect'],
    ['a text for a yes', misspelt({ secretsInEndpoints: 'no' }), 'secretsInEndpoints must be one of true'],
    [
      'a status for no code',
      misspelt({ problems: { ...problems, statuses: { nope: 400 } } }),
      'a status to "nope", which is no error code',
    ],
    ['a name of a field with a blank', { fieldNames: { graceSeconds: 'a b' } }, '"a b" is the name of no field'],
    ...['authorization', 'cookie', 'proxy-authorization'].map((name): [string, Partial<DialectDefinition>, string] => [
      `credentials for an idempotency key: ${name}`,
      { idempotencyHeaders: ['idempotency-key', name] },
      `"${name}" is no idempotency key`,
    ]),
    ...['cache-control', 'x-content-type-options', 'x-request-id'].map(
      (name): [string, Partial<DialectDefinition>, string] => [
        `a header that is the server's: ${name}`,
        { headers: { [name]: 'public' } },
        `"${name}" is the server's own`,
      ],
    ),
    ['two ways for API keys', { authenticate: [apiKeys(), apiKeys({ hash: () => '' })] }, 'it has apiKeys twice'],
    ['nobody let in', { authenticate: [] }, 'no way to authenticate'],
    ['a header in capitals', { headers: { Version: '1' } }, '"Version" must be lower-case'],
    ['an idempotency header in capitals', { idempotencyHeaders: ['X-Once'] }, '"X-Once" must be lower-case'],
    ['another name for what is no field', { fieldNames: { '/url': 'target' } }, '"/url" is the name of no field'],
    ['a path without a slash', { routes: [{ ...spin, path: 'things' }] }, 'is no path'],
    ['a path of its document', { routes: [{ ...spin, path: '/openapi.json' }] }, 'reserved'],
    ['a path of the server, should it stand at the root', { routes: [{ ...spin, path: '/healthz' }] }, 'reserved'],
    [
      'a place that stands twice',
      { routes: [spin, { ...spin, path: '/things/{other}/spin', operationId: 'b' }] },
      'stands twice',
    ],
    [
      'an operation that stands twice',
      { routes: [spin, { ...spin, path: '/other/{id}' }] },
      'operation spin stands twice',
    ],
    ['params that the path does not name', { routes: [{ ...spin, path: '/things' }] }, 'name different things'],
    ['an Idempotency-Key beside POST', { routes: [{ ...spin, method: 'PATCH' }] }, 'only POST'],
    ['a route without a response', { routes: [{ ...spin, responses: {} }] }, 'no response'],
  ])('is refused with %s', (_name, more, message) => {
    expect(() => defineDialect(definition(more))).toThrow(message);
  });

  it('is told from what only looks like one', () => {
    const dialect = defineDialect(definition());
    expect([dialect, { ...dialect }, definition(), null, 'acme'].map(isDialect)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it('says a scope by its narrowest alias', () => {
    const scopeAliases = {
      'webhooks:all': ['endpoints:read', 'endpoints:write'],
      'webhooks:read': ['endpoints:read'],
    } as const;
    expect(scopeName({ scopeAliases }, 'endpoints:read')).toBe('webhooks:read');
    expect(scopeName({ scopeAliases }, 'endpoints:write')).toBe('webhooks:all');
    expect(scopeName({ scopeAliases }, 'events:read')).toBe('events:read');
  });
});
