import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Requests that have not ended by then, a half-sent body among them, are cut: they must not hold up the drain. */
const CLOSE_MS_MAX = 3_000;

/** Opens the port and answers the URL under which this machine reaches it. */
export async function listen(
  fastify: FastifyInstance,
  { host, port }: { host: string; port: number },
): Promise<string> {
  await fastify.listen({ host, port });
  const bound = fastify.server.address() as AddressInfo; // It listens on TCP.
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}`;
}

/** Takes no new request and lets those under way end, for a short while. */
export async function close(fastify: FastifyInstance, afterMs: number = CLOSE_MS_MAX): Promise<void> {
  const timer = setTimeout(() => fastify.server.closeAllConnections(), afterMs);
  try {
    await fastify.close();
  } finally {
    clearTimeout(timer);
  }
}
