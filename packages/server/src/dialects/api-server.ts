import type { AppContext } from '../app/context.ts';
import type { Clock, Random } from '../domain/clock.ts';
import type { CrashSink } from '../http/crash.ts';
import { createRateLimiter, type RateLimitSetting } from '../http/rate-limit.ts';
import { createRequestIds } from '../http/request-id.ts';
import type { RequestWatch } from '../http/request-watch.ts';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../http/server.ts';
import { mountDialect, surfaceOf } from './mount-dialect.ts';
import type { Arrangement } from './mounts.ts';
import { nativeDialect } from './native/native.ts';

export type ApiServerOptions = {
  readonly app: AppContext;
  /** The dialects beside the native one, and where all of them stand. */
  readonly arrangement: Arrangement;
  readonly clock: Clock;
  readonly random: Random;
  readonly onCrash: CrashSink;
  readonly trustProxy: HttpServerOptions['trustProxy'];
  /** null: no limit. */
  readonly rateLimit: RateLimitSetting | null;
  /** Counts and logs requests; nothing does without it. */
  readonly watch?: RequestWatch;
};

/** The server with every dialect on it. The one at the root, else the native one, answers for paths of none. */
export function createApiServer(options: ApiServerOptions): HttpServer {
  const { app, arrangement, clock, random, onCrash, trustProxy, rateLimit } = options;
  const { mounted, nativePrefix } = arrangement;
  const watched = options.watch === undefined ? {} : { watch: options.watch };
  const native = nativeDialect(mounted);
  const all = [{ dialect: native, prefix: nativePrefix, host: null }, ...mounted];
  const root = mounted.find(({ prefix }) => prefix === '');
  const server = createHttpServer({
    fallback: root === undefined ? surfaceOf(native, nativePrefix) : surfaceOf(root.dialect, ''),
    requestIds: createRequestIds({ now: () => clock.now(), random }),
    hosts: new Map(mounted.flatMap(({ host, prefix }) => (host === null ? [] : [[host, prefix] as const]))),
    onCrash,
    trustProxy,
    ...watched,
  });
  const rateLimiter = rateLimit === null ? null : createRateLimiter(rateLimit, () => clock.monotonic());
  for (const place of all) mountDialect(server, place, { app, onCrash, rateLimiter, ...watched });
  return server;
}
