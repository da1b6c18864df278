import { afterEach, describe, expect, it } from 'vitest';
import { acmeDialect } from './acme.ts';
import { checkedClient } from './checked-client.ts';
import { createKey, createOrganization, endedDeliveries, revokeKey, sendEvent, until } from './native-steps.ts';
import { type RunningDialects, type RunOptions, runDialects } from './running-dialects.ts';

const acme = acmeDialect();
const all: RunningDialects[] = [];
afterEach(async () => {
  for (const one of all.splice(0)) {
    expect(one.crashes).toEqual([]);
    await one.stop();
  }
});

async function run(options: RunOptions = {}): Promise<RunningDialects> {
  const running = await runDialects([acme], options);
  all.push(running);
  return running;
}

const secret = 'a secret that only the issuer and this test know';

describe('running dialects', () => {
  it('are found where they stand, also at the root', async () => {
    for (const [options, prefixes] of [
      [{}, ['/acme', '/v1']],
      [{ rootDialect: 'acme' }, ['', '/hookring/v1']],
    ] as const) {
      const running = await run(options);
      expect([running.prefixOf(acme), running.prefixOf(running.native)]).toEqual(prefixes);
      const made = await checkedClient(running, acme)('POST', '/hooks', { json: { target: running.receiver.url } });
      expect([made.status, made.json.hook.id]).toEqual([201, expect.stringMatching(/^hook_[0-9a-f]{32}$/)]);
      const { json } = await checkedClient(running, running.native)('GET', '/endpoints');
      expect(json.items[0].url).toBe(running.receiver.url);
    }
  });

  it('let the time of a grace pass without waiting', async () => {
    const running = await run();
    const [ask, native] = [checkedClient(running, acme), checkedClient(running, running.native)];
    const made = await ask('POST', '/hooks', { json: { target: running.receiver.url } });
    await ask('POST', `/hooks/${made.json.hook.id}/renew`);
    const signatures = async (): Promise<number> => {
      const { id } = await sendEvent(running, { type: 'a.b', payload: 1 });
      const [arrived] = await running.receiver.arrived(({ headers }) => headers['webhook-id'] === id);
      return String(arrived?.headers['webhook-signature']).split(' ').length;
    };
    expect(await signatures()).toBe(2);
    running.advance(86_400_000);
    expect(await signatures()).toBe(1);
    expect((await native('GET', '/endpoints')).json.items).toHaveLength(1);
  });

  it('send by https too, and meet receivers that answer each request as they like', async () => {
    const running = await run({ retrySchedule: [0, 0] });
    await checkedClient(running, acme)('POST', '/hooks', { json: { target: `${running.receiver.secureUrl}?a=1` } });
    const answers = ['hang up', { status: 500, body: 'no' }, { status: 204, headers: { 'x-own': '1' } }] as const;
    let count = 0;
    running.receiver.answer = async () => answers[count++] ?? 'hang up';
    const { id } = await sendEvent(running, { type: 'a.b', payload: { a: 1 } });
    const [delivery] = await endedDeliveries(running, id);
    expect(delivery).toMatchObject({ status: 'succeeded', attemptCount: 3, lastResponseStatus: 204 });
    const arrived = await running.receiver.arrived(() => true, 3);
    expect(arrived.map(({ method, path, body }) => [method, path, body.toString()])).toEqual(
      Array.from({ length: 3 }, () => ['POST', '/hook?a=1', '{"a":1}']),
    );
    expect(arrived[0]?.rawHeaders.length).toBeGreaterThan(10);
  });

  it('retry as dialects say when they are asked to, by the clock of the tests', async () => {
    const running = await run({ retrySchedule: null });
    await checkedClient(running, acme)('POST', '/hooks', { json: { target: running.receiver.url } });
    running.receiver.answer = { status: 500 };
    const { id } = await sendEvent(running, { type: 'a.b', payload: 1 });
    const ask = checkedClient(running, running.native);
    await until(
      async () => (await ask('GET', `/deliveries?eventId=${id}`)).json.items[0],
      (delivery) => delivery.status === 'retrying',
    );
    running.receiver.answer = { status: 200 };
    running.advance(3_600_000);
    expect(await endedDeliveries(running, id)).toMatchObject([{ status: 'succeeded', attemptCount: 2 }]);
  });

  it('know keys, organizations and session JWTs', async () => {
    const running = await run({ sessionJwts: { key: { kind: 'secret', secret }, issuer: 'them', audience: null } });
    const ask = checkedClient(running, acme);
    const organization = await createOrganization(running, 'shop');
    const { id, token } = await createKey(running, { scopes: ['hooks:read'], dialect: 'acme', organization: 'shop' });
    expect([organization.id.slice(0, 4), token.slice(0, 8)]).toEqual(['org_', 'ac_live_']);
    expect((await ask('GET', '/hooks', { token })).json).toEqual({ hooks: [], more: null });
    expect((await ask('POST', '/hooks', { token, json: { target: running.receiver.url } })).status).toBe(403);
    await revokeKey(running, id, 'shop');
    expect((await ask('GET', '/hooks', { token })).json.oops).toBe('invalid_credentials');
    const jwt = await running.sessionJwt({ org: 'shop', scope: 'endpoints:read' });
    expect((await checkedClient(running, running.native)('GET', '/endpoints', { token: jwt })).status).toBe(200);
  });

  it('count requests by the clock of the tests, and listen when they are told to', async () => {
    const running = await run({ rateLimit: { requests: 1, windowSeconds: 60 } });
    const ask = checkedClient(running, acme);
    expect([(await ask('GET', '/hooks')).status, (await ask('GET', '/hooks')).status]).toEqual([200, 429]);
    running.advance(60_000);
    expect((await ask('GET', '/hooks')).status).toBe(200);
    const origin = await running.listen();
    expect((await fetch(`${origin}/acme/openapi.json`)).status).toBe(200);
  });
});
