/**
 * Makes the database of a release that this one must be able to take over, with that release's own server:
 *
 *     git worktree add /tmp/release <commit> && (cd /tmp/release && npm install)
 *     node tests/upgrade/make-fixture.ts /tmp/release 0.1.0
 *
 * Writes `<version>.sql` and `<version>.json` beside this file.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Behaviour, startReceiver } from '@hookring/receiver';
import { type Client, clientOf, eventually } from '../../testbed/client.ts';
import { dumpDatabase } from './dump.ts';
import { at, BOOTSTRAP_KEY, type Facts, MASTER_KEY, PRODUCTS, type Product, RECEIVER } from './scene.ts';

const PORT = 28_484;
const FINE: Behaviour = { kind: 'respond', status: 204 };
const BROKEN: Behaviour = { kind: 'respond', status: 500 };
const HUNG: Behaviour = { kind: 'hang' };

type Stage = { readonly call: Client; readonly url: (path: string) => string };

async function created(
  call: Client,
  list: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<object> {
  const { status, json, text } = await call('POST', list, { body, headers });
  if (status > 201) throw new Error(`${list} answered ${status}: ${text}`);
  return json;
}

async function send(call: Client, type: string): Promise<string> {
  const { status, json, text } = await call('POST', '/v1/events', { body: { type, payload: { of: type } } });
  if (status !== 202) throw new Error(`an event was answered ${status}: ${text}`);
  return at(json, 'id');
}

async function shown(
  call: Client,
  eventId: string,
  status: string,
  headers: Record<string, string> = {},
): Promise<void> {
  await eventually(async () => {
    const { json } = await call('GET', `/v1/deliveries?eventId=${eventId}&status=${status}`, { headers });
    return (json as unknown as { items?: unknown[] }).items?.length === 1;
  });
}

async function rotatedThrough(
  { call, url }: Stage,
  product: Product,
): Promise<{ id: string; secrets: string[]; deliveredEvent: string }> {
  const target = { url: url(`/${product.name}`), ...product.creation };
  const made = await created(call, product.list, target);
  const rotation = `${product.list}/${at(made, product.id)}/${product.rotation}`;
  const { status, json, text } = await call(
    'POST',
    rotation,
    product.rotationBody === null ? {} : { body: product.rotationBody },
  );
  if (status !== 200) throw new Error(`${rotation} answered ${status}: ${text}`);
  const { json: list } = await call('GET', '/v1/endpoints?limit=100');
  const found = (list as unknown as { items: { id: string; url: string }[] }).items.find(
    (item) => item.url === target.url,
  );
  if (found === undefined) throw new Error(`${product.name} has no endpoint in the native API`);
  const deliveredEvent = await send(call, product.type);
  await shown(call, deliveredEvent, 'succeeded');
  return { id: found.id, secrets: [at(made, product.secret), at(json, product.secret)], deliveredEvent };
}

/** An endpoint of its own for a delivery that ends up in some state. */
async function endpointFor({ call, url }: Stage, name: string, more: object): Promise<string> {
  return at(
    await created(call, '/v1/endpoints', { url: url(`/${name}`), eventTypes: [`fixture.${name}`], ...more }),
    'endpoint.id',
  );
}

