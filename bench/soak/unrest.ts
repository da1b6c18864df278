import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from './api.ts';
import { Customer, type Customers } from './customers.ts';

/** A customer deploys the new secret somewhere in this part of the grace; the rest is for an answer that comes late. */
const DEPLOY_FROM = 0.1;
const DEPLOY_TO = 0.6;
const SUSPEND_EVERY_MS = 15_000;
const SUSPENDED_MS = 8_000;
const CHURN_EVERY_MS = 2_000;
const ARRIVAL_MS_MAX = 20_000;
const KEYS_EVERY_MS = 5_000;
/** Two statements in two processes are not at one moment. */
const ASK_AGAIN_MS = 20;

export type Deeds = {
  rotations: number;
  suspensions: number;
  created: number;
  archived: number;
  keys: number;
  /** Events that this part of the soak sent, and deliveries that they made. */
  events: number;
  deliveries: number;
  /** Events sent after the creation of an endpoint was answered that never reached it. */
  unread: number;
  /** Keys that still opened something after their revocation was answered. */
  openAfterRevocation: number;
  /** What did not go as it must, in words; the first few. */
  readonly problems: string[];
};

const PROBLEMS_MAX = 20;

export function nothingDone(): Deeds {
  return {
    rotations: 0,
    suspensions: 0,
    created: 0,
    archived: 0,
    keys: 0,
    events: 0,
    deliveries: 0,
    unread: 0,
    openAfterRevocation: 0,
    problems: [],
  };
}

export type Scene = {
  readonly api: Api;
  readonly customers: Customers;
  readonly steady: readonly Customer[];
  readonly deeds: Deeds;
  readonly graceSeconds: number;
  /** Nothing new begins after that; what has begun comes to its end. */
  readonly until: number;
};

/** Everything that people do while events flow. */
export async function disturb(scene: Scene): Promise<void> {
  await Promise.all([
    ...scene.steady.map(async (customer) => await rotateAgainAndAgain(scene, customer)),
    suspendOneAfterTheOther(scene),
    createAndArchive(scene),
    createAndRevokeKeys(scene),
  ]);
}

function problem({ deeds }: Scene, text: string): void {
  if (deeds.problems.length < PROBLEMS_MAX) deeds.problems.push(text);
}

async function sleepUntil({ until }: Scene, ms: number): Promise<void> {
  await sleep(Math.max(0, Math.min(ms, until - Date.now())));
}

async function rotateAgainAndAgain(scene: Scene, customer: Customer): Promise<void> {
  const { api, deeds, graceSeconds, until } = scene;
  await sleepUntil(scene, Math.random() * graceSeconds * 1_000);
  while (Date.now() < until - (graceSeconds + 2) * 1_000) {
    const { status, json } = await api.call('POST', `/v1/endpoints/${customer.endpointId}/rotate`, {
      graceSeconds,
    });
    if (status === 200) {
      deeds.rotations += 1;
      const { secret } = json as { secret: { value: string } };
      const share = DEPLOY_FROM + Math.random() * (DEPLOY_TO - DEPLOY_FROM);
      await sleep(share * graceSeconds * 1_000);
      customer.deploy(secret.value);
    } else problem(scene, `a rotation answered ${status}: ${JSON.stringify(json)}`);
    await sleepUntil(scene, graceSeconds * (1 + Math.random() / 2) * 1_000);
  }
}

