import type { Scope } from '../domain/scope.ts';
import { draftRateLimitHeaders } from '../http/rate-limit.ts';
import { apiKeys } from './authentication.ts';
import type { Dialect, DialectDefinition } from './dialect.ts';
import { dialectFault } from './dialect-faults.ts';

const defined = new WeakSet<object>();

/** Completes a dialect and refuses one that could not work; a broken definition is a broken program. */
export function defineDialect(definition: DialectDefinition): Dialect {
  const dialect: Dialect = {
    mount: { prefix: `/${definition.name}` },
    scopeAliases: {},
    authenticate: [apiKeys()],
    securitySchemes: {},
    documentsOperators: false,
    fieldNames: {},
    idempotencyHeaders: ['idempotency-key'],
    rateLimitHeaders: draftRateLimitHeaders,
    headers: {},
    rotationPolicyOf: 'dialect',
    organizationKeyring: null,
    archivedEndpoints: 'shown',
    secretsInEndpoints: false,
    ...said(definition),
  };
  const fault = dialectFault(dialect);
  if (fault !== null) throw new TypeError(`dialect "${dialect.name}": ${fault}`);
  defined.add(dialect);
  return dialect;
}

/** A member that is there and undefined says nothing: spread as it is, it would take the place of the default. */
function said(definition: DialectDefinition): DialectDefinition {
  const members = Object.entries(definition).filter(([, value]) => value !== undefined);
  return Object.fromEntries(members) as DialectDefinition; // The same members, but for those that say nothing.
}

/** Whether a value of a configuration file came from `defineDialect`. */
export function isDialect(value: unknown): value is Dialect {
  return typeof value === 'object' && value !== null && defined.has(value);
}

/** A scope as the holder of this dialect's keys knows it: the narrowest alias that gives it, else the native name. */
export function scopeName(dialect: Pick<Dialect, 'scopeAliases'>, scope: Scope): string {
  const aliases = Object.entries(dialect.scopeAliases).filter(([, scopes]) => scopes.includes(scope));
  const [narrowest] = aliases.sort(([, a], [, b]) => a.length - b.length);
  return narrowest?.[0] ?? scope;
}
