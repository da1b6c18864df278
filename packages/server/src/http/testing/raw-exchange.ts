import { connect } from 'node:net';
import type { HttpServer } from '../server.ts';

/** Listens on a free port of this machine and answers which. */
export async function openPort(server: HttpServer): Promise<number> {
  await server.fastify.listen({ port: 0, host: '127.0.0.1' });
  const [address] = server.fastify.addresses();
  if (address === undefined || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
}

/** Sends bytes as they are and returns all that comes back until the server closes. */
export async function rawExchange(port: number, bytes: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}
