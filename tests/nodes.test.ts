/** Servers on one PostgreSQL database, as real processes. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { headerRecord, type Receiver, startReceiver } from '@hookring/receiver';
import { verify } from '@hookring/signing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTestDatabase } from '../packages/server/src/store/postgres/testing/database.ts';
import { type Client, clientOf, eventually } from '../testbed/client.ts';
import { NODES_MASTER_KEY, type ServerProcess, startServer } from '../testbed/server-process.ts';

const MAIN = fileURLToPath(new URL('../packages/server/src/cli/main.ts', import.meta.url));
const KEY = 'nodes-'.padEnd(48, 'k');
const EVENTS = 40;

// Each starts processes; nothing waits for this long where there is work to be done.
vi.setConfig({ testTimeout: 60_000 });

let url: string;
let receiver: Receiver;
let cleanup: (() => Promise<unknown>)[];
beforeEach(async () => {
  cleanup = [];
  const database = await createTestDatabase();
  url = database.url;
  cleanup.push(async () => await database.drop());
  receiver = await startReceiver({ scripts: { '/slow': { kind: 'hang' } } });
  cleanup.push(async () => await receiver.stop());
});
afterEach(async () => {
  for (const step of cleanup.toReversed()) await step();
});

async function node(
  role: 'all' | 'api' | 'worker' = 'all',
  environment: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const server = await startServer(environment, { postgres: { url, role }, key: KEY });
  cleanup.push(async () => await server.remove());
  return server;
}

async function createEndpoint(call: Client, path: string): Promise<{ id: string; secret: string }> {
  const { status, json } = await call('POST', '/v1/endpoints', { body: { url: receiver.url(path) } });
  expect(status).toBe(201);
  const { endpoint, secret } = json as unknown as { endpoint: { id: string }; secret: { value: string } };
  return { id: endpoint.id, secret: secret.value };
}

async function send(call: Client, count = 1): Promise<string[]> {
  const ids = Array.from({ length: count }, () => crypto.randomUUID());
  const events = ids.map((id) => ({ id, type: 'nodes.test', payload: { id } }));
  const { status } = await call('POST', '/v1/events', { body: { events } });
  expect(status).toBe(202);
  return ids;
}

/** The requests to a path that came after so many in all. */
function requests(path: string, after = 0) {
  return receiver.requests(path).filter(({ number }) => number > after);
}

function arrivals(path: string, after?: number): string[] {
  return requests(path, after).map((request) => headerRecord(request)['webhook-id'] ?? '');
}

async function arrived(path: string, ids: readonly string[], { after = 0, timeoutMs = 10_000 } = {}): Promise<void> {
  await eventually(() => {
    const found = new Set(arrivals(path, after));
    return ids.every((id) => found.has(id));
  }, timeoutMs);
}

/** Every request to the path carries a signature of that secret. */
function expectSigned(path: string, secret: string, after?: number): void {
  const all = requests(path, after);
  expect(all.length).toBeGreaterThan(0);
  for (const request of all) {
    const { body, at: now } = request;
    expect(verify({ secrets: [secret], headers: headerRecord(request), body, now }).ok).toBe(true);
  }
}

