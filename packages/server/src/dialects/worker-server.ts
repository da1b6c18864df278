import { createRequestIds } from '../http/request-id.ts';
import { createHttpServer, type HttpServer } from '../http/server.ts';
import type { ApiServerOptions } from './api-server.ts';
import { surfaceOf } from './mount-dialect.ts';
import { nativeDialect } from './native/native.ts';

const NO_API = 'this server has the role worker: it delivers and has no API. Ask a server with the role api or all';

/** The server of a node that has no API: only the paths of the server itself are there, and it says why. */
export function createWorkerServer(options: ApiServerOptions): HttpServer {
  const { arrangement, clock, random, onCrash, trustProxy, watch } = options;
  const native = surfaceOf(nativeDialect(arrangement.mounted), arrangement.nativePrefix);
  return createHttpServer({
    fallback: {
      ...native,
      encodeProblem: (problem, request) =>
        native.encodeProblem(problem.code === 'not_found' ? { ...problem, detail: NO_API } : problem, request),
    },
    requestIds: createRequestIds({ now: () => clock.now(), random }),
    onCrash,
    trustProxy,
    ...(watch === undefined ? {} : { watch }),
  });
}
