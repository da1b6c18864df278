/** The dialect of docs/write-a-dialect.md, in a real server, as one of its customers and as the receiver. */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bodyText, headerOf, type ReceivedRequest, type Receiver, startReceiver } from '@hookring/receiver';
import { defineDialect } from 'hookring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runDialects } from '../../packages/server/src/dialects/testing/running-dialects.ts';
import { type ServerProcess, startServer } from '../../testbed/server-process.ts';
import { parcel } from './parcel.ts';

const CONFIG_FILE = new URL('./hookring.config.ts', import.meta.url);
const KEY = 'pk_demo_of_the_manual';
const PAYLOAD = '{"parcel":"PX-1","marker":"';

let server: ServerProcess;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
  server = await startServer(
    { HOOKRING_GRACE_SECONDS_MAX: '1800' },
    { configFile: `export { default } from ${JSON.stringify(CONFIG_FILE.href)};` },
  );
});
afterAll(async () => {
  await server.drain();
  await server.remove();
  await receiver.stop();
});

type Answer = {
  readonly status: number;
  readonly type: string | null;
  readonly challenge: string | null;
  readonly json: Readonly<Record<string, unknown>>;
};

async function ask(
  method: string,
  path: string,
  options: { json?: unknown; key?: string | null } = {},
): Promise<Answer> {
  const { json, key = KEY } = options;
  const response = await fetch(`${server.url}/parcel${path}`, {
    method,
    headers: {
      ...(key === null ? {} : { 'parcel-key': key }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  const type = response.headers.get('content-type');
  const challenge = response.headers.get('www-authenticate');
  return { status: response.status, type, challenge, json: (await response.json()) as Answer['json'] };
}

async function hook(topics: readonly string[] = ['parcel.sent']): Promise<{ id: string; key: string }> {
  const made = await ask('POST', '/hooks', { json: { target: receiver.url('/parcels'), topics } });
  const shownKey = expect.stringMatching(/^[0-9a-f]{64}$/);
  expect(made).toMatchObject({
    status: 201,
    json: { hook: { target: receiver.url('/parcels'), topics }, key: shownKey },
  });
  const { hook: shown, key } = made.json as { hook: { id: string }; key: string };
  return { id: shown.id, key };
}

/** Sends an event natively, as the company does, and waits for what its customer gets. */
async function deliver(type: string): Promise<ReceivedRequest> {
  const marker = crypto.randomUUID();
  const response = await fetch(`${server.url}/v1/events?type=${type}&raw=true`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' },
    body: `${PAYLOAD}${marker}"}`,
  });
  expect(response.status).toBe(202);
  const [request] = await receiver.waitFor((one) => Buffer.from(one.body).includes(marker));
  if (request === undefined) throw new Error('waited for nothing');
  return request;
}

/** Written from the page alone: which of these keys signed. */
function signers(request: ReceivedRequest, keys: readonly string[]): string[] {
  const listed = (headerOf(request, 'parcel-signature') ?? '').split(', ');
  const time = headerOf(request, 'parcel-time') ?? '';
  const made = keys.map((key) => {
    const content = Buffer.concat([Buffer.from(`${time}:`), Buffer.from(request.body)]);
    return `sha256=${createHmac('sha256', Buffer.from(key, 'hex')).update(content).digest('hex')}`;
  });
  expect(listed.every((entry) => made.includes(entry))).toBe(true);
  return listed.map((entry) => keys[made.indexOf(entry)] ?? '');
}

describe('the example of the manual', () => {
  it('delivers under the headers of the product, signed as its page says', async () => {
    const { id, key } = await hook();
    expect(id).toMatch(/^hook_/);
    expect(await ask('GET', `/hooks/${id}`)).toMatchObject({ status: 200, json: { id, topics: ['parcel.sent'] } });
    const request = await deliver('parcel.sent');
    expect(headerOf(request, 'parcel-topic')).toBe('parcel.sent');
    expect(bodyText(request).startsWith(PAYLOAD)).toBe(true);
    expect(signers(request, [key])).toEqual([key]);
  });

  it('rolls a key: both sign until the old one ends, and a second roll ends it at once', async () => {
    const { id, key } = await hook(['parcel.delayed']);
    const before = Date.now();
    const rolled = await ask('POST', `/hooks/${id}/roll`);
    const { key: second, old_key_until: until } = rolled.json as { key: string; old_key_until: string };
    expect(Math.round((Date.parse(until) - before) / 60_000)).toBe(15);
    expect(signers(await deliver('parcel.delayed'), [key, second])).toEqual([second, key]);
    const again = await ask('POST', `/hooks/${id}/roll`, { json: { keep_seconds: 0 } });
    const third = String(again.json['key']);
    expect(signers(await deliver('parcel.delayed'), [key, second, third])).toEqual([third]);
    const asked = Date.now();
    const last = await ask('POST', `/hooks/${id}/roll`, { json: { keep_seconds: 600 } });
    expect(Math.round((Date.parse(String(last.json['old_key_until'])) - asked) / 60_000)).toBe(10);
  });

  it('refuses to show a key later than its policy allows, and gives none in its place', async () => {
    const { endpointDefaults } = parcel;
    const rotationPolicy = { ...endpointDefaults.rotationPolicy, recoveryMinutes: 1 };
    const hasty = defineDialect({ ...parcel, endpointDefaults: { ...endpointDefaults, rotationPolicy } });
    const running = await runDialects([hasty]);
    const headers = { 'parcel-key': KEY, 'idempotency-key': 'once' };
    const post = async (path: string, payload: object) => {
      const answer = await running.http.inject({ method: 'POST', url: `/parcel${path}`, headers, payload });
      return { status: answer.statusCode, json: answer.json() };
    };
    const subscribe = async () => await post('/hooks', { target: running.receiver.url, topics: ['parcel.sent'] });
    try {
      const made = await subscribe();
      const roll = async () => await post(`/hooks/${made.json.hook.id}/roll`, {});
      const rolled = await roll();
      expect([made.status, rolled.status]).toEqual([201, 200]);
      expect([await subscribe(), await roll()]).toEqual([made, rolled]);
      running.advance(60_000);
      for (const late of [await subscribe(), await roll()]) {
        expect(late).toMatchObject({ status: 409, json: { fault: { kind: 'SECRET_SHOWN_BEFORE' } } });
      }
    } finally {
      await running.stop();
    }
  });

  it.each<[string, () => Promise<Answer>, number, string, RegExp]>([
    [
      'no key',
      async () => {
        const answer = await ask('POST', '/hooks', { json: {}, key: null });
        // It takes no bearer token.
        expect(answer.challenge).toBe('parcel');
        return answer;
      },
      401,
      'MISSING_CREDENTIALS',
      /./,
    ],
    [
      'an unknown key',
      () => ask('POST', '/hooks', { json: {}, key: 'pk_no' }),
      401,
      'INVALID_CREDENTIALS',
      /Parcel does not know/,
    ],
    [
      'a broken URL',
      () => ask('POST', '/hooks', { json: { target: 'x', topics: ['parcel.sent'] } }),
      422,
      'VALIDATION_FAILED',
      /target/,
    ],
    [
      'an unknown topic',
      () => ask('POST', '/hooks', { json: { target: 'https://a.example', topics: ['x'] } }),
      422,
      'VALIDATION_FAILED',
      /topics/,
    ],
    [
      'a grace past an hour',
      async () => ask('POST', `/hooks/${(await hook()).id}/roll`, { json: { keep_seconds: 3_601 } }),
      422,
      'VALIDATION_FAILED',
      /"keep_seconds" .*3600/,
    ],
    [
      'a grace past what the operator allows, in the unit of the product',
      async () => ask('POST', `/hooks/${(await hook()).id}/roll`, { json: { keep_seconds: 3_600 } }),
      422,
      'GRACE_OUT_OF_RANGE',
      /^keep_seconds .*1800/,
    ],
    ['an id of no hook', () => ask('GET', '/hooks/ep_0'), 404, 'NOT_FOUND', /./],
    ['an unknown path', () => ask('GET', '/nothing'), 404, 'NOT_FOUND', /./],
    ['a wrong method', () => ask('PUT', '/hooks', { json: {} }), 405, 'METHOD_NOT_ALLOWED', /POST/],
  ])('says no to %s in its own shape', async (_name, send, status, kind, say) => {
    const answer = await send();
    expect([answer.status, answer.type]).toEqual([status, expect.stringMatching(/^application\/json/)]);
    expect(answer.json).toEqual({ fault: { kind, say: expect.stringMatching(say) } });
  });

  it('is what the manual prints, whole and in order', () => {
    const page = readFileSync(new URL('../../docs/write-a-dialect.md', import.meta.url), 'utf8');
    const printed = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code.trim());
    const [config, ...dialect] = printed;
    const source = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8').trim();
    expect(config).toBe(source('./hookring.config.ts'));
    expect(dialect.join('\n\n')).toBe(source('./parcel.ts'));
  });
});
