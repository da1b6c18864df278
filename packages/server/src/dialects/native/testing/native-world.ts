import { expect } from 'vitest';
import type { CheckedClient, Json } from '../../testing/checked-client.ts';
import type { RunningDialects } from '../../testing/running-dialects.ts';

/** The native API over a whole engine, as its tests see it; filled before the first of them runs. */
export type NativeWorld = { running: RunningDialects; ask: CheckedClient };

export async function createEndpoint(
  world: NativeWorld,
  more: Record<string, unknown> = {},
): Promise<{ endpoint: Json; secret: Json }> {
  const answer = await world.ask('POST', '/endpoints', {
    json: { url: world.running.receiver.url, eventTypes: ['nothing.matches'], ...more },
  });
  expect(answer.status).toBe(201);
  return answer.json;
}

export async function createKey(
  world: NativeWorld,
  scopes: readonly string[],
  more: Record<string, unknown> = {},
): Promise<{ key: Json; token: string }> {
  const answer = await world.ask('POST', '/keys', { json: { name: 'test', scopes, ...more } });
  expect(answer.status).toBe(201);
  return answer.json;
}

/** Waits until a delivery has ended; the engine's own promises bound how long that is. */
export async function endedDelivery(world: NativeWorld, endpointId: string): Promise<Json> {
  for (let round = 0; round < 500; round += 1) {
    const { json } = await world.ask('GET', `/deliveries?endpointId=${endpointId}`);
    const [delivery] = json.items;
    if (delivery !== undefined && delivery.completedAt !== null) return delivery;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('the delivery never ended');
}
