import { expect } from 'vitest';
import { typeIds } from '../../public.ts';
import type { Answer, Ask, CheckedClient, Json } from '../../testing/checked-client.ts';
import { createKey, createOrganization, sendEvent, until } from '../../testing/native-steps.ts';
import type { Received, ReceiverAnswer } from '../../testing/receiver.ts';
import type { RunningDialects } from '../../testing/running-dialects.ts';
import { burst } from '../../testing/traffic.ts';
import { expectGood, page } from './page.ts';
import { type Secrets, signersOf } from './receiver.ts';

/** Moonborn over a whole engine, as its tests see it; filled before the first of them runs. */
export type MoonbornWorld = { running: RunningDialects; ask: CheckedClient; native: CheckedClient };

/** An organization of its own for one test. */
export type Tenant = { readonly externalId: string; readonly organizationId: string; readonly token: string };

const SCOPES = ['endpoints:read', 'endpoints:write', 'secrets:rotate', 'deliveries:read', 'deliveries:write'];
let tenants = 0;

export async function newTenant({ running }: Pick<MoonbornWorld, 'running'>): Promise<Tenant> {
  tenants += 1;
  const externalId = `moonborn-${tenants}`;
  const { id } = await createOrganization(running, externalId);
  const { token } = await createKey(running, { scopes: SCOPES, dialect: 'moonborn', organization: externalId });
  return { externalId, organizationId: id, token };
}

export const EVENT = 'persona.created';

export type Registered = { readonly id: string; readonly endpoint: Json; readonly secretValue: string };

let endpoints = 0;

/** Subscribed to one event type and at a path of its own unless told otherwise. */
export async function register(
  world: MoonbornWorld,
  { token }: Pick<Tenant, 'token'>,
  more: Record<string, unknown> = {},
): Promise<Registered> {
  endpoints += 1;
  const json = { url: `${world.running.receiver.url}/${endpoints}`, events: [EVENT], ...more };
  const answer = await world.ask('POST', '/v1/webhooks', { token, json });
  expectGood(answer, 201, page.registered);
  const { endpoint, secretValue } = answer.json;
  return { id: endpoint.endpointId, endpoint, secretValue };
}

/** Whether a request went to that endpoint. */
export function isFor({ endpoint }: Registered, { path }: Received): boolean {
  return path === new URL(endpoint.url).pathname;
}

export async function read(world: MoonbornWorld, { token }: Pick<Tenant, 'token'>, id: string): Promise<Json> {
  const answer = await world.ask('GET', `/v1/webhooks/${id}`, { token });
  expectGood(answer, 200, page.endpoint);
  return answer.json;
}

export async function patch(
  world: MoonbornWorld,
  { token }: Pick<Tenant, 'token'>,
  id: string,
  json: unknown,
): Promise<Answer> {
  return await world.ask('PATCH', `/v1/webhooks/${id}`, { token, json });
}

/** `graceSeconds` undefined: a body without it. */
export async function rotate(
  world: MoonbornWorld,
  { token }: Pick<Tenant, 'token'>,
  id: string,
  graceSeconds?: unknown,
  more: Ask = {},
): Promise<Answer> {
  return await world.ask('POST', `/v1/webhooks/${id}/rotate_secret`, { token, json: { graceSeconds }, ...more });
}

export async function rotated(
  world: MoonbornWorld,
  tenant: Pick<Tenant, 'token'>,
  id: string,
  graceSeconds?: number,
): Promise<Json> {
  const answer = await rotate(world, tenant, id, graceSeconds);
  expectGood(answer, 200, page.rotated);
  return answer.json;
}

/** Sends an event of the tenant and answers the request that came of it. */
export async function deliver(world: MoonbornWorld, { externalId }: Tenant, type: string = EVENT): Promise<Received> {
  const [request] = await burst(world, { type, organization: externalId, count: 1 });
  if (request === undefined) throw new Error('nothing arrived');
  return request;
}

/** Who signs an event that is sent now. */
export async function signersNow(world: MoonbornWorld, tenant: Tenant, secrets: Secrets): Promise<readonly string[]> {
  return signersOf(secrets, await deliver(world, tenant), world.running.clock.now());
}

/** Asks the native API for a tenant. */
export async function nativeAsk(
  world: MoonbornWorld,
  { externalId }: Tenant,
  method: string,
  path: string,
  json?: unknown,
): Promise<Json> {
  const headers = { 'hookring-organization': externalId };
  const answer = await world.native(method, path, { headers, ...(json === undefined ? {} : { json }) });
  if (answer.status >= 400) throw new Error(answer.text);
  return answer.json;
}

/** The same endpoint in the native API. */
export function nativeId(id: string): string {
  const decoded = typeIds('ep', 'whe').decode(id);
  if (decoded === null) throw new Error(`${id} is no id`);
  return decoded;
}

/** The states of the whole ring as the native API knows them, newest first. */
export async function ringStates(world: MoonbornWorld, tenant: Tenant, id: string): Promise<readonly string[]> {
  const { items } = await nativeAsk(world, tenant, 'GET', `/endpoints/${nativeId(id)}/secrets`);
  return items.map(({ state }: Json) => state);
}

export async function deliveriesOf(world: MoonbornWorld, { token }: Tenant, id: string, query = ''): Promise<Json[]> {
  const answer = await world.ask('GET', `/v1/webhooks/${id}/deliveries${query}`, { token });
  expectGood(answer, 200, page.deliveries);
  return answer.json.items;
}

/** Waits until the newest delivery of an endpoint is shown with this status. */
export async function newestWith(world: MoonbornWorld, tenant: Tenant, id: string, status: string): Promise<Json> {
  const [delivery] = await until(
    async () => await deliveriesOf(world, tenant, id),
    ([newest]) => newest?.status === status,
  );
  expect(delivery.status).toBe(status);
  return delivery;
}

/** Sends an event and does not wait for it; answers its id. */
export async function send({ running }: MoonbornWorld, { externalId }: Tenant, payload: unknown = {}): Promise<string> {
  return (await sendEvent(running, { type: EVENT, payload, organization: externalId })).id;
}

/** Keeps the receiver waiting until it is let go. */
export function holdReceiver({ running }: MoonbornWorld): (answer: ReceiverAnswer) => void {
  const { promise, resolve } = Promise.withResolvers<ReceiverAnswer>();
  running.receiver.answer = async () => await promise;
  return resolve;
}
