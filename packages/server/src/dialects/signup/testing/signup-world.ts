import { expect } from 'vitest';
import { type Dialect, typeIds, uuids } from '../../public.ts';
import { type Answer, type CheckedClient, checkedClient, type Json } from '../../testing/checked-client.ts';
import { endedDeliveries, type SentEvent, sendEvent } from '../../testing/native-steps.ts';
import type { Received } from '../../testing/receiver.ts';
import type { RunningDialects } from '../../testing/running-dialects.ts';
import { expectPage } from './page.ts';

/** The dialect over a whole engine, as its tests see it; filled before the first of them runs. */
export type SignupWorld = {
  running: RunningDialects;
  ask: CheckedClient;
  native: CheckedClient;
  /** What the plans of organizations allow, by id; no cap for one without. */
  readonly plans: Map<string, number>;
  eventTypes: number;
  /** Where it listens, for what must be said over a socket. */
  listening: Promise<string>;
};

export function openWorld(world: SignupWorld, running: RunningDialects, dialect: Dialect): void {
  world.running = running;
  world.ask = discreet(checkedClient(running, dialect));
  world.native = checkedClient(running, running.native);
  world.eventTypes = 0;
  world.listening = running.listen();
}

/** Fails where an answer shows a secret and is not the one that minted it. */
function discreet(ask: CheckedClient): CheckedClient {
  const asked = async (...[method, path, ...more]: Parameters<CheckedClient>): Promise<Answer> => {
    const answer = await ask(method, path, ...more);
    const isMinting = method === 'POST' && /^\/webhooks(\/[^/]+\/rotate)?$/.test(path) && answer.status < 300;
    expect([method, path, `${answer.text}${JSON.stringify(answer.headers)}`.includes('whsec_')]).toEqual([
      method,
      path,
      isMinting,
    ]);
    return answer;
  };
  return Object.assign(asked, { seen: ask.seen, unseen: () => ask.unseen() });
}

/** A type that no other endpoint of the tests is subscribed to. */
export function newType(world: SignupWorld): string {
  world.eventTypes += 1;
  return `signup.case-${world.eventTypes}`;
}

export type Made = {
  readonly id: string;
  readonly secret: string;
  /** What it alone is subscribed to. */
  readonly type: string;
};

export async function create(world: SignupWorld, more: Record<string, unknown> = {}, token?: string): Promise<Made> {
  const type = newType(world);
  const answer = await world.ask('POST', '/webhooks', {
    json: { url: world.running.receiver.url, eventTypes: [type], ...more },
    ...(token === undefined ? {} : { token }),
  });
  expectPage(answer, 201, 'endpointWithSecret');
  return { id: answer.json.endpoint.id, secret: answer.json.signingSecret, type };
}

export async function read(world: SignupWorld, id: string): Promise<Json> {
  const answer = await world.ask('GET', `/webhooks/${id}`);
  expectPage(answer, 200, 'endpoint');
  return answer.json;
}

export async function rotate(world: SignupWorld, id: string): Promise<string> {
  const answer = await world.ask('POST', `/webhooks/${id}/rotate`);
  expectPage(answer, 200, 'endpointWithSecret');
  return answer.json.signingSecret;
}

export async function deliveriesOf(world: SignupWorld, id: string, query = ''): Promise<Json[]> {
  const answer = await world.ask('GET', `/webhooks/${id}/deliveries${query}`);
  expectPage(answer, 200, 'deliveries');
  return answer.json.data;
}

/** Sends an event and waits for what the receiver gets of it. */
export async function deliver(
  { running }: SignupWorld,
  type: string,
  payload: unknown = { n: 1 },
): Promise<{ readonly event: SentEvent; readonly request: Received }> {
  const event = await sendEvent(running, { type, payload });
  const [request] = await running.receiver.arrived(({ headers }) => headers['webhook-id'] === event.id);
  if (request === undefined) throw new Error('nothing arrived');
  return { event, request };
}

/** The same, and waits until its deliveries have ended. */
export async function deliverToTheEnd(world: SignupWorld, type: string): Promise<SentEvent> {
  const event = await sendEvent(world.running, { type, payload: {} });
  await endedDeliveries(world.running, event.id);
  return event;
}

/** The same endpoint in the native API. */
export function nativeId(uuid: string): string {
  const id = uuids('ep').decode(uuid);
  if (id === null) throw new Error(`${uuid} is no id`);
  return typeIds('ep').encode(id);
}

/** Changes natively what this product has no word for. */
export async function patchNatively(world: SignupWorld, id: string, json: Record<string, unknown>): Promise<Answer> {
  const answer = await world.native('PATCH', `/endpoints/${nativeId(id)}`, { json });
  expect(answer.status).toBe(200);
  return answer;
}
