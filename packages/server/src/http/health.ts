import type { FastifyInstance } from 'fastify';
import { StoreUnavailable, type StoreUnavailableReason } from '../store/port.ts';
import type { MetricsSource } from './metrics-gate.ts';
import { METRICS_PATH } from './metrics-listener.ts';
import { serverProblem } from './server-problem.ts';

export type HealthSources = {
  /** Resolves when the node can accept and send; rejects, or says why not. */
  readonly ready: () => Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: string }>;
  /** null: they stand elsewhere. */
  readonly metrics: MetricsSource | null;
};

/** They belong to no surface and are answered on every host. */
export const SERVER_PATHS = ['/healthz', '/readyz', METRICS_PATH] as const;

/** What `/healthz` answers as long as the process does. */
export const HEALTHY = '{"status":"ok"}';
const JSON_TYPE = 'application/json; charset=utf-8';

/** Paths that belong to no dialect: for load balancers and scrapers. They tell nothing about any organization. */
export function mountHealth(fastify: FastifyInstance, { ready, metrics }: HealthSources): void {
  // The process answers: nothing else is asked.
  fastify.get('/healthz', (_request, reply) => {
    reply.header('cache-control', 'no-store').type(JSON_TYPE).send(HEALTHY);
  });
  fastify.get('/readyz', async (_request, reply) => {
    const answer = await ready().catch((error: unknown) => ({ ok: false as const, reason: reasonOf(error) }));
    const body = answer.ok ? { status: 'ready' } : { status: 'not_ready', reason: answer.reason };
    reply
      .code(answer.ok ? 200 : 503)
      .header('cache-control', 'no-store')
      .type(JSON_TYPE);
    return JSON.stringify(body);
  });
  if (metrics !== null) mountMetrics(fastify, metrics);
}

function mountMetrics(fastify: FastifyInstance, { registry, gate }: MetricsSource): void {
  fastify.get(METRICS_PATH, async (request, reply) => {
    const refusal = gate(request.raw);
    reply.header('x-request-id', request.id).header('cache-control', 'no-store');
    reply.header('x-content-type-options', 'nosniff');
    if (refusal === null) {
      reply.type(registry.contentType);
      return await registry.metrics();
    }
    const { status, contentType, body } = serverProblem(refusal, request.id);
    if (status === 401) reply.header('www-authenticate', 'Bearer');
    // Bytes, since Fastify adds a charset to the type of a text, which no type of JSON has.
    reply.code(status).header('content-type', contentType);
    return Buffer.from(body);
  });
}

/** For whoever is on call; what exactly failed is in the log. */
const STORE_REASONS: Readonly<Record<StoreUnavailableReason, string>> = {
  queue_full: 'the queue of writes is full',
  commit_failed: 'the database cannot be written',
  disk_low: 'the disk is nearly full',
  closed: 'the store is closed',
};

function reasonOf(error: unknown): string {
  return error instanceof StoreUnavailable ? STORE_REASONS[error.reason] : 'the store does not answer';
}
