import { SCOPES } from '../domain/scope.ts';
import type { SecurityScheme } from '../http/openapi-document.ts';
import type { AuthenticationWay } from './authentication.ts';
import { tokenPathOf } from './client-credentials.ts';
import type { Dialect } from './dialect.ts';

/** How a document says who may call: what the ways of a dialect look like from outside. */
export function securitySchemesOf(dialect: Dialect, prefix: string): Readonly<Record<string, SecurityScheme>> {
  const schemes = dialect.authenticate.flatMap((way) => schemeOf(way, dialect, prefix));
  return { ...Object.fromEntries(schemes), ...dialect.securitySchemes };
}

function schemeOf(
  way: AuthenticationWay,
  dialect: Dialect,
  prefix: string,
): readonly (readonly [string, SecurityScheme])[] {
  // A way of one's own may look at anything; the dialect says what in `securitySchemes`.
  if (typeof way === 'function') return [];
  switch (way.kind) {
    case 'apiKeys':
      return [
        [
          'key',
          { type: 'http', scheme: 'bearer', description: `An API key, for example \`${dialect.tokenPrefix}…\`.` },
        ],
      ];
    case 'sessionJwts': {
      const description = 'A JWT of a logged-in user, where the operator configured an issuer.';
      return [['session', { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description }]];
    }
    case 'accessTokens': {
      const path = tokenPathOf(dialect.routes);
      if (path === null) return [];
      return [
        [
          'token',
          { type: 'oauth2', flows: { clientCredentials: { tokenUrl: `${prefix}${path}`, scopes: scopesOf(dialect) } } },
        ],
      ];
    }
  }
}

/** The dialect's own names with what each opens, or the native ones where it has none. */
function scopesOf({ scopeAliases, documentsOperators }: Dialect): Readonly<Record<string, string>> {
  const aliases = Object.entries(scopeAliases).map(([name, scopes]) => [name, scopes.join(', ')] as const);
  return Object.fromEntries(
    aliases.length > 0
      ? aliases
      : SCOPES.filter((name) => documentsOperators || name !== 'operator').map((name) => [name, '']),
  );
}

/** With what a client that was not let in may come again; what takes no bearer token has a scheme of its own name. */
export function challengeOf(dialect: Dialect): string {
  const schemes = Object.values(securitySchemesOf(dialect, ''));
  const takes = (name: string): boolean => schemes.some((one) => one.type === 'http' && one.scheme === name);
  if (takes('bearer') || schemes.some(({ type }) => type === 'oauth2')) return 'Bearer';
  return takes('basic') ? `Basic realm="${dialect.name}", charset="UTF-8"` : dialect.name;
}
