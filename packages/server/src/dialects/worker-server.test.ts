import { expect, it } from 'vitest';
import { mountHealth } from '../http/health.ts';
import { arrangeDialects } from './mounts.ts';
import { createWorkerServer } from './worker-server.ts';

function worker() {
  const arranged = arrangeDialects([], null);
  if (!arranged.ok) throw new Error(arranged.problem);
  const { fastify } = createWorkerServer({
    // It has no API, so nothing asks for the use cases.
    app: null as never,
    arrangement: arranged.value,
    clock: { now: () => 0, monotonic: () => 0 },
    random: () => 0.5,
    onCrash: () => undefined,
    trustProxy: false,
    rateLimit: null,
  });
  mountHealth(fastify, { ready: async () => ({ ok: true }), metrics: null });
  return fastify;
}

it.each(['/v1/events', '/', '/docs', '/moonborn/v1/webhooks'])('says at %s that a worker has no API', async (url) => {
  const response = await worker().inject({ method: 'POST', url, headers: { 'content-type': 'application/json' } });
  expect(response.statusCode).toBe(404);
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(response.json()).toMatchObject({
    code: 'not_found',
    detail: expect.stringMatching(/role worker.*role api or all/),
  });
});

it('still answers for its health, and to a wrong method there', async () => {
  const fastify = worker();
  expect((await fastify.inject('/healthz')).statusCode).toBe(200);
  expect((await fastify.inject('/readyz')).json()).toEqual({ status: 'ready' });
  expect((await fastify.inject({ method: 'POST', url: '/healthz' })).statusCode).toBe(405);
});
