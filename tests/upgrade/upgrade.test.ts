import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { headerRecord, type ReceivedRequest, type Receiver, startReceiver } from '@hookring/receiver';
import { type SignatureProfile, verify } from '@hookring/signing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, clientOf, eventually } from '../../testbed/client.ts';
import { type ServerProcess, startServer } from '../../testbed/server-process.ts';
import { loadDump } from './dump.ts';
import { at, BOOTSTRAP_KEY, type Facts, MASTER_KEY, PRODUCTS, RECEIVER } from './scene.ts';

const VERSION = '0.1.0';
const beside = (name: string): string => readFileSync(fileURLToPath(new URL(name, import.meta.url)), 'utf8');
const facts = JSON.parse(beside(`./${VERSION}.json`)) as Facts; // Written by make-fixture.ts.

let receiver: Receiver;
let server: ServerProcess;
let call: Client;
let startedAt: number;
beforeAll(async () => {
  startedAt = Date.now();
  receiver = await startReceiver();
  const to = new URL(receiver.url('/')).origin;
  const shiftMs = startedAt - facts.madeAt;
  server = await startServer(
    { HOOKRING_MASTER_KEY: MASTER_KEY, HOOKRING_BOOTSTRAP_KEY: BOOTSTRAP_KEY, HOOKRING_LOG_LEVEL: 'info' },
    { database: (path) => loadDump(path, beside(`./${VERSION}.sql`), { shiftMs, from: RECEIVER, to }) },
  );
  call = clientOf({ url: server.url, key: BOOTSTRAP_KEY });
});
afterAll(async () => {
  await server?.remove();
  await receiver?.stop();
});

type Shown = { readonly items: readonly Record<string, unknown>[] };
async function listed(path: string, headers: Record<string, string> = {}): Promise<Shown['items']> {
  const { status, json } = await call('GET', path, { headers });
  expect([path, status]).toEqual([path, 200]);
  return (json as unknown as Shown).items;
}

/** Whether a request carries a signature of this secret, under the profile of its endpoint. */
function isSignedBy(request: ReceivedRequest, secret: string, profile: SignatureProfile): boolean {
  const headers = new Headers(headerRecord(request));
  return verify({ headers, body: request.body, now: request.at, secrets: [secret], profile }).ok;
}

