import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { refused } from '../app/outcome.ts';
import type { Problem } from '../domain/error-registry.ts';
import type { CrashSink } from './crash.ts';
import type { MetricsSource } from './metrics-gate.ts';
import { serverProblem } from './server-problem.ts';
import { pathOf } from './surface.ts';

const REQUEST_MS_MAX = 10_000;
const HEADER_BYTES_MAX = 16 * 1_024;
const CONNECTIONS_MAX = 100;

export const METRICS_PATH = '/metrics';

/** Metrics that could not be given the address that the operator chose. Its message is a sentence for the operator. */
export class MetricsAddressError extends Error {
  override readonly name = 'MetricsAddressError';
}

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken by another program',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EACCES: 'this user may not use that port',
  EPERM: 'this user may not use that port',
  ENOTFOUND: 'no machine has that name',
};

export type MetricsListener = { readonly url: string; close(): Promise<void> };
type Sources = MetricsSource & { readonly requestIds: () => string; readonly onCrash: CrashSink };

/** An address on which `/metrics` stands, and nothing else. */
export async function listenForMetrics(
  { host, port }: { readonly host: string; readonly port: number },
  sources: Sources,
): Promise<MetricsListener> {
  const server = createServer(
    { requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX, maxHeaderSize: HEADER_BYTES_MAX },
    (request, response) => void answer(sources, request, response),
  );
  server.maxConnections = CONNECTIONS_MAX;
  const named = host.includes(':') ? `[${host}]` : host;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = WHY[error.code ?? ''] ?? error.message;
      reject(new MetricsAddressError(`HOOKRING_METRICS_ADDRESS is ${named}:${port}: ${why}`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo; // It listens on TCP.
  return {
    url: `http://${named}:${bound.port}${METRICS_PATH}`,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

async function answer(sources: Sources, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = pathOf(request.url ?? '/');
  const requestId = sources.requestIds();
  // A scrape has no body; what comes is not kept.
  request.resume();
  response.setHeader('x-request-id', requestId);
  response.setHeader('cache-control', 'no-store');
  response.setHeader('x-content-type-options', 'nosniff');
  const problem = refusalOf(sources, request, path);
  try {
    if (problem === null) send(response, 200, sources.registry.contentType, await sources.registry.metrics());
    else refuse(response, problem, requestId);
  } catch (error) {
    sources.onCrash(error, { requestId, path });
    refuse(response, BROKEN, requestId);
  }
}

const BROKEN = refused('internal_error', 'the metrics could not be read; the request id finds it in the log').problem;
const ELSEWHERE = refused('not_found', `nothing but ${METRICS_PATH} is here`).problem;
const OTHER_METHOD = refused('method_not_allowed', 'metrics are read with GET').problem;

function refusalOf({ gate }: Sources, request: IncomingMessage, path: string): Problem | null {
  if (path !== METRICS_PATH) return ELSEWHERE;
  return request.method === 'GET' || request.method === 'HEAD' ? gate(request) : OTHER_METHOD;
}

function refuse(response: ServerResponse, problem: Problem, requestId: string): void {
  const { status, contentType, body } = serverProblem(problem, requestId);
  if (status === 401) response.setHeader('www-authenticate', 'Bearer');
  if (status === 405) response.setHeader('allow', 'GET, HEAD');
  send(response, status, contentType, body);
}

/** Node leaves out the body of an answer to HEAD by itself. */
function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
