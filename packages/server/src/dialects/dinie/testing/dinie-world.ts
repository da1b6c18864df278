import { expect } from 'vitest';
import type { Answer, Ask, CheckedClient, Json } from '../../testing/checked-client.ts';
import { sendEvent } from '../../testing/native-steps.ts';
import type { Received } from '../../testing/receiver.ts';
import type { RunningDialects } from '../../testing/running-dialects.ts';

/** Dinie's API over a whole engine, as its tests see it; filled before the first of them runs. */
export type DinieWorld = { running: RunningDialects; ask: CheckedClient; native: CheckedClient };

let endpoints = 0;

/** Subscribed to `loan.created` and at a path of its own unless told otherwise. */
export async function createEndpoint(world: DinieWorld, more: Record<string, unknown> = {}): Promise<Json> {
  endpoints += 1;
  const url = `${world.running.receiver.url}/${endpoints}`;
  const answer = await world.ask('POST', '/webhooks/endpoints', { json: { url, events: ['loan.created'], ...more } });
  expect(answer.status).toBe(201);
  return answer.json;
}

/** `seconds` undefined: without a body. */
export async function rotate(world: DinieWorld, id: string, seconds?: number, more: Ask = {}): Promise<Answer> {
  const body = seconds === undefined ? {} : { json: { expire_current_in: seconds } };
  return await world.ask('POST', `/webhooks/endpoints/${id}/secret/rotate`, { ...body, ...more });
}

export type Rotated = { readonly secret: string; readonly expiresAt: number };

export async function rotated(world: DinieWorld, id: string, seconds?: number): Promise<Rotated> {
  const answer = await rotate(world, id, seconds);
  expect(answer.status).toBe(200);
  return { secret: answer.json.secret, expiresAt: Date.parse(answer.json.previous_secret_expires_at) };
}

/** Sends an event natively and answers what the endpoint's receiver got for it. */
export async function delivered(world: DinieWorld, endpoint: Json, payload: unknown = { n: 1 }): Promise<Received> {
  const { id } = await sendEvent(world.running, { type: 'loan.created', payload });
  const [received] = await world.running.receiver.arrived(
    (request) => isFor(endpoint, request) && request.headers['webhook-id'] === id,
  );
  if (received === undefined) throw new Error('nothing arrived');
  return received;
}

export function isFor(endpoint: Json, request: Received): boolean {
  return request.path === new URL(endpoint.url).pathname;
}

/** The same identity in the native API. */
export async function nativeEndpoint(world: DinieWorld, url: string): Promise<Json> {
  const { json } = await world.native('GET', '/endpoints?limit=100');
  const found = json.items.find((one: Json) => one.url === url);
  if (found === undefined) throw new Error('the native API does not know it');
  return found;
}