describe(`a database of release ${VERSION}`, () => {
  it('is brought to the schema of this one, which the log tells', async () => {
    // The log comes through a pipe, and may come after the first answer.
    await eventually(() => /schema version.*\n/.test(server.log()));
    const lines = server
      .log()
      .split('\n')
      .filter((line) => line.includes('schema version'));
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ level: 'info', from: 1, to: 2, durationMs: expect.any(Number) }),
    ]);
  });

  it.each(PRODUCTS)(
    'sends what the $name endpoint is owed, signed by what lives of its ring',
    async ({ name, list, type, hasGrace }) => {
      const { id, secrets, owedEvent, deliveredEvent } = facts.endpoints[name]!;
      const { json: endpoint } = await call('GET', `/v1/endpoints/${id}`);
      const profile = endpoint['signatureProfile'] as unknown as SignatureProfile;
      const [request] = await receiver.waitFor(({ path }) => path === `/${name}`, { timeoutMs: 10_000 });
      expect(secrets.map((secret) => isSignedBy(request!, secret, profile))).toEqual([hasGrace, true]);
      const headers = headerRecord(request!);
      expect(headers['x-tenant']).toBe(name === 'native' ? 'acme' : undefined);
      // The one that had succeeded is not sent again.
      const [delivered] = await listed(`/v1/deliveries?eventId=${deliveredEvent}`);
      expect(delivered).toMatchObject({ status: 'succeeded', eventType: type, attemptCount: 1 });
      expect((await listed(`/v1/deliveries?eventId=${owedEvent}`)).map(({ endpointId }) => endpointId)).toEqual([id]);
      expect(receiver.requests(`/${name}`)).toHaveLength(1);
      expect((await call('GET', list)).status).toBe(200);
    },
  );

  it('shows the rings as they were: one active secret, the older one in its grace', async () => {
    for (const { name, hasGrace } of PRODUCTS) {
      const { id, secrets } = facts.endpoints[name]!;
      const ring = await listed(`/v1/endpoints/${id}/secrets`);
      expect([name, ring.map(({ state, hint }) => [state, hint])]).toEqual([
        name,
        [
          ['active', secrets[1]!.slice(-4)],
          [hasGrace ? 'retiring' : 'expired', secrets[0]!.slice(-4)],
        ],
      ]);
      expect(Date.parse(String(ring[1]?.['expiresAt'])) > startedAt).toBe(hasGrace);
    }
  });

  it('keeps dead, retrying and held deliveries what they were', async () => {
    for (const status of ['dead', 'retrying', 'held'] as const) {
      const { id, eventId } = facts[status];
      const [delivery] = await listed(`/v1/deliveries?eventId=${eventId}`);
      expect(delivery).toMatchObject({ status, endpointId: id });
      expect(receiver.requests(`/${status}`)).toEqual([]);
    }
    const resumed = await call('PATCH', `/v1/endpoints/${facts.held.id}`, { body: { status: 'active' } });
    expect(resumed.status).toBe(200);
    await receiver.waitFor(({ path }) => path === '/held');
    const { json } = await call('POST', `/v1/endpoints/${facts.dead.id}/recover`, {
      body: { since: new Date(startedAt - 3_600_000).toISOString() },
    });
    expect(json['recovered']).toBe(1);
    await receiver.waitFor(({ path }) => path === '/dead');
  });

  it('lets the same API keys in, signs for the tenant with its organization’s ring, and keeps a revoked key out', async () => {
    const { token, endpointId, secrets } = facts.tenant;
    const [only] = (await call('GET', '/v1/endpoints', { key: token })).json['items'] as unknown as { id: string }[];
    expect(only?.id).toBe(endpointId);
    expect((await call('GET', '/v1/endpoints', { key: facts.revokedToken })).status).toBe(401);
    const { status } = await call('POST', '/v1/events', { key: token, body: { type: 'tenant.happened', payload: 1 } });
    expect(status).toBe(202);
    const [request] = await receiver.waitFor(({ path }) => path === '/tenant');
    const { json } = await call('GET', `/v1/endpoints/${endpointId}`, { key: token });
    const profile = json['signatureProfile'] as unknown as SignatureProfile;
    expect(secrets.map((secret) => isSignedBy(request!, secret, profile))).toEqual([true, true]);
  });

  it('answers a repeated request as it had answered it', async () => {
    const { key, body, answer } = facts.idempotent;
    const again = await call('POST', '/v1/events', { raw: body, headers: { 'idempotency-key': key } });
    expect([again.status, again.json['id']]).toEqual([202, at(JSON.parse(answer), 'id')]);
    const other = await call('POST', '/v1/events', {
      raw: body.replace('1', '2'),
      headers: { 'idempotency-key': key },
    });
    expect(other.status).toBe(422);
  });

  it('rotates on: the secret in its grace goes by the rules, the active one stays on', async () => {
    const { id, secrets } = facts.endpoints['native']!;
    expect((await call('POST', `/v1/endpoints/${id}/rotate`, { body: { graceSeconds: 60 } })).status).toBe(409);
    const rotated = await call('POST', `/v1/endpoints/${id}/rotate`, { body: { graceSeconds: 60, force: true } });
    expect(rotated.status).toBe(200);
    await call('POST', '/v1/events', { body: { type: 'invoice.paid', payload: 2 } });
    const [, request] = await receiver
      .waitFor(({ path, number }) => path === '/native' && number > 1)
      .then(() => receiver.requests('/native'));
    const profile = (await call('GET', `/v1/endpoints/${id}`)).json['signatureProfile'] as unknown as SignatureProfile;
    const living = [secrets[0]!, secrets[1]!, at(rotated.json, 'secret.value')];
    expect(living.map((secret) => isSignedBy(request!, secret, profile))).toEqual([false, true, true]);
  });

  it('has every line of its audit log, each with an id of its own', async () => {
    const db = new DatabaseSync(server.databasePath, { readOnly: true });
    const rows = db.prepare('SELECT number, id, action, detail FROM audit ORDER BY number').all();
    db.close();
    const old = rows.slice(0, facts.auditRows);
    expect(old).toHaveLength(facts.auditRows);
    expect(new Set(old.map(({ id }) => id)).size).toBe(facts.auditRows);
    const kept = [
      ...beside(`./${VERSION}.sql`).matchAll(/^INSERT INTO audit VALUES \(\d+, \d+, '[^']+', '[^']+', '([^']+)'/gm),
    ];
    expect(old.map(({ action }) => action)).toEqual(kept.map(([, action]) => action));
  });
});
