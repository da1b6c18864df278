import type { FastifyInstance } from 'fastify';

export type HealthSources = {
  /** Resolves when the node can accept and send; rejects, or says why not. */
  readonly ready: () => Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: string }>;
  readonly registry: { readonly contentType: string; metrics(): Promise<string> };
};

/** They belong to no surface and are answered on every host. */
export const SERVER_PATHS = ['/healthz', '/readyz', '/metrics'] as const;

const JSON_TYPE = 'application/json; charset=utf-8';

/** Paths that belong to no dialect: for load balancers and scrapers. They tell nothing about any organization. */
export function mountHealth(fastify: FastifyInstance, sources: HealthSources): void {
  // The process answers: nothing else is asked.
  fastify.get('/healthz', (_request, reply) => {
    reply.header('cache-control', 'no-store').type(JSON_TYPE).send('{"status":"ok"}');
  });
  fastify.get('/readyz', async (_request, reply) => {
    const answer = await sources.ready().catch(() => ({ ok: false as const, reason: 'the store does not answer' }));
    const body = answer.ok ? { status: 'ready' } : { status: 'not_ready', reason: answer.reason };
    reply
      .code(answer.ok ? 200 : 503)
      .header('cache-control', 'no-store')
      .type(JSON_TYPE);
    return JSON.stringify(body);
  });
  fastify.get('/metrics', async (_request, reply) => {
    reply.header('cache-control', 'no-store').type(sources.registry.contentType);
    return await sources.registry.metrics();
  });
}
