import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../app/caller.ts';
import { refused } from '../app/outcome.ts';
import type { Problem } from '../domain/error-registry.ts';
import type { Scope } from '../domain/scope.ts';
import {
  type Authenticate,
  callerOf,
  decorateWithCaller,
  factsOf,
  knownCallerOf,
  refuseMissingScope,
  setCaller,
} from './authentication.ts';
import { askedPath, type CrashSink, crashFacts, problemOf } from './crash.ts';
import { readIdempotencyKey } from './idempotency.ts';
import type { RateLimiter } from './rate-limit.ts';
import { guardedSurface, sendProblem, sendReply, sendWordless } from './reply.ts';
import { compileRequest, idempotencyOf, type RequestReader } from './request.ts';
import { type RequestWatch, type RouteWatch, STARTED, setStarted, startedAt, UNWATCHED } from './request-watch.ts';
import type { KeyRoute, Route, RouteReply, TextReply } from './route.ts';
import type { HttpServer } from './server.ts';
import type { Surface } from './surface.ts';

export type MountDeps<S> = {
  readonly services: S;
  readonly authenticate: Authenticate;
  readonly onCrash: CrashSink;
  /** null: no limit. */
  readonly rateLimiter: RateLimiter | null;
  /** A scope in the words of the surface, for refusals. */
  readonly scopeName: (scope: Scope) => string;
  /** Nothing is counted or logged without it. */
  readonly watch?: RequestWatch;
};

/** Everything that the handlers of one surface share. */
type Mounted<S> = { readonly surface: Surface; readonly deps: MountDeps<S>; readonly watch: RequestWatch };

/** Puts a surface's routes on the server, as one plugin with hooks and parsers of its own. */
export function mountSurface<S>(
  server: HttpServer,
  surface: Surface,
  routes: readonly Route<S>[],
  deps: MountDeps<S>,
): void {
  const watch = deps.watch ?? UNWATCHED;
  const mounted: Mounted<S> = { surface: guardedSurface(surface, deps.onCrash), deps, watch };
  server.surfaces.add(mounted.surface);
  server.fastify.register(
    async (instance) => {
      decorateWithCaller(instance);
      instance.decorateRequest(STARTED, 0);
      // Whatever the content type is, the bytes come first; the route says what it makes of them.
      instance.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
      for (const route of routes) addRoute(instance, mounted, route);
    },
    { prefix: surface.prefix },
  );
}

function addRoute<S>(instance: FastifyInstance, mounted: Mounted<S>, route: Route<S>): void {
  const read = compileRequest(route.request);
  const serialize = route.serialize === undefined ? JSON.stringify : route.serialize.bind(route);
  const { bodyBytesMax } = route.request;
  const { monotonic } = mounted.watch;
  const watch = mounted.watch.route(mounted.surface.name, route.operationId);
  function tell(request: FastifyRequest, reply: FastifyReply): void {
    tellAnswer(watch, monotonic(), request, reply);
  }
  instance.route({
    method: route.method,
    url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    ...(bodyBytesMax === undefined ? {} : { bodyLimit: bodyBytesMax }),
    onRequest: (request, reply, done) => {
      setStarted(request, monotonic());
      if (route.access === 'key') admit(mounted, route, request, reply, done, tell);
      else done();
    },
    // What the framework finds wrong once the route has the request: most often with its body.
    errorHandler: (error, request, reply) => {
      refuse(mounted, request, reply, crashed(mounted, error, request));
      tell(request, reply);
    },
    handler: async (request, reply) => {
      try {
        const answer = await run(mounted, route, read, request);
        if (answer.ok) sendReply(reply, request.id, mounted.surface, answer, serialize);
        else {
          for (const name in answer.headers) reply.header(name, answer.headers[name]);
          refuse(mounted, request, reply, answer.problem);
        }
      } catch (error) {
        refuse(mounted, request, reply, crashed(mounted, error, request));
      }
      tell(request, reply);
    },
  });
}

