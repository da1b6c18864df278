import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { type DialectDefinition, defineDialect, keyRoute, scopeName } from './define-dialect.ts';
import { nativeDialect } from './native/native.ts';

const { endpointDefaults, ids, problems } = nativeDialect();

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
    const dialect = defineDialect(definition());
    expect(dialect.prefix).toBe('/acme');
    expect(dialect.idempotencyHeaders).toEqual(['idempotency-key']);
  });

  it.each<[string, Partial<DialectDefinition>, string]>([
    ['a name with capitals', { name: 'Acme' }, 'its name'],
    ['a prefix without a slash', { prefix: 'acme' }, 'is no prefix'],
    ['a reserved prefix', { prefix: '/metrics' }, 'reserved'],
    ['a token prefix that runs into the token', { tokenPrefix: 'aclive' }, 'token prefix'],
    ['a path without a slash', { routes: [{ ...spin, path: 'things' }] }, 'is no path'],
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
