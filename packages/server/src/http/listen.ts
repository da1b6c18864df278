import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Opens the port and answers the URL under which this machine reaches it. */
export async function listen(
  fastify: FastifyInstance,
  { host, port }: { host: string; port: number },
): Promise<string> {
  await fastify.listen({ host, port });
  const bound = fastify.server.address() as AddressInfo; // It listens on TCP.
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}`;
}
