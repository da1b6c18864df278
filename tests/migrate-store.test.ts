/** From a file to PostgreSQL, with real servers on both sides and a command that is killed in between. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { headerRecord, type Receiver, startReceiver } from '@hookring/receiver';
import { verify } from '@hookring/signing';
import { Client as PgClient } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../packages/server/src/store/postgres/testing/database.ts';
import { TABLES } from '../packages/server/src/store/transfer/tables.ts';
import { type Client, clientOf, eventually } from '../testbed/client.ts';
import { type ServerProcess, startServer } from '../testbed/server-process.ts';

const MAIN = fileURLToPath(new URL('../packages/server/src/cli/main.ts', import.meta.url));
/** So many that a signal meets the command at work. */
const EVENTS_UNSENT = 30_000;
const BATCH = 1_000;

type Json = { [name: string]: Json } & Json[] & string;

let url: string;
let receiver: Receiver;
let server: ServerProcess;
let call: Client;
let cleanup: (() => Promise<unknown>)[];
beforeEach(async () => {
  const database = await createTestDatabase();
  url = database.url;
  cleanup = [async () => await database.drop()];
  receiver = await startReceiver({ scripts: { '/down': { kind: 'respond', status: 500 } } });
  cleanup.push(async () => await receiver.stop());
  server = await startServer({ HOOKRING_RETRY_SCHEDULE: '3600' });
  cleanup.push(async () => await server.remove());
  call = clientOf(server);
});
afterEach(async () => {
  for (const step of cleanup.toReversed()) await step();
});

async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
): Promise<Json> {
  const answer = await call(method, path, {
    ...(body === undefined ? {} : { body }),
    ...(headers === undefined ? {} : { headers }),
  });
  expect([method, path, answer.status < 300]).toEqual([method, path, true]);
  return answer.json as unknown as Json; // Looked into as it must be.
}

async function createEndpoint(path: string, more: object = {}): Promise<{ id: string; secret: string }> {
  const { endpoint, secret } = await ask('POST', '/v1/endpoints', { url: receiver.url(path), ...more });
  return { id: String(endpoint?.['id']), secret: String(secret?.['value']) };
}

async function listAll(path: string): Promise<Json[]> {
  const items: Json[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: Json = await ask('GET', `${path}${path.includes('?') ? '&' : '?'}limit=200${cursor}`);
    for (const item of page['items'] as Json[]) items.push(item);
    cursor = (page['nextCursor'] as string | null) === null ? null : `&cursor=${page['nextCursor']}`;
  }
  return items;
}

/** Everything that an operator could look at, but for what has no end. */
async function everything() {
  const paths = ['/v1/endpoints', '/v1/keys', '/v1/audit', '/v1/organizations', '/v1/deliveries'];
  return Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await listAll(path)] as const)));
}

/** What only the history of a server knows how to make. */
async function fill() {
  const up = await createEndpoint('/up', { eventTypes: ['up.*'], headers: { 'X-Tenant': 'acme' } });
  const down = await createEndpoint('/down', { eventTypes: ['down.*'] });
  const held = await createEndpoint('/held', { eventTypes: ['held.*'] });
  const gone = await createEndpoint('/gone');
  await ask('DELETE', `/v1/endpoints/${gone.id}`);
  const rotated = await ask('POST', `/v1/endpoints/${up.id}/rotate`, { graceSeconds: 86_400 });
  await ask('PATCH', `/v1/endpoints/${held.id}`, { status: 'suspended' });
  const { key, token } = await ask('POST', '/v1/keys', { name: 'kept', scopes: ['events:read', 'events:write'] });
  const revoked = await ask('POST', '/v1/keys', { name: 'revoked', scopes: ['events:read'] });
  await ask('POST', `/v1/keys/${revoked['key']?.['id']}/revoke`);
  const sent = await ask('POST', '/v1/events', {
    id: 'order-1',
    type: 'up.a',
    payload: { n: 12345678901234567890n.toString() },
  });
  await ask(
    'POST',
    '/v1/events',
    { type: 'down.a', payload: { odd: 'tab\t \\ \u2028 🪝' } },
    { 'Idempotency-Key': 'once' },
  );
  await ask('POST', '/v1/events', { id: 'order-2', type: 'held.a', payload: null });
  const erased = await ask('POST', '/v1/events', { type: 'up.erased', payload: 1 });
  await receiver.waitFor(3);
  await eventually(async () => (await listAll('/v1/deliveries?status=succeeded')).length === 2);
  await ask('DELETE', `/v1/events/${erased['id']}/payload`);
  for (let at = 0; at < EVENTS_UNSENT; at += BATCH) {
    await ask('POST', '/v1/events', {
      events: Array.from({ length: BATCH }, (_, n) => ({ type: 'nobody', payload: at + n })),
    });
  }
  await eventually(async () => (await listAll('/v1/deliveries?status=retrying')).length === 1);
  return {
    up,
    down,
    held,
    next: String(rotated['secret']?.['value']),
    token: String(token),
    keyId: String(key?.['id']),
    sent,
  };
}

function environment(): Record<string, string | undefined> {
  const keys = readFileSync(`${server.databasePath}.master-key`, 'utf8')
    .split('\n')
    .filter((line) => /^\w+:/.test(line));
  return { ...process.env, HOOKRING_DATABASE_URL: url, HOOKRING_MASTER_KEY: keys.join(',') };
}

function migrate(...args: string[]) {
  const all = [MAIN, 'migrate-store', '--from', `sqlite:${server.databasePath}`, ...args];
  let child: ChildProcess | null = null;
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child = execFile(process.execPath, all, { env: environment(), maxBuffer: 1e8 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : ((error.code as number | null | undefined) ?? null), out, err });
    });
  });
  return { kill: () => child?.kill('SIGKILL'), ended };
}

