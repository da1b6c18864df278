import { Type } from 'typebox';
import { authenticate, type Credentials } from '../app/access.ts';
import type { Caller } from '../app/caller.ts';
import type { Outcome } from '../app/outcome.ts';
import type { CrashSink } from '../http/crash.ts';
import { mountSurface } from '../http/mount.ts';
import { openApiDocument } from '../http/openapi.ts';
import type { RateLimiter } from '../http/rate-limit.ts';
import type { HttpServer } from '../http/server.ts';
import type { Surface } from '../http/surface.ts';
import { type Dialect, type DialectRoute, publicRoute, type Services, scopeName } from './define-dialect.ts';

export type DialectDeps = {
  readonly services: Services;
  readonly onCrash: CrashSink;
  /** Shared by all dialects, since a key works in all of them; null: no limit. */
  readonly rateLimiter: RateLimiter | null;
};

const OPENAPI_PATH = '/openapi.json';

/** The part of a dialect that the server needs; also fit as the server's fallback. */
export function surfaceOf(dialect: Dialect, prefix: string = dialect.prefix): Surface {
  return {
    name: dialect.name,
    prefix,
    encodeProblem: dialect.problems.encode,
    idempotencyHeaders: dialect.idempotencyHeaders,
    rateLimitHeaders: dialect.rateLimitHeaders,
  };
}

/** Puts a dialect on the server, under its own prefix or, with `''`, at the root. */
export function mountDialect(
  server: HttpServer,
  dialect: Dialect,
  deps: DialectDeps,
  prefix: string = dialect.prefix,
): void {
  const { services, onCrash, rateLimiter } = deps;
  mountSurface(server, surfaceOf(dialect, prefix), [...dialect.routes, openApiRoute(dialect, prefix)], {
    services,
    authenticate: (credentials) => counted(services, credentials),
    onCrash,
    rateLimiter,
    scopeName: (scope) => scopeName(dialect, scope),
  });
}

/** Who asks; a refusal is counted. */
function counted(services: Services, credentials: Credentials): ReturnType<typeof authenticate> {
  const outcome = authenticate(services, credentials);
  if (outcome instanceof Promise) return outcome.then((answer) => told(services, credentials, answer));
  return told(services, credentials, outcome);
}

function told(services: Services, { requestId }: Credentials, outcome: Outcome<Caller>): Outcome<Caller> {
  if (!outcome.ok) services.telemetry.accessRefused({ code: outcome.problem.code, requestId });
  return outcome;
}

/** The OpenAPI 3.1 document of a dialect that stands at `prefix`. */
export function dialectDocument(dialect: Dialect, prefix: string = dialect.prefix): Record<string, unknown> {
  const { title, version, description } = dialect;
  return openApiDocument(
    {
      title,
      version,
      description,
      prefix,
      problemContentType: dialect.problems.contentType,
      problemSchema: dialect.problems.schema,
      tokenExample: `${dialect.tokenPrefix}…`,
      idempotencyHeader: dialect.idempotencyHeaders[0] ?? 'idempotency-key',
      scopeName: (scope) => scopeName(dialect, scope),
    },
    dialect.routes,
  );
}

function openApiRoute(dialect: Dialect, prefix: string): DialectRoute {
  let text: string | null = null;
  return publicRoute({
    method: 'GET',
    path: OPENAPI_PATH,
    operationId: 'readOpenApi',
    summary: 'This document',
    tag: 'meta',
    request: {},
    responses: { 200: Type.Unknown() },
    handle: () => ({ ok: true, status: 200, body: null }),
    serialize: () => (text ??= JSON.stringify(dialectDocument(dialect, prefix))),
  });
}