/** Lets a request in before its body is read; without a promise when memory knows the key. */
function admit<S>(
  mounted: Mounted<S>,
  route: KeyRoute<S>,
  request: FastifyRequest,
  reply: FastifyReply,
  done: () => void,
  tell: (request: FastifyRequest, reply: FastifyReply) => void,
): void {
  const settle = (outcome: Awaited<ReturnType<Authenticate>>): void => {
    if (!outcome.ok) {
      end(mounted, request, reply, outcome.problem, tell);
      return;
    }
    const caller = outcome.value;
    setCaller(request, caller);
    const problem =
      overRate(mounted, caller, reply) ?? refuseMissingScope(caller, route.scopes, mounted.deps.scopeName)?.problem;
    if (problem === undefined) done();
    else end(mounted, request, reply, problem, tell);
  };
  const crash = (error: unknown): void => end(mounted, request, reply, crashed(mounted, error, request), tell);
  try {
    const outcome = mounted.deps.authenticate(factsOf(request));
    if (outcome instanceof Promise) outcome.then(settle).catch(crash);
    else settle(outcome);
  } catch (error) {
    crash(error);
  }
}

/** The end of a request that is not let in. */
function end<S>(
  mounted: Mounted<S>,
  request: FastifyRequest,
  reply: FastifyReply,
  problem: Problem,
  tell: (request: FastifyRequest, reply: FastifyReply) => void,
): void {
  refuse(mounted, request, reply, problem);
  tell(request, reply);
}

function overRate<S>(mounted: Mounted<S>, caller: Caller, reply: FastifyReply): Problem | null {
  const { rateLimiter } = mounted.deps;
  if (rateLimiter === null) return null;
  const state = rateLimiter.take(bucketOf(caller));
  const headers = mounted.surface.rateLimitHeaders(state);
  for (const name in headers) reply.header(name, headers[name]);
  if (state.allowed) return null;
  mounted.watch.rateLimited(mounted.surface.name);
  const { retryAfterSeconds } = state;
  return refused('rate_limited', `try again in ${retryAfterSeconds} s`, { retryAfterSeconds }).problem;
}

/**
 * A dialect's own way may call people of two organizations by one name, and one must not use up what the other has.
 * An operator is one caller for whichever organization it acts: otherwise each would add to what it may ask.
 */
function bucketOf({ actor, organizationId, scopes }: Caller): string {
  return scopes.has('operator') ? actor : `${actor}@${organizationId}`;
}

function run<S>(
  mounted: Mounted<S>,
  route: Route<S>,
  read: RequestReader,
  request: FastifyRequest,
): RouteReply | TextReply | Promise<RouteReply | TextReply> {
  const input = read(request);
  if (!input.ok) return input;
  const { services } = mounted.deps;
  const { operationId } = route;
  const { headers } = request;
  const requestId = request.id;
  if (route.access === 'public') {
    const { protocol } = request;
    return route.handle({ services, operationId, requestId, headers, protocol }, input.input);
  }
  const caller = callerOf(request);
  if (!route.idempotent) {
    return route.handle({ services, operationId, requestId, headers, caller, idempotency: null }, input.input);
  }
  const key = readIdempotencyKey(headers, mounted.surface.idempotencyHeaders);
  if (!key.ok) return key;
  const idempotency = key.key === null ? null : idempotencyOf(request, key.key, route.request);
  return route.handle({ services, operationId, requestId, headers, caller, idempotency }, input.input);
}

function tellAnswer(watch: RouteWatch, now: number, request: FastifyRequest, reply: FastifyReply): void {
  watch.answered(reply.statusCode, now - startedAt(request), request.id, knownCallerOf(request));
}

function refuse<S>(mounted: Mounted<S>, request: FastifyRequest, reply: FastifyReply, problem: Problem): void {
  try {
    sendProblem(reply, request.id, mounted.surface, problem, askedPath(request));
  } catch (error) {
    // Nobody above would catch it in every case, and the headers that do not go out would stop any other answer too.
    mounted.deps.onCrash(error, crashFacts(request));
    sendWordless(reply, request.id);
  }
}

function crashed<S>(mounted: Mounted<S>, error: unknown, request: FastifyRequest): Problem {
  return problemOf(error, crashFacts(request), mounted.deps.onCrash);
}
