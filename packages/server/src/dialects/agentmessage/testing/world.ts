import { expect } from 'vitest';
import type { Ask, CheckedClient, Json } from '../../testing/checked-client.ts';
import { createKey, createOrganization, sendEvent } from '../../testing/native-steps.ts';
import type { Received } from '../../testing/receiver.ts';
import type { RunningDialects } from '../../testing/running-dialects.ts';

/** AgentMessage over a whole engine, as its tests see it; filled before the first of them runs. */
export type AgentMessageWorld = { running: RunningDialects; ask: CheckedClient; native: CheckedClient };

/** An organization of its own for one test. */
export type Tenant = {
  readonly externalId: string;
  readonly organizationId: string;
  /** The first secret of the organization's ring. */
  readonly organizationSecret: string;
  /** Reads and writes webhooks. */
  readonly token: string;
  /** Rotates the organization's secret and nothing else. */
  readonly adminToken: string;
};

let tenants = 0;

export async function newTenant({ running }: AgentMessageWorld): Promise<Tenant> {
  tenants += 1;
  const externalId = `am-${tenants}`;
  const { id, secret } = await createOrganization(running, externalId);
  const key = async (...scopes: readonly string[]): Promise<string> =>
    (await createKey(running, { scopes, dialect: 'agentmessage', organization: externalId })).token;
  return {
    externalId,
    organizationId: id,
    organizationSecret: secret.value,
    token: await key('webhooks:read', 'webhooks:write'),
    adminToken: await key('org:admin:write'),
  };
}

export const EVENT = 'wallet.balance_low';

export async function createWebhook(
  world: AgentMessageWorld,
  { token }: Pick<Tenant, 'token'>,
  more: Record<string, unknown> = {},
): Promise<Json> {
  const json = { url: world.running.receiver.url, events: [EVENT], ...more };
  const { status, json: made } = await world.ask('POST', '/v1/webhooks', { token, json });
  expect(status).toBe(201);
  return made;
}

/** Asks the native API for a tenant. */
export async function nativeAsk(
  world: AgentMessageWorld,
  { externalId }: Pick<Tenant, 'externalId'>,
  method: string,
  path: string,
  ask: Ask = {},
): Promise<Json> {
  const answer = await world.native(method, path, { ...ask, headers: { 'hookring-organization': externalId } });
  if (answer.status >= 400) throw new Error(answer.text);
  return answer.json;
}

let payloads = 0;

/** Sends an event of the tenant and answers the request that its receiver got. */
export async function deliver(world: AgentMessageWorld, { externalId }: Pick<Tenant, 'externalId'>): Promise<Received> {
  payloads += 1;
  const payload = { number: payloads };
  await sendEvent(world.running, { type: EVENT, payload, organization: externalId });
  const [request] = await world.running.receiver.arrived(carries(payload));
  if (request === undefined) throw new Error('nothing arrived');
  return request;
}

export function carries(payload: unknown): (request: Received) => boolean {
  const text = JSON.stringify(payload);
  return ({ body }) => body.toString() === text;
}

/** The native id of an endpoint that this tenant has. */
export async function nativeIdOf(world: AgentMessageWorld, tenant: Tenant, webhook: Json): Promise<string> {
  const { items } = await nativeAsk(world, tenant, 'GET', '/endpoints?limit=100');
  const index = (await world.ask('GET', '/v1/webhooks?limit=100', { token: tenant.token })).json.data.findIndex(
    ({ id }: Json) => id === webhook.id,
  );
  const unarchived = items.filter(({ status }: Json) => status !== 'archived');
  return unarchived[index].id;
}
