/** The log of a real server at `trace`: it shows no secret of whatever was done, and one id leads to the next. */
import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, clientOf, eventually } from '../testbed/client.ts';
import { type ServerProcess, startServer } from '../testbed/server-process.ts';

type Line = Readonly<Record<string, unknown>> & { readonly level: string; readonly message: string };

/** None of them may be in the log. */
const secrets = new Map<string, string>();
function secret(name: string, value: string): string {
  secrets.set(name, value);
  return value;
}

const JWT_SECRET = secret('the secret of session JWTs', randomBytes(32).toString('base64'));
const ENVIRONMENT = {
  HOOKRING_LOG_LEVEL: 'trace',
  HOOKRING_RETRY_SCHEDULE: '0,0',
  HOOKRING_JWT_SECRET: JWT_SECRET,
  HOOKRING_MASTER_KEY: `a:${secret('the master key', randomBytes(32).toString('base64'))}`,
  HOOKRING_METRICS_TOKEN: secret('the token of the metrics', `metrics-${randomBytes(8).toString('hex')}`),
};
/** Values of queries and headers, and what receivers answer. */
const word = (name: string): string => secret(name, `${randomBytes(6).toString('hex')}zz`);

let server: ServerProcess;
let receiver: Server;
let call: Client;
let log = '';
let eventId = '';

const lines = (): Line[] =>
  log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

beforeAll(async () => {
  receiver = createServer((request, response) => {
    request.resume();
    const failed = request.url?.startsWith('/bad') === true;
    response
      .writeHead(failed ? 500 : 200, { 'x-answer': word('a header of an answer') })
      .end(word('the body of an answer'));
  });
  await new Promise<void>((resolve) => void receiver.listen(0, '127.0.0.1', resolve));
  server = await startServer(ENVIRONMENT, { onLog: (text) => (log += text) });
  secret('the bootstrap key', server.key);
  call = clientOf(server);
  await everything();
  await server.drain();
}, 60_000);

afterAll(async () => {
  await server.remove();
  await new Promise((resolve) => void receiver.close(resolve));
});

function jwt(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  const token = `${signed}.${createHmac('sha256', JWT_SECRET).update(signed).digest('base64url')}`;
  secret(`the signature of a JWT (${secrets.size})`, token.split('.')[2] ?? '');
  return token;
}

async function endpoint(target: string): Promise<string> {
  const headers = { 'x-receiver-key': word('a header of an endpoint') };
  const { json, status, text } = await call('POST', '/v1/endpoints', { body: { url: target, headers } });
  expect(status, text).toBe(201);
  const { endpoint: made, secret: shown } = json as unknown as { endpoint: { id: string }; secret: { value: string } };
  secret(`the secret of ${made.id}`, shown.value);
  return made.id;
}

async function everything(): Promise<void> {
  const { port } = receiver.address() as { port: number };
  const good = await endpoint(`http://127.0.0.1:${port}/good?token=${word('a token in a URL')}`);
  await endpoint(`http://127.0.0.1:${port}/bad/${word('a secret in a path')}?key=${word('a key in a URL')}`);
  await endpoint(`http://127.0.0.1:2/closed?code=${word('a code in a URL')}`);
  await endpoint(`http://nowhere.invalid/x?sig=${word('a signature in a URL')}`);
  await rotations(good);
  await credentials();
  await brokenRequests();
  const sent = await call('POST', '/v1/events', { body: { type: 'a.b', payload: { card: word('a payload') } } });
  eventId = (sent.json as unknown as { id: string }).id;
  await call('POST', `/v1/endpoints/${good}/test`);
  // Three attempts at each of the three that fail, one at the good one.
  await eventually(() => lines().filter(({ message }) => message === 'attempt finished').length >= 10, 30_000);
}

async function rotations(id: string): Promise<void> {
  const imported = `whsec_${randomBytes(32).toString('base64')}`;
  secret('an imported secret', imported.slice('whsec_'.length));
  const body = { secret: imported, graceSeconds: 60, reason: 'moved here' };
  expect((await call('POST', `/v1/endpoints/${id}/rotate`, { body })).status).toBe(200);
  const again = await call('POST', `/v1/endpoints/${id}/rotate`, { body: { reason: 'compromise' } });
  expect(again.status, again.text).toBe(200);
  secret('a rotated secret', (again.json as unknown as { secret: { value: string } }).secret.value);
}

