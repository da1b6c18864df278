import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, {
  type ConnectionError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from 'fastify';
import { type Refusal, refused } from '../app/outcome.ts';
import type { ErrorCode } from '../domain/error-registry.ts';
import { CONTROL_BODY_BYTES_MAX } from '../domain/limits.ts';
import { askedPath, type CrashSink, crashFacts, isOfFramework, problemOf } from './crash.ts';
import { createHostRewrite, namesOneHost } from './hosts.ts';
import { explainMissing, type MountedOperation } from './not-found.ts';
import { guardedSurface, sendProblem } from './reply.ts';
import { type RequestWatch, UNWATCHED, watchMissing } from './request-watch.ts';
import { createSurfaceTable, pathOf, type Surface, type SurfaceTable } from './surface.ts';

/** From the first byte to the last of a request: a slow sender must not hold a connection for ever. */
const REQUEST_MS_MAX = 30_000;
const HEADERS_MS_MAX = 15_000;
/** How often the two are checked: a request may take this much longer. */
const TIMEOUT_CHECK_MS = 5_000;
/** Longer than the idle time of common load balancers, which must be the ones to close. */
const KEEP_ALIVE_MS = 72_000;
const HEADER_BYTES_MAX = 16 * 1024;
const HEADERS_MAX = 100;
const CONNECTIONS_MAX = 10_000;
const PARAMETER_LENGTH_MAX = 256;

export type HttpServerOptions = {
  /** Speaks for paths outside of every dialect and for requests that cannot be read at all. */
  readonly fallback: Surface;
  readonly requestIds: () => string;
  readonly onCrash: CrashSink;
  /** Addresses or ranges of proxies whose X-Forwarded-* headers are believed, or how many hops; false: none. */
  readonly trustProxy: boolean | string | readonly string[] | number;
  readonly connectionsMax?: number;
  /** Of requests that no surface has a route for. */
  readonly watch?: RequestWatch;
  /**
   * Lower-case host names, without a port, and the prefix of the surface that each of them shows: its paths stand there
   * without the prefix, beside those of the server itself (`/healthz`, `/readyz`, `/metrics`), and no others do. Every
   * other host shows everything.
   */
  readonly hosts?: ReadonlyMap<string, string>;
};

export type HttpServer = { readonly fastify: FastifyInstance; readonly surfaces: SurfaceTable };

/** The bare server: limits, broken requests and unknown paths. Dialects are mounted on it. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const fallback = guardedSurface(options.fallback, options.onCrash);
  const surfaces = createSurfaceTable(fallback);
  const { hosts = NO_HOSTS, watch = UNWATCHED } = options;
  const tell = watchMissing(watch);

  function refuseBroken(error: { readonly code: string }, request: FastifyRequest, reply: FastifyReply): void {
    const surface = surfaces.of(pathOf(request.raw.url ?? '/'));
    sendProblem(reply, request.id, surface, brokenUrl(error.code, request).problem, askedPath(request));
    tell(surface.name, reply, request.id);
  }

  const fastify = Fastify({
    logger: false,
    genReqId: options.requestIds,
    ...(hosts.size === 0 ? {} : { rewriteUrl: createHostRewrite(hosts, surfaces) }),
    requestIdHeader: false,
    trustProxy: trustOf(options.trustProxy),
    requestTimeout: REQUEST_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionTimeout: 0,
    // Where a route does not say its own limit.
    bodyLimit: CONTROL_BODY_BYTES_MAX,
    forceCloseConnections: 'idle',
    // Requests that arrive while the server closes are answered in the shape of their dialect.
    return503OnClosing: false,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    routerOptions: {
      maxParamLength: PARAMETER_LENGTH_MAX,
      caseSensitive: true,
      ignoreTrailingSlash: false,
      ignoreDuplicateSlashes: false,
    },
    http: {
      headersTimeout: HEADERS_MS_MAX,
      maxHeaderSize: HEADER_BYTES_MAX,
      insecureHTTPParser: false,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    },
    frameworkErrors: refuseBroken,
    clientErrorHandler: (error, socket) => refuseUnreadable({ ...options, fallback }, error, socket),
  });
  fastify.server.maxHeadersCount = HEADERS_MAX;
  fastify.server.maxConnections = options.connectionsMax ?? CONNECTIONS_MAX;
  // A body is read only where a route wants one.
  fastify.removeAllContentTypeParsers();
  // Every route of the server, of whatever surface or of none.
  const operations: MountedOperation[] = [];
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) operations.push({ method: one, path: url });
  });
  function refuseMissing(request: FastifyRequest, reply: FastifyReply): void {
    const path = pathOf(request.url);
    const surface = surfaces.of(path);
    const { refusal, allow } = explainMissing(operations, request.method, path);
    if (allow !== null) reply.header('allow', allow);
    sendProblem(reply, request.id, surface, refusal.problem, askedPath(request));
    tell(surface.name, reply, request.id);
  }
  fastify.setNotFoundHandler(refuseMissing);
  fastify.setErrorHandler((error, request, reply) => {
    // What is wrong with a body matters only where a route would take it.
    if (request.is404 && isOfFramework(error)) {
      refuseMissing(request, reply);
      return;
    }
    const facts = crashFacts(request);
    const surface = surfaces.of(pathOf(request.url));
    sendProblem(reply, request.id, surface, problemOf(error, facts, options.onCrash), facts.path);
    tell(surface.name, reply, request.id);
  });
  return { fastify, surfaces };
}

type Trust = FastifyServerOptions['trustProxy'] & {};

/**
 * A number says that every request comes through so many proxies, of which the outermost names the client. Fastify
 * itself takes a number for none, because it cannot know that; the operator says it.
 */
function trustOf(setting: HttpServerOptions['trustProxy']): Trust {
  if (typeof setting === 'number') return (_address, hop) => hop < setting;
  return typeof setting === 'boolean' || typeof setting === 'string' ? setting : [...setting];
}

const NO_HOSTS: ReadonlyMap<string, string> = new Map();

const BAD_URL = refused('invalid_request', 'the path is not a valid URL path');
const BAD_HOST = refused('invalid_request', 'the request has more than one Host header');

function brokenUrl(code: string, request: FastifyRequest): Refusal {
  // No id is that long, so nothing is there.
  if (code === 'FST_ERR_MAX_PARAM_LENGTH') return refused('not_found', 'there is nothing at this path');
  return namesOneHost(request.raw) ? BAD_URL : BAD_HOST;
}

/** A request that the parser gave up on has no path: the fallback answers on the bare socket, which then closes. */
function refuseUnreadable(options: HttpServerOptions, error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const code: ErrorCode = error.code === 'HPE_HEADER_OVERFLOW' ? 'request_headers_too_large' : 'invalid_request';
  const detail =
    code === 'invalid_request' ? 'the request is not HTTP as this server reads it' : 'send fewer or shorter headers';
  const requestId = options.requestIds();
  const encoded = options.fallback.encodeProblem({ code, detail }, { requestId, path: '' });
  const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : encoded.status;
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries(options.fallback.headers).map(([name, value]) => `${name}: ${value}`),
    `content-type: ${encoded.contentType}`,
    `content-length: ${Buffer.byteLength(encoded.body)}`,
    `x-request-id: ${requestId}`,
    'cache-control: no-store',
    'connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${encoded.body}`);
}