function hookring(args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const { HOOKRING_PORT: _, ...rest } = process.env;
  const env = { ...rest, HOOKRING_DATABASE_URL: url, HOOKRING_MASTER_KEY: NODES_MASTER_KEY, ...more };
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

describe('two servers on one database', () => {
  it('are one: an endpoint made on one gets what the other accepts, a key revoked on one opens nothing on the other', async () => {
    const [a, b] = await Promise.all([node(), node()]);
    const [onA, onB] = [clientOf(a), clientOf(b)];
    const { secret, id } = await createEndpoint(onA, '/one');
    const ids = await send(onB, EVENTS);
    await arrived('/one', ids);
    expectSigned('/one', secret);
    expect(arrivals('/one').toSorted()).toEqual(ids.toSorted());

    const made = await onA('POST', '/v1/keys', { body: { name: 'k', scopes: ['events:read'] } });
    const { token, key } = made.json as unknown as { token: string; key: { id: string } };
    expect((await onB('GET', '/v1/events', { key: token })).status).toBe(200);
    expect((await onA('DELETE', `/v1/keys/${key.id}`)).status).toBeLessThan(300);
    expect((await onB('GET', '/v1/events', { key: token })).status).toBe(401);

    const rotated = await onB('POST', `/v1/endpoints/${id}/rotate`, { body: { graceSeconds: 0 } });
    const next = (rotated.json as unknown as { secret: { value: string } }).secret.value;
    const after = receiver.counters().received;
    await arrived('/one', await send(onA, EVENTS), { after });
    expectSigned('/one', next, after);
  });

  it('take over from each other: what a killed one held is delivered by the other', async () => {
    const [a, b] = await Promise.all([node(), node()]);
    const { secret } = await createEndpoint(clientOf(a), '/slow');
    // They hang in the one that accepts them: some on the wire, the others in its memory.
    const ids = await send(clientOf(a), EVENTS);
    await eventually(() => arrivals('/slow').length > 0);
    await a.kill();
    receiver.script('/slow', { kind: 'respond', status: 204 });
    const after = receiver.counters().received;
    await arrived('/slow', ids, { after, timeoutMs: 40_000 });
    expectSigned('/slow', secret, after);
    await eventually(async () => {
      const { json } = await clientOf(b)('GET', '/v1/deliveries?status=succeeded&limit=200');
      return (json as unknown as { items: unknown[] }).items.length === EVENTS;
    });
  });
});

describe('roles', () => {
  it('divide the work: one accepts and sends nothing, the other delivers and has no API', async () => {
    const api = await node('api');
    const { secret } = await createEndpoint(clientOf(api), '/roles');
    const early = await send(clientOf(api), EVENTS);
    expect(arrivals('/roles')).toEqual([]);
    const worker = await node('worker');
    await arrived('/roles', early);
    const late = await send(clientOf(api), EVENTS);
    await arrived('/roles', late);
    expectSigned('/roles', secret);
    expect(arrivals('/roles')).toHaveLength(2 * EVENTS);

    const asked = await clientOf(worker)('POST', '/v1/events', { body: { type: 'a.b', payload: 1 } });
    expect([asked.status, asked.json['detail']]).toEqual([404, expect.stringMatching(/role worker/)]);
    expect((await fetch(`${worker.url}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${worker.url}/metrics`)).text()).toMatch(/^hookring_attempts_total\{.*\} \d+$/m);
  });
});

describe('the command line', () => {
  it('finds a server of this machine, and does without one', async () => {
    const server = await node();
    const served = await hookring(['orgs', 'list', '--json']);
    expect([served.code, served.err]).toEqual([0, '']);
    expect(served.out).toContain('"default"');
    const shown = JSON.parse((await hookring(['config', '--json'])).out) as { server: { pid: number } };
    expect(shown.server.pid).toBe(server.pid);
    await server.kill();
    const sent = await hookring(['send', 'a.b', '1']);
    expect([sent.code, sent.err]).toEqual([
      0,
      expect.stringContaining('one elsewhere on this database, or when one starts'),
    ]);
    const listed = await hookring(['events', 'list', '--json']);
    expect(listed.out).toContain(sent.out.trim());
    // A command is no node that sends, so nobody has to wait for it to be gone.
    const again = await node();
    await createEndpoint(clientOf(again), '/later');
    await arrived('/later', await send(clientOf(again)));
  });

  it('says in one sentence what it does not do there, and what is missing', async () => {
    const backup = await hookring(['backup', '/tmp/none.db']);
    expect([backup.code, backup.err]).toEqual([2, expect.stringMatching(/is a PostgreSQL one\nhint: .*pg_dump/)]);
    expect((await hookring(['restore', '/tmp/none.db'])).code).toBe(2);
    const keyless = await hookring(['orgs', 'list'], { HOOKRING_MASTER_KEY: '' });
    expect([keyless.code, keyless.err]).toEqual([
      3,
      expect.stringMatching(/HOOKRING_MASTER_KEY is not set.*openssl rand/),
    ]);
    const role = await hookring(['serve'], { HOOKRING_DATABASE_URL: 'sqlite:./x.db', HOOKRING_ROLE: 'api' });
    expect([role.code, role.err]).toEqual([2, expect.stringContaining('one process owns a SQLite file')]);
    const wrong = await hookring(['serve'], { HOOKRING_DATABASE_URL: url.replace(':hookring@', ':hunter2hunter2@') });
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringMatching(/^error: .*the password is wrong/m)]);
    expect(wrong.err + wrong.out).not.toContain('hunter2');
  });
});