async function sql(text: string): Promise<Record<string, unknown>[]> {
  const client = new PgClient({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function copied(): Promise<number> {
  const [there] = await sql(`SELECT to_regclass('hookring_transfer') IS NOT NULL AS there`);
  if (there?.['there'] !== true) return 0;
  const [progress] = await sql('SELECT sum(rows)::int AS rows FROM hookring_transfer');
  return Number(progress?.['rows']);
}

describe('hookring migrate-store', () => {
  it('moves all that a server has, killed in the middle or not, and the next one goes on where that one was', async () => {
    const made = await fill();
    const inUse = await migrate().ended;
    expect([inUse.code, inUse.err]).toEqual([1, expect.stringContaining('stop it first')]);
    const before = await everything();
    await server.drain();

    const first = migrate();
    await eventually(async () => (await copied()) > 0, 20_000);
    first.kill();
    expect((await first.ended).code).not.toBe(0);
    const reached = await copied();
    expect(reached).toBeGreaterThan(0);
    expect(reached).toBeLessThan(EVENTS_UNSENT);
    const early = spawn(process.execPath, [MAIN, 'serve'], { env: { ...environment(), HOOKRING_PORT: '0' } });
    let said = '';
    early.stderr.on('data', (chunk) => (said += String(chunk)));
    await new Promise((resolve) => early.once('exit', resolve));
    expect(said).toMatch(/not finished.*migrate-store/);

    const second = await migrate('--json').ended;
    expect([second.code, second.err]).toEqual([0, '']);
    const report = JSON.parse(second.out) as {
      verified: boolean;
      resumed: boolean;
      tables: { table: string; equal: boolean }[];
    };
    expect(report).toMatchObject({ verified: true, resumed: true });
    expect(report.tables.map(({ table }) => table)).toEqual(TABLES.map(({ table }) => table));
    const verifiedOnly = await migrate('--verify-only').ended;
    expect([verifiedOnly.code, verifiedOnly.out.match(/ equal$/gm)?.length]).toEqual([0, TABLES.length]);

    const seen = receiver.counters().received;
    const { HOOKRING_MASTER_KEY = '' } = environment();
    const next = await startServer({ HOOKRING_DATABASE_URL: url, HOOKRING_MASTER_KEY }, { key: server.key });
    cleanup.push(async () => await next.remove());
    call = clientOf(next);
    expect(await everything()).toEqual(before);
    const [total] = await sql('SELECT count(*)::int AS events FROM events');
    expect(total).toEqual({ events: EVENTS_UNSENT + 4 });

    // What was held goes out, signed as before; the same for the ring that was rotated, by both of its secrets.
    await ask('PATCH', `/v1/endpoints/${made.held.id}`, { status: 'active' });
    const [held] = await receiver.waitFor(({ path, number }) => path === '/held' && number > seen, {
      timeoutMs: 15_000,
    });
    const signedBy = (request: NonNullable<typeof held>, secret: string): boolean =>
      verify({ secrets: [secret], headers: headerRecord(request), body: request.body, now: request.at }).ok;
    expect(headerRecord(held!)['webhook-id']).toBe('order-2');
    expect(signedBy(held!, made.held.secret)).toBe(true);
    await ask('POST', '/v1/events', { type: 'up.b', payload: 1 });
    const [up] = await receiver.waitFor(({ path, number }) => path === '/up' && number > seen);
    expect([signedBy(up!, made.up.secret), signedBy(up!, made.next)]).toEqual([true, true]);
    expect(headerRecord(up!)['x-tenant']).toBe('acme');

    // What was retrying still is, with its next time; what was sent once is not sent again.
    expect((await listAll(`/v1/deliveries?status=retrying`)).map((row) => row['endpointId'])).toEqual([made.down.id]);
    const again = await ask('POST', '/v1/events', {
      id: 'order-1',
      type: 'up.a',
      payload: { n: '12345678901234567890' },
    });
    expect(again['id']).toBe(made.sent['id']);
    const replayed = await call('POST', '/v1/events', {
      body: { type: 'down.a', payload: { odd: 'tab\t \\ \u2028 🪝' } },
      headers: { 'Idempotency-Key': 'once' },
    });
    expect([replayed.status, replayed.headers.get('idempotent-replayed')]).toEqual([202, 'true']);
    expect((await call('GET', '/v1/events', { key: made.token })).status).toBe(200);
  }, 120_000);

  it('tells what is wrong before it begins', async () => {
    await server.drain();
    const keyless = await new Promise<{ code: unknown; err: string }>((resolve) => {
      const env = { ...environment(), HOOKRING_MASTER_KEY: '' };
      const args = [MAIN, 'migrate-store', '--from', `sqlite:${server.databasePath}`];
      execFile(process.execPath, args, { env }, (error, _out, err) => resolve({ code: error?.code, err }));
    });
    expect([keyless.code, keyless.err]).toEqual([
      2,
      expect.stringMatching(/HOOKRING_MASTER_KEY is not set.*\n.*paste -sd,/),
    ]);
    const other = await migrate('--to', 'sqlite:./x.db').ended;
    expect([other.code, other.err]).toEqual([2, expect.stringContaining('no PostgreSQL database')]);
    const secret = url.replace(':hookring@', ':hunter2hunter2@');
    const wrong = await migrate('--to', secret, '--json').ended;
    expect([wrong.code, JSON.parse(wrong.out)]).toMatchObject([
      1,
      { error: { detail: expect.stringMatching(/password is wrong/) } },
    ]);
    expect(wrong.out + wrong.err).not.toContain('hunter2');
  }, 60_000);
});
