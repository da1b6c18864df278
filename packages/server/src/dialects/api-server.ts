import type { Clock, Random } from '../domain/clock.ts';
import type { CrashSink } from '../http/crash.ts';
import { createRateLimiter, type RateLimitSetting } from '../http/rate-limit.ts';
import { createRequestIds } from '../http/request-id.ts';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../http/server.ts';
import type { Services } from './define-dialect.ts';
import { mountDialect, surfaceOf } from './mount-dialect.ts';
import { nativeDialect } from './native/native.ts';

export type ApiServerOptions = {
  readonly services: Services;
  readonly clock: Clock;
  readonly random: Random;
  readonly onCrash: CrashSink;
  readonly trustProxy: HttpServerOptions['trustProxy'];
  /** null: no limit. */
  readonly rateLimit: RateLimitSetting | null;
};

/** The server with every dialect on it. The native one also answers for paths that belong to none. */
export function createApiServer(options: ApiServerOptions): HttpServer {
  const { services, clock, random, onCrash, trustProxy, rateLimit } = options;
  const native = nativeDialect();
  const requestIds = createRequestIds({ now: () => clock.now(), random });
  const server = createHttpServer({ fallback: surfaceOf(native), requestIds, onCrash, trustProxy });
  const rateLimiter = rateLimit === null ? null : createRateLimiter(rateLimit, () => clock.monotonic());
  mountDialect(server, native, { services, onCrash, rateLimiter });
  return server;
}