async function play(stage: Stage, hang: () => void): Promise<Omit<Facts, 'auditRows'>> {
  const { call, url } = stage;
  const endpoints: Record<string, Facts['endpoints'][string]> = {};
  for (const product of PRODUCTS)
    endpoints[product.name] = { ...(await rotatedThrough(stage, product)), owedEvent: '' };

  const tenantId = at(await created(call, '/v1/organizations', { name: 'Customer 1', externalId: 'customer-1' }), 'id');
  const headers = { 'hookring-organization': 'customer-1' };
  const scopes = ['endpoints:read', 'endpoints:write', 'events:read', 'events:write', 'deliveries:read'];
  const token = at(await created(call, '/v1/keys', { name: 'customer', scopes }, headers), 'token');
  const revoked = await created(call, '/v1/keys', { name: 'revoked', scopes }, headers);
  await call('POST', `/v1/keys/${at(revoked, 'key.id')}/revoke`, { headers });
  const body = { url: url('/tenant'), eventTypes: ['tenant.happened'], keyring: 'organization' };
  const endpointId = at(await created(call, '/v1/endpoints', body, headers), 'endpoint.id');
  const secrets: string[] = [];
  for (const settings of [{ graceSeconds: 0 }, { graceSeconds: 86_400, force: true }]) {
    const { json } = await call('POST', `/v1/organizations/${tenantId}/rotate`, { body: settings, headers });
    secrets.push(at(json, 'secret.value'));
  }

  const states: Record<string, { id: string; eventId: string }> = {};
  for (const [name, more, status] of [
    ['dead', { retrySchedule: [] }, 'dead'],
    ['retrying', { retrySchedule: [7_200] }, 'retrying'],
    ['held', {}, 'held'],
  ] as const) {
    const id = await endpointFor(stage, name, more);
    if (name === 'held') await call('PATCH', `/v1/endpoints/${id}`, { body: { status: 'suspended' } });
    const eventId = await send(call, `fixture.${name}`);
    await shown(call, eventId, status);
    states[name] = { id, eventId };
  }
  const idempotent = { key: 'fixture-request-1', body: '{"type":"fixture.nobody","payload":{"n":1}}', answer: '' };
  const first = await call('POST', '/v1/events', {
    raw: idempotent.body,
    headers: { 'idempotency-key': idempotent.key },
  });

  // What is out when the server is killed is owed, and so is what waits behind it.
  hang();
  for (const product of PRODUCTS) {
    const found = endpoints[product.name];
    if (found !== undefined) endpoints[product.name] = { ...found, owedEvent: await send(call, product.type) };
  }
  const { dead, retrying, held } = states;
  if (dead === undefined || retrying === undefined || held === undefined) throw new Error('a state is missing');
  return {
    madeAt: Date.now(),
    endpoints,
    tenant: { id: tenantId, token, endpointId, secrets },
    revokedToken: at(revoked, 'token'),
    dead,
    retrying,
    held,
    idempotent: { ...idempotent, answer: first.text },
  };
}

async function make(release: string, version: string): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'hookring-fixture-'));
  const database = path.join(folder, 'hookring.db');
  const receiver = await startReceiver({ scripts: { '/dead': BROKEN, '/retrying': BROKEN }, otherwise: FINE });
  const server = spawn(process.execPath, [path.join(release, 'packages/server/src/cli/main.ts'), 'serve'], {
    cwd: folder,
    env: {
      ...process.env,
      HOOKRING_PORT: String(PORT),
      HOOKRING_DATABASE_URL: `sqlite:${database}`,
      HOOKRING_MASTER_KEY: MASTER_KEY,
      HOOKRING_BOOTSTRAP_KEY: BOOTSTRAP_KEY,
      HOOKRING_ALLOW_PRIVATE: '127.0.0.0/8',
      HOOKRING_ALLOW_HTTP: 'true',
      HOOKRING_LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    const url = `http://127.0.0.1:${PORT}`;
    await eventually(async () => (await fetch(`${url}/readyz`).catch(() => null))?.ok);
    const call = clientOf({ url, key: BOOTSTRAP_KEY });
    const facts = await play({ call, url: (each) => receiver.url(each) }, () => {
      for (const { name } of PRODUCTS) receiver.script(`/${name}`, HUNG);
    });
    server.kill('SIGKILL');
    await new Promise((resolve) => server.once('close', resolve));
    const auditRows = auditRowsOf(database);
    const dump = dumpDatabase(database).replaceAll(new URL(receiver.url('/')).origin, RECEIVER);
    const beside = path.join(import.meta.dirname, version);
    writeFileSync(`${beside}.sql`, dump);
    writeFileSync(`${beside}.json`, `${JSON.stringify({ ...facts, auditRows }, null, 2)}\n`);
  } finally {
    server.kill('SIGKILL');
    await receiver.stop();
    rmSync(folder, { recursive: true });
  }
}

function auditRowsOf(database: string): number {
  const db = new DatabaseSync(database);
  try {
    return Number(db.prepare('SELECT count(*) AS found FROM audit').get()?.['found']);
  } finally {
    db.close();
  }
}

const [, , release, version] = process.argv;
if (release === undefined || version === undefined)
  throw new Error('usage: make-fixture.ts <checkout of the release> <version>');
await make(path.resolve(release), version);
