import net, { type AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import { createAddressPolicy } from './address-policy.ts';
import { createDeliveryClient, type DeliveryClientOptions } from './delivery-client.ts';
import type { Sender, SendRequest, SendResult } from './sender.ts';

// Receivers on loopback sockets for the tests of the delivery client. Production code never imports this file.

const checked = createAddressPolicy({ allowPrivate: ['127.0.0.0/8'] });
if (!checked.ok) throw new Error(checked.detail);
const { policy } = checked;

/** Long enough never to matter on a slow machine. */
const PATIENT_MS = 20_000;
/** For what must run into its deadline. */
export const SHORT_MS = 150;

/** Runs after each test, last first. */
export const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export function build(options: Partial<DeliveryClientOptions> = {}): Sender {
  const client = createDeliveryClient({ policy, ...options });
  cleanups.push(() => client.destroy());
  return client;
}

export async function listen(server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A receiver on the level of bytes: `onRequest` runs when the request's body has arrived. */
export function listenRaw(
  onRequest: (socket: net.Socket, count: number) => void,
  onConnect?: (socket: net.Socket) => void,
) {
  let count = 0;
  return listen(
    net.createServer((socket) => {
      let received = '';
      onConnect?.(socket);
      socket.on('data', (data) => {
        received += data.toString('latin1');
        for (let end = received.indexOf('{"a":1}'); end >= 0; end = received.indexOf('{"a":1}')) {
          received = received.slice(end + 7);
          count += 1;
          onRequest(socket, count);
        }
      });
    }),
  );
}

export function post(client: Sender, url: string | URL, overrides: Partial<SendRequest> = {}): Promise<SendResult> {
  return client.send({
    url: typeof url === 'string' ? new URL(url) : url,
    headers: ['content-type', 'application/json'],
    body: Buffer.from('{"a":1}'),
    deadlineMs: PATIENT_MS,
    capture: 'failures',
    ...overrides,
  });
}

/** What comes of a receiver that answers with these bytes. */
export async function answerOf(reply: string, overrides: Partial<SendRequest> = {}): Promise<SendResult> {
  const port = await listenRaw((socket) => socket.write(reply));
  return post(build(), `http://127.0.0.1:${port}/`, overrides);
}