async function suspendOneAfterTheOther(scene: Scene): Promise<void> {
  const { api, deeds, steady, until } = scene;
  for (let index = 0; ; index += 1) {
    await sleepUntil(scene, SUSPEND_EVERY_MS);
    if (Date.now() >= until - SUSPENDED_MS) return;
    const customer = steady[index % steady.length];
    if (customer === undefined) return;
    const path = `/v1/endpoints/${customer.endpointId}`;
    const suspended = await api.call('PATCH', path, { status: 'suspended' });
    if (suspended.status !== 200) {
      problem(scene, `a suspension answered ${suspended.status}: ${JSON.stringify(suspended.json)}`);
      continue;
    }
    customer.closedAt = Date.now();
    await sleep(SUSPENDED_MS);
    // What is sent from here on is sent because of the resumption.
    customer.closedAt = null;
    customer.resumedAt = Number.POSITIVE_INFINITY;
    const { status, json } = await api.call('PATCH', path, { status: 'active' });
    customer.resumedAt = Date.now();
    if (status === 200) deeds.suspensions += 1;
    else problem(scene, `a resumption answered ${status}: ${JSON.stringify(json)}`);
  }
}

/** An endpoint is made on one node; an event that another node accepts right after must reach it; then it goes. */
async function createAndArchive(scene: Scene): Promise<void> {
  const { api, customers, deeds, until } = scene;
  for (let number = 0; Date.now() < until; number += 1) {
    await sleep(CHURN_EVERY_MS);
    const customer = new Customer(`/churn/${number}`, 'steady');
    customers.add(customer);
    const type = `churn.${number}`;
    try {
      const { id, secret } = await api.createEndpoint(customers.url + customer.path, [type]);
      customer.deploy(secret);
      deeds.created += 1;
      const isAccepted = await sendOne(scene, type, 0);
      if (isAccepted) deeds.deliveries += 1;
      if (isAccepted && !(await arrives(customer))) {
        deeds.unread += 1;
        problem(scene, `an event for the new endpoint ${id} did not reach it`);
      }
      const archived = await api.call('DELETE', `/v1/endpoints/${id}`);
      if (archived.status === 204) {
        deeds.archived += 1;
        customer.closedAt = Date.now();
        await sendOne(scene, type, 1);
      } else problem(scene, `archiving answered ${archived.status}: ${JSON.stringify(archived.json)}`);
    } catch (error) {
      problem(scene, String(error));
    }
    // Long enough for what should not come.
    setTimeout(() => customers.remove(customer), ARRIVAL_MS_MAX).unref();
  }
}

async function sendOne({ api, deeds }: Scene, type: string, seq: number): Promise<boolean> {
  const { status } = await api.call('POST', '/v1/events', { type, payload: { seq, sentAt: Date.now() } });
  if (status !== 202) return false;
  deeds.events += 1;
  return true;
}

async function arrives(customer: Customer): Promise<boolean> {
  const deadline = Date.now() + ARRIVAL_MS_MAX;
  while (!customer.received.has(0)) {
    if (Date.now() > deadline) return false;
    await sleep(ASK_AGAIN_MS);
  }
  return true;
}

async function createAndRevokeKeys(scene: Scene): Promise<void> {
  const { api, deeds, until } = scene;
  while (Date.now() < until) {
    await sleep(KEYS_EVERY_MS);
    const { status, json } = await api.call('POST', '/v1/keys', { name: 'soak', scopes: ['endpoints:read'] });
    if (status !== 201) {
      problem(scene, `creating a key answered ${status}: ${JSON.stringify(json)}`);
      continue;
    }
    const { key, token } = json as { key: { id: string }; token: string };
    const ask = async (): Promise<number> => (await api.call('GET', '/v1/endpoints?limit=1', undefined, token)).status;
    // Every node gets to know it.
    for (const answer of [await ask(), await ask()]) {
      if (answer !== 200) problem(scene, `a new key was answered ${answer}`);
    }
    const revoked = await api.call('POST', `/v1/keys/${key.id}/revoke`);
    if (revoked.status !== 200) {
      problem(scene, `revoking a key answered ${revoked.status}: ${JSON.stringify(revoked.json)}`);
      continue;
    }
    deeds.keys += 1;
    for (const answer of [await ask(), await ask()]) {
      if (answer === 200) deeds.openAfterRevocation += 1;
    }
  }
}
