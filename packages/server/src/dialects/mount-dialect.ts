import type { AppContext } from '../app/context.ts';
import type { CrashSink } from '../http/crash.ts';
import { mountSurface } from '../http/mount.ts';
import type { RateLimiter } from '../http/rate-limit.ts';
import type { RequestWatch } from '../http/request-watch.ts';
import type { HttpServer } from '../http/server.ts';
import type { Surface } from '../http/surface.ts';
import { compileAuthentication } from './authenticate-request.ts';
import { type Conduct, type DialectServices, INSIDE } from './conduct.ts';
import { scopeName } from './define-dialect.ts';
import type { Dialect } from './dialect.ts';
import { documentRoutes } from './document-routes.ts';
import type { MountedDialect } from './mounts.ts';
import { problemEncoder } from './problem-words.ts';
import { challengeOf } from './security-schemes.ts';

export type DialectDeps = {
  readonly app: AppContext;
  readonly onCrash: CrashSink;
  /** Shared by all dialects, since a key works in all of them; null: no limit. */
  readonly rateLimiter: RateLimiter | null;
  readonly watch?: RequestWatch;
};

/** The part of a dialect that the server needs; also fit as the server's fallback. */
export function surfaceOf(dialect: Dialect, prefix: string): Surface {
  return {
    name: dialect.name,
    prefix,
    encodeProblem: problemEncoder(dialect),
    idempotencyHeaders: dialect.idempotencyHeaders,
    rateLimitHeaders: dialect.rateLimitHeaders,
    headers: dialect.headers,
    challenge: challengeOf(dialect),
  };
}

/** Puts a dialect on the server where it has its place. */
export function mountDialect(server: HttpServer, place: MountedDialect, deps: DialectDeps): void {
  const { app, onCrash, rateLimiter, watch } = deps;
  const { dialect, prefix } = place;
  mountSurface(server, surfaceOf(dialect, prefix), [...dialect.routes, ...documentRoutes(place)], {
    services: servicesOf(app, dialect),
    authenticate: compileAuthentication({ ...dialect, prefix }, app),
    onCrash,
    rateLimiter,
    scopeName: (scope) => scopeName(dialect, scope),
    ...(watch === undefined ? {} : { watch }),
  });
}

function servicesOf(app: AppContext, dialect: Dialect): DialectServices {
  return { now: () => app.clock.now(), [INSIDE]: { app, conduct: conductOf(dialect) } };
}

function conductOf(dialect: Dialect): Conduct {
  const { organizationKeyring, endpointDefaults, rotationPolicyOf } = dialect;
  return {
    dialect: dialect.name,
    scopeAliases: dialect.scopeAliases,
    keyHash: dialect.authenticate.find((way) => typeof way === 'object' && way.kind === 'apiKeys')?.hash ?? null,
    endpointDefaults,
    endpointRotations: rotationPolicyOf === 'dialect' ? endpointDefaults.rotationPolicy : null,
    organizationRotations: organizationKeyring?.rotationPolicy ?? null,
    organizationSecretSpelling: organizationKeyring?.secretSpelling ?? 'whsec',
    archivedEndpoints: dialect.archivedEndpoints,
    secretsInEndpoints: dialect.secretsInEndpoints,
  };
}
