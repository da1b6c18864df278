import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { namesOfScopes, SCOPES, scopesOf, scopesOfAll } from './scope.ts';

const ALIASES = {
  'webhooks:read': ['endpoints:read', 'deliveries:read'],
  'webhooks:all': ['endpoints:read', 'endpoints:write'],
  'events:read': ['events:write'],
  nothing: [],
} as const;

describe('the names of scopes', () => {
  it('mean what an alias says, else the native scope, else nothing', () => {
    expect(scopesOf('webhooks:all', ALIASES)).toEqual(['endpoints:read', 'endpoints:write']);
    expect(scopesOf('events:read', ALIASES)).toEqual(['events:write']);
    expect(scopesOf('events:read', {})).toEqual(['events:read']);
    for (const name of ['', 'webhooks', 'toString', '__proto__']) expect(scopesOf(name, ALIASES)).toBeNull();
    expect([...scopesOfAll(['webhooks:all', 'x', 'endpoints:read', 'operator'], ALIASES)]).toEqual([
      'endpoints:read',
      'endpoints:write',
      'operator',
    ]);
  });

  it('say a set of scopes and never more than it', () => {
    const named = (...scopes: (typeof SCOPES)[number][]) => namesOfScopes(new Set(scopes), ALIASES);
    expect(named('endpoints:read', 'deliveries:read', 'operator')).toEqual(['webhooks:read', 'operator']);
    expect(named('endpoints:read')).toEqual(['endpoints:read']);
    expect(named()).toEqual([]);
    fc.assert(
      fc.property(fc.subarray([...SCOPES]), (scopes) => {
        for (const scope of scopesOfAll(named(...scopes), ALIASES)) expect(scopes).toContain(scope);
      }),
    );
  });
});
