import type { FastifyReply, FastifyRequest } from 'fastify';

type Who = { readonly organizationId: string; readonly actor: string };

/** Is told of every answer to one operation. */
export type RouteWatch = {
  /** `durationMs` is null for what was not timed, `who` for a caller that nobody knows. Must allocate nothing. */
  answered(status: number, durationMs: number | null, requestId: string, who: Who | null): void;
};

/** What counts and logs requests. */
export type RequestWatch = {
  readonly monotonic: () => number;
  route(dialect: string, operation: string): RouteWatch;
  rateLimited(dialect: string): void;
};

const UNWATCHED_ROUTE: RouteWatch = { answered: () => {} };
export const UNWATCHED: RequestWatch = {
  monotonic: () => 0,
  route: () => UNWATCHED_ROUTE,
  rateLimited: () => {},
};

/** The operation of a request that no route takes. */
export const NO_OPERATION = 'unknown';

/** Watches what no route takes, by the dialect that says so. */
export function watchMissing(watch: RequestWatch): (dialect: string, reply: FastifyReply, requestId: string) => void {
  const routes = new Map<string, RouteWatch>();
  return (dialect, reply, requestId) => {
    let route = routes.get(dialect);
    if (route === undefined) {
      route = watch.route(dialect, NO_OPERATION);
      routes.set(dialect, route);
    }
    route.answered(reply.statusCode, null, requestId, null);
  };
}

/** Where a request keeps the time of its head. */
export const STARTED = 'hookringStartedAt';
type Started = { [STARTED]: number };

export function setStarted(request: FastifyRequest, at: number): void {
  // Declared by the plugin of its surface, as its caller is.
  (request as unknown as Started)[STARTED] = at;
}

/** 0: it ended before any route had it. */
export function startedAt(request: FastifyRequest): number {
  return (request as unknown as Started)[STARTED]; // As above.
}
