import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { apiKeys } from './authentication.ts';
import { defineDialect, isDialect, scopeName } from './define-dialect.ts';
import type { DialectDefinition } from './dialect.ts';
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

  it.each<[string, Partial<DialectDefinition>, string]>([
    ['a name with capitals', { name: 'Acme' }, 'its name'],
    ['a prefix without a slash', { mount: { prefix: 'acme' } }, 'is no prefix'],
    ['a prefix that climbs', { mount: { prefix: '/../v2' } }, 'is no prefix'],
    ['a prefix with a slash at its end', { mount: { prefix: '/acme/' } }, 'is no prefix'],
    ['the prefix of a path of the server', { mount: { prefix: '/metrics' } }, 'reserved'],
    ['the prefix of the native API', { mount: { prefix: '/v1' } }, 'reserved'],
    ['a prefix inside of the other place of the native API', { mount: { prefix: '/hookring/v1' } }, 'reserved'],
    ['a host with a port', { mount: { host: 'acme.test:80' } }, 'is no host name'],
    ['a host in capitals', { mount: { host: 'Acme.test' } }, 'is no host name'],
    ['a token prefix that runs into the token', { tokenPrefix: 'aclive' }, 'token prefix'],
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
