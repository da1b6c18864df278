import type { FastifyInstance } from 'fastify';

/** Where a request comes from that crossed no network; without it the answer would be this machine. */
const NO_ADDRESS = 'none';

/** Answers a request without a socket: the same hooks, parsers and routes as over the network. */
export async function injected(fastify: FastifyInstance, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const answer = await fastify.inject({
    method: request.method as 'GET', // Of the methods that inject names; others are answered like unknown ones.
    url: pathname + search,
    remoteAddress: NO_ADDRESS,
    headers: Object.fromEntries(request.headers),
    ...(request.body === null ? {} : { payload: Buffer.from(await request.arrayBuffer()) }),
  });
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined) headers.set(name, String(value));
  }
  const hasBody = answer.rawPayload.length > 0;
  return new Response(hasBody ? new Uint8Array(answer.rawPayload) : null, { status: answer.statusCode, headers });
}
