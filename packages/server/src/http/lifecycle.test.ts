import { once } from 'node:events';
import { connect } from 'node:net';
import Fastify from 'fastify';
import { expect, it } from 'vitest';
import { close, listen } from './lifecycle.ts';

it('does not wait for a client that never ends its request', async () => {
  const fastify = Fastify();
  fastify.post('/', async () => 'done');
  const url = new URL(await listen(fastify, { host: '127.0.0.1', port: 0 }));
  const socket = connect(Number(url.port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 10\r\n\r\nhalf');
  socket.on('error', () => {});
  const cut = once(socket, 'close');
  // The server must have seen the request, or there would be nothing to wait for.
  await once(fastify.server, 'request');
  await close(fastify, 50);
  await cut;
  expect(fastify.server.listening).toBe(false);
});

it('lets a request under way end', async () => {
  const fastify = Fastify();
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  fastify.get('/', async () => {
    arrived.resolve();
    await release.promise;
    return 'answered';
  });
  const answer = fetch(await listen(fastify, { host: '127.0.0.1', port: 0 })).then(
    async (response) => await response.text(),
  );
  await arrived.promise;
  const closing = close(fastify, 10_000);
  release.resolve();
  expect(await answer).toBe('answered');
  await closing;
});