async function credentials(): Promise<void> {
  for (const dialect of ['native', 'dinie', 'moonborn', 'agentmessage', 'signup']) {
    const scopes = dialect === 'native' ? { scopes: ['endpoints:read'] } : { dialect, scopes: ['endpoints:read'] };
    const made = await call('POST', '/v1/keys', { body: { name: dialect, ...scopes } });
    const { token, key } = made.json as unknown as { token?: string; key?: { id: string } };
    if (token === undefined) throw new Error(`no token for ${dialect}: ${made.text}`);
    secret(`a key of ${dialect}`, token);
    await call('GET', '/v1/endpoints', { key: token });
    if (dialect !== 'dinie') continue;
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: key?.id ?? '',
      client_secret: token,
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await call('POST', '/dinie/auth/token', { raw: form.toString(), headers, key: null });
    const bought = (answer.json as unknown as { access_token?: string }).access_token;
    if (bought === undefined) throw new Error(`no access token: ${answer.text}`);
    secret('an access token', bought);
    await call('GET', '/dinie/webhooks/endpoints', { key: bought });
  }
  for (const claims of [{ org: 'default', scope: 'endpoints:read' }, { org: 'default' }, {}])
    await call('GET', '/v1/endpoints', { key: jwt({ ...claims, exp: 4_000_000_000 }) });
}

async function brokenRequests(): Promise<void> {
  await call('GET', `/v1/endpoints?api_key=${word('a key in a query')}`);
  await call('GET', `/elsewhere/${word('a path that is unknown')}`);
  await call('POST', '/v1/events', { raw: `{"type": ${word('a broken body')}` });
  await call('GET', '/v1/endpoints', { key: word('a key that is unknown') });
  const headers = { authorization: `Basic ${secret('basic credentials', randomBytes(12).toString('base64url'))}` };
  await call('GET', '/v1/endpoints', { key: null, headers });
  await call('GET', '/metrics', { key: word('a wrong token of the metrics') });
  expect((await call('GET', '/metrics', { key: ENVIRONMENT.HOOKRING_METRICS_TOKEN })).status).toBe(200);
}

describe('the log at trace', () => {
  it('shows no secret', () => {
    expect(secrets.size).toBeGreaterThan(30);
    const shown = [...secrets].filter(([, value]) => log.includes(value)).map(([name]) => name);
    expect(shown).toEqual([]);
  });

  it('is one line of JSON for each thing, with a level, a time and a message', () => {
    expect(log.endsWith('\n')).toBe(true);
    expect(lines().length).toBeGreaterThan(40);
    for (const line of lines()) {
      expect(line).toMatchObject({ level: expect.any(String), time: expect.any(String), message: expect.any(String) });
    }
  });

  it('leads from a request to its event, from there to its deliveries, and to each of their attempts', () => {
    const accepted = lines().find((line) => line['eventId'] === eventId && line.message === 'event accepted');
    const request = lines().find(
      (line) => line['requestId'] === accepted?.['requestId'] && line.message === 'request answered',
    );
    expect(request).toMatchObject({ operation: 'sendEvents', status: 202, actor: 'bootstrap' });
    const attempts = lines().filter((line) => line['eventId'] === eventId && line.message === 'attempt finished');
    const perDelivery = Map.groupBy(attempts, (line) => line['deliveryId']);
    const counts = [...perDelivery.values()].map((list) => list.map((line) => line['attempt']).join());
    expect(counts.toSorted((a, b) => a.length - b.length)).toEqual(['1', '1,2,3', '1,2,3', '1,2,3']);
    expect(attempts.map((line) => line['status'] ?? line['errorKind'])).toEqual(
      expect.arrayContaining([200, 500, 'connect', 'dns']),
    );
    for (const line of attempts) {
      expect(line).toMatchObject({
        endpointId: expect.stringMatching(/^ep_/),
        attemptId: expect.stringMatching(/^att_/),
      });
      expect(line).toMatchObject({ waitedMs: expect.any(Number), totalMs: expect.any(Number) });
    }
  });

  it('holds at info what an operator must know, and nothing that comes with each event', () => {
    const told = lines().filter(({ level }) => level !== 'debug' && level !== 'trace');
    expect(new Set(told.map(({ message }) => message))).toEqual(
      new Set([
        'server started',
        'endpoint changed',
        'signing key rotated',
        'API key changed',
        'server is stopping',
        'server stopped',
      ]),
    );
  });
});
