import type { FastifyInstance } from 'fastify';

/** What a trace says of the request in which something came. */
type TracedRequest = {
  readonly arrivedAt: number;
  readonly requestId: string;
  readonly method: string;
  readonly route: string | undefined;
  readonly traceparent: string | undefined;
};

export type RequestTracing = {
  readonly monotonic: () => number;
  readonly run: (request: TracedRequest, handle: () => void) => void;
};

/** Lets traces know the request. A server without tracing has none of these hooks. */
export function traceRequests(fastify: FastifyInstance, tracing: RequestTracing): void {
  const arrivals = new WeakMap<object, number>();
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (request.method === 'POST') arrivals.set(request, tracing.monotonic());
    done();
  });
  // Only once the body is in: what reads it runs in the context of the connection.
  fastify.addHook('preHandler', (request, _reply, done) => {
    const arrivedAt = arrivals.get(request);
    if (arrivedAt === undefined) {
      done();
      return;
    }
    const { traceparent } = request.headers;
    const { id: requestId, method, routeOptions } = request;
    const sent = typeof traceparent === 'string' ? traceparent : undefined;
    tracing.run({ arrivedAt, requestId, method, route: routeOptions.url, traceparent: sent }, done);
  });
}
