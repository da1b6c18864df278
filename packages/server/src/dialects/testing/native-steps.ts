import { type Answer, type CheckedClient, checkedClient, type Json } from './checked-client.ts';
import type { RunningDialects } from './running-dialects.ts';

/** What the tests of every dialect need around it, done through the native API. */

export type KeyWish = {
  /** Native scopes, or those of the dialect. */
  readonly scopes: readonly string[];
  /** Whose names of scopes and token prefix; `native` unless given. */
  readonly dialect?: string;
  /** The id or externalId of its organization; `default` unless given. */
  readonly organization?: string;
  /** ISO 8601. */
  readonly expiresAt?: string;
};

export type MadeKey = { readonly id: string; readonly token: string };

export async function createKey(running: RunningDialects, wish: KeyWish): Promise<MadeKey> {
  const { organization, ...json } = wish;
  const { key, token } = (await native(running, 'POST', '/keys', { json, organization })).json;
  return { id: key.id, token };
}

export async function revokeKey(running: RunningDialects, id: string, organization?: string): Promise<void> {
  await native(running, 'POST', `/keys/${id}/revoke`, { organization });
}

export type MadeOrganization = {
  readonly id: string;
  readonly secret: { readonly id: string; readonly value: string };
};

export async function createOrganization(running: RunningDialects, externalId: string): Promise<MadeOrganization> {
  const { id, secret } = (await native(running, 'POST', '/organizations', { json: { name: externalId, externalId } }))
    .json;
  return { id, secret };
}

export type SentEvent = { readonly id: string; readonly createdAt: string };

export async function sendEvent(
  running: RunningDialects,
  event: { readonly type: string; readonly payload: unknown; readonly id?: string; readonly organization?: string },
): Promise<SentEvent> {
  const { organization, ...json } = event;
  const { id, createdAt } = (await native(running, 'POST', '/events', { json, organization })).json;
  return { id, createdAt };
}

/** Waits until every delivery of an event has ended, and answers them as the native API shows them. */
export async function endedDeliveries(
  running: RunningDialects,
  eventId: string,
  organization?: string,
): Promise<readonly Json[]> {
  const read = async () => await native(running, 'GET', `/deliveries?eventId=${eventId}&limit=100`, { organization });
  const isOver = ({ json: { items } }: Answer): boolean =>
    items.length > 0 && items.every((delivery: Json) => delivery.completedAt !== null);
  return (await until(read, isOver)).json.items;
}

const ROUNDS_MAX = 1_000;
const ROUND_MS = 10;

/** Asks again until the answer is as it should be; gives up after ten seconds. */
export async function until<T>(ask: () => T | Promise<T>, isRight: (answer: T) => boolean): Promise<T> {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
  }
  throw new Error(`it never came to be: ${isRight.toString()}`);
}

const clients = new WeakMap<RunningDialects, CheckedClient>();

async function native(
  running: RunningDialects,
  method: string,
  path: string,
  { json, organization }: { readonly json?: unknown; readonly organization?: string | undefined },
): Promise<Answer> {
  const client = clients.get(running) ?? checkedClient(running, running.native);
  clients.set(running, client);
  const answer = await client(method, path, {
    ...(json === undefined ? {} : { json }),
    headers: organization === undefined ? {} : { 'hookring-organization': organization },
  });
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.text}`);
  return answer;
}
