import type { FastifyReply } from 'fastify';
import type { Problem } from '../domain/error-registry.ts';
import type { RouteReply, TextReply } from './route.ts';
import type { Surface } from './surface.ts';

const JSON_TYPE = 'application/json';

/** Every answer names its request, is never cached (many carry a secret) and is never sniffed into something else. */
function stamp(reply: FastifyReply, requestId: string, surface: Surface): void {
  for (const name in surface.headers) reply.header(name, surface.headers[name]);
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
  stamp(reply, requestId, surface);
  if ('text' in answer) {
    reply.header('content-type', answer.contentType);
    for (const name in answer.headers) reply.header(name, answer.headers[name]);
    reply.send(answer.text);
    return;
  }
  if (answer.replayed === true) reply.header('idempotent-replayed', 'true');
  if (answer.headers !== undefined) for (const name in answer.headers) reply.header(name, answer.headers[name]);
  if (answer.body === undefined) {
    reply.send();
    return;
  }
  reply.header('content-type', JSON_TYPE);
  reply.send(bytesOf(serialize(answer.body)));
}

/** Bytes, since Fastify adds a charset to the type of a text, which no type of JSON has (RFC 8259, section 11). */
function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'utf8');
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
  stamp(reply, requestId, surface);
  reply.header('content-type', encoded.contentType);
  if (encoded.status === 401 && !reply.hasHeader('www-authenticate')) reply.header('www-authenticate', 'Bearer');
  if (problem.retryAfterSeconds !== undefined) reply.header('retry-after', String(problem.retryAfterSeconds));
  if (encoded.headers !== undefined) for (const name in encoded.headers) reply.header(name, encoded.headers[name]);
  reply.send(bytesOf(encoded.body));
}
