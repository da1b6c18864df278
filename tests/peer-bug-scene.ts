/** A server and a receiver for the tests that are named after other products' defects; each test has a path of its own. */
import { headerRecord, type ReceivedRequest, type Receiver, startReceiver } from '@hookring/receiver';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { type Client, clientOf, eventually } from '../testbed/client.ts';
import { type ServerProcess, startServer } from '../testbed/server-process.ts';

export let server: ServerProcess;
export let call: Client;
export let receiver: Receiver;
export let paths = 0;
export let path = '';

beforeAll(async () => {
  server = await startServer({ HOOKRING_RETRY_SCHEDULE: '1.5,1,1,1' });
  call = clientOf(server);
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver.stop();
  await server.remove();
});
beforeEach(() => {
  paths += 1;
  path = `/case-${paths}`;
});

export type Minted = { id: string; value: string };

export async function createEndpoint(settings: object = {}): Promise<{ id: string; secret: Minted; type: string }> {
  const type = `case_${paths}.happened`;
  const body = { url: receiver.url(path), eventTypes: [type], ...settings };
  const { status, json } = await call('POST', '/v1/endpoints', { body });
  expect(status).toBe(201);
  const { endpoint, secret } = json as unknown as { endpoint: { id: string }; secret: Minted };
  return { id: endpoint.id, secret, type };
}

export async function send(type: string): Promise<string> {
  const { status, json } = await call('POST', '/v1/events', { body: { type, payload: { at: Date.now() } } });
  expect(status).toBe(202);
  return String(json['id']);
}

export async function rotate(id: string, body: object, headers: Record<string, string> = {}) {
  const answer = await call('POST', `/v1/endpoints/${id}/rotate`, { body, headers });
  return {
    ...answer,
    ...(answer.json as unknown as { secret: Minted; retired: { id: string; expiresAt: string } | null }),
  };
}

export async function arrivals(count: number): Promise<readonly ReceivedRequest[]> {
  return await eventually(() => {
    const requests = receiver.requests(path);
    return requests.length >= count ? requests : null;
  });
}

export function opens(request: ReceivedRequest, secret: Minted): boolean {
  try {
    new Webhook(secret.value).verify(Buffer.from(request.body), headerRecord(request));
    return true;
  } catch {
    return false;
  }
}
