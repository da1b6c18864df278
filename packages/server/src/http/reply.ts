import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Problem } from '../domain/error-registry.ts';
import type { CrashSink } from './crash.ts';
import type { RouteReply, TextReply } from './route.ts';
import type { EncodedProblem, Surface } from './surface.ts';

const JSON_TYPE = 'application/json';
/** Statuses of answers that have no body, whatever a handler made (RFC 9110, 8.6 and 15.3.6). */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Every answer names its request, is never cached (many carry a secret) and is never sniffed into something else. It
 * comes after the headers of a surface and of a handler, which have no say in this.
 */
function stamp(reply: FastifyReply, requestId: string): void {
  reply.header('x-request-id', requestId);
  reply.header('cache-control', 'no-store');
  reply.header('x-content-type-options', 'nosniff');
}

export function sendReply(
  reply: FastifyReply,
  requestId: string,
  surface: Surface,
  answer: Extract<RouteReply | TextReply, { ok: true }>,
  serialize: (body: unknown) => string,
): void {
  reply.code(answer.status);
  for (const name in surface.headers) reply.header(name, surface.headers[name]);
  if (answer.headers !== undefined) for (const name in answer.headers) reply.header(name, answer.headers[name]);
  stamp(reply, requestId);
  if ('text' in answer) {
    reply.header('content-type', answer.contentType);
    reply.send(answer.text);
    return;
  }
  if (answer.replayed === true) reply.header('idempotent-replayed', 'true');
  if (answer.body === undefined || BODILESS.has(answer.status)) {
    reply.send();
    return;
  }
  reply.header('content-type', JSON_TYPE);
  sendText(reply, answer.status, serialize(answer.body));
}

/**
 * Past the framework, which would add a charset to the type of a text, which no type of JSON has (RFC 8259, section 11);
 * and a text leaves in one piece with its head, where bytes are a second one. Together this is a tenth of the processor
 * time of accepting an event. Throws before anything is written when a header cannot be.
 */
function sendText(reply: FastifyReply, status: number, text: string): void {
  // The framework's own type of the same thing.
  const headers = reply.getHeaders() as OutgoingHttpHeaders;
  headers['content-length'] = Buffer.byteLength(text);
  reply.raw.writeHead(status, headers);
  reply.hijack();
  reply.raw.end(text);
}

/** Bytes, for the same reason. */
function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}

/** The words of a surface may be a user's code, which says no in every place where nothing else is left to catch it. */
export function guardedSurface(surface: Surface, onCrash: CrashSink): Surface {
  return {
    ...surface,
    encodeProblem(problem, request) {
      try {
        return surface.encodeProblem(problem, request);
      } catch (error) {
        onCrash(error, request);
        return wordless(request.requestId);
      }
    },
  };
}

/** For a surface that has no words: in nobody's shape, and nothing of what went wrong. */
function wordless(requestId: string): EncodedProblem {
  const detail = 'something in this server is broken; the request id finds it in the log';
  return { status: 500, contentType: JSON_TYPE, body: JSON.stringify({ code: 'internal_error', detail, requestId }) };
}

/** For an answer that cannot be sent as it is, such as one with a header that no client could read. */
export function sendWordless(reply: FastifyReply, requestId: string): void {
  for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name);
  const { status, contentType, body } = wordless(requestId);
  reply.code(status).header('x-request-id', requestId).header('cache-control', 'no-store');
  reply.header('content-type', contentType).send(bytesOf(body));
}

export function sendProblem(
  reply: FastifyReply,
  requestId: string,
  surface: Surface,
  problem: Problem,
  path: string,
): void {
  const encoded = surface.encodeProblem(problem, { requestId, path });
  reply.code(encoded.status);
  for (const name in surface.headers) reply.header(name, surface.headers[name]);
  stamp(reply, requestId);
  reply.header('content-type', encoded.contentType);
  if (encoded.status === 401 && !reply.hasHeader('www-authenticate'))
    reply.header('www-authenticate', surface.challenge);
  if (problem.retryAfterSeconds !== undefined) reply.header('retry-after', String(problem.retryAfterSeconds));
  reply.send(bytesOf(encoded.body));
}
