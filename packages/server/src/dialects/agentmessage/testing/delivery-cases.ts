import { describe, expect, it } from 'vitest';
import type { Json } from '../../testing/checked-client.ts';
import { endedDeliveries, sendEvent, until } from '../../testing/native-steps.ts';
import { expectGood, page } from './page.ts';
import { signedBy } from './receiver.ts';
import {
  type AgentMessageWorld,
  createWebhook,
  deliver,
  EVENT,
  nativeAsk,
  nativeIdOf,
  newTenant,
  type Tenant,
} from './world.ts';

/** Everything that a delivery says of itself, as it is spelled. */
const HEADERS = [
  'content-type',
  'user-agent',
  'X-AmCore-Signature',
  'host',
  'connection',
  'content-length',
  'accept-encoding',
];

async function sendAndWait({ running }: AgentMessageWorld, { externalId }: Tenant, type: string): Promise<string> {
  const { id } = await sendEvent(running, { type, payload: { type }, organization: externalId });
  await endedDeliveries(running, id, externalId);
  return id;
}

export function deliveryCases(world: AgentMessageWorld): void {
  const log = async (token: string, query = ''): Promise<Json> => {
    const answer = await world.ask('GET', `/v1/webhooks/deliveries${query}`, { token });
    expectGood(answer, 200, page.deliveries);
    return answer.json;
  };

  describe('a delivery', () => {
    it('carries the payload alone, the signature of the product, and no other header', async () => {
      const tenant = await newTenant(world);
      const { secret } = await createWebhook(world, tenant);
      const request = await deliver(world, tenant);
      expect(signedBy(request, { own: secret }, world.running.clock.now())).toBe('own');
      const names = request.rawHeaders.filter((_, index) => index % 2 === 0);
      expect(names.sort()).toEqual([...HEADERS].sort());
      expect(request.headers).toMatchObject({
        'content-type': 'application/json',
        'user-agent': expect.stringMatching(/^Hookring/),
        'x-amcore-signature': expect.stringMatching(/^t=\d{10},v1=[0-9a-f]{64}$/),
      });
      expect(JSON.parse(request.body.toString())).toEqual({ number: expect.any(Number) });
      expect(request.method).toBe('POST');
    });

    it('goes to those who named its type, and not to one that is switched off', async () => {
      const tenant = await newTenant(world);
      const { token } = tenant;
      await createWebhook(world, tenant, { events: ['brand.vetted'] });
      const off = await createWebhook(world, tenant);
      await createWebhook(world, tenant, { events: [EVENT, 'brand.vetted'] });
      await world.ask('PATCH', `/v1/webhooks/${off.id}`, { token, json: { active: false } });
      const request = await deliver(world, tenant);
      await until(
        async () => (await log(token)).data.length,
        (rows) => rows === 1,
      );
      const same = world.running.receiver.received.filter(({ body }) => body.equals(request.body));
      expect(same).toHaveLength(1);
    });
  });

  it('what the product does not know is not delivered, even to a webhook that natively takes everything', async () => {
    const tenant = await newTenant(world);
    const nativeId = await nativeIdOf(world, tenant, await createWebhook(world, tenant));
    await nativeAsk(world, tenant, 'PATCH', `/endpoints/${nativeId}`, { json: { eventTypes: null } });
    const organization = tenant.externalId;
    const unknown = await sendEvent(world.running, { type: 'invoice.paid', payload: 1, organization });
    await sendAndWait(world, tenant, 'lookup.completed');
    expect((await nativeAsk(world, tenant, 'GET', `/deliveries?eventId=${unknown.id}`)).items).toEqual([]);
    expect((await log(tenant.token)).data.map(({ event_type: type }: Json) => type)).toEqual(['lookup.completed']);
  });

  describe('a test', () => {
    it('is signed like a delivery and answers what the receiver said', async () => {
      const tenant = await newTenant(world);
      const webhook = await createWebhook(world, tenant);
      const answer = await world.ask('POST', `/v1/webhooks/${webhook.id}/test`, { token: tenant.token });
      expectGood(answer, 200, page.test);
      expect(answer.json).toMatchObject({
        outcome: 'success',
        url: webhook.url,
        response_status: 200,
        response_body_excerpt: 'thanks',
        error: null,
      });
      const request = world.running.receiver.received.at(-1);
      if (request === undefined) throw new Error('nothing arrived');
      expect(signedBy(request, { own: webhook.secret }, world.running.clock.now())).toBe('own');
      expect(request.headers['webhook-purpose']).toBe('test');
    });

    it('that fails is dead, since no other follows, and says why', async () => {
      const tenant = await newTenant(world);
      const { token } = tenant;
      const webhook = await createWebhook(world, tenant);
      world.running.receiver.answer = { status: 503, body: 'closed' };
      const refused = await world.ask('POST', `/v1/webhooks/${webhook.id}/test`, { token });
      expectGood(refused, 200, page.test);
      expect(refused.json).toMatchObject({
        outcome: 'dead',
        response_status: 503,
        response_body_excerpt: 'closed',
        error: null,
      });
      world.running.receiver.answer = 'hang up';
      const silent = await world.ask('POST', `/v1/webhooks/${webhook.id}/test`, { token });
      expectGood(silent, 200, page.test);
      expect(silent.json).toMatchObject({ outcome: 'dead', response_status: null, response_body_excerpt: null });
      expect(silent.json.error).toMatch(/^[a-z_]+: ./);
    });

    it('reaches a webhook that is switched off, once for each Idempotency-Key', async () => {
      const tenant = await newTenant(world);
      const { token } = tenant;
      const webhook = await createWebhook(world, tenant);
      await world.ask('PATCH', `/v1/webhooks/${webhook.id}`, { token, json: { active: false } });
      const headers = { 'idempotency-key': 'test-1' };
      const ask = async () => await world.ask('POST', `/v1/webhooks/${webhook.id}/test`, { token, headers });
      const before = world.running.receiver.received.length;
      const [first, second] = [await ask(), await ask()];
      expect(first.json.outcome).toBe('success');
      expect([second.text, second.headers['idempotent-replayed']]).toEqual([first.text, 'true']);
      expect(world.running.receiver.received.length - before).toBe(1);
      expect((await log(token)).data).toEqual([]);
    });
  });

  describe('the log of deliveries', () => {
    it('has a row for each request, newest first, with what came of it', async () => {
      const tenant = await newTenant(world);
      const webhook = await createWebhook(world, tenant);
      const good = await sendAndWait(world, tenant, EVENT);
      world.running.receiver.answer = { status: 500, body: 'ouch' };
      const bad = await sendAndWait(world, tenant, EVENT);
      world.running.receiver.answer = 'hang up';
      const silent = await sendAndWait(world, tenant, EVENT);
      const { data, meta } = await log(tenant.token);
      expect(meta).toEqual({ limit: 50, next_cursor: null });
      const common = { endpoint_id: webhook.id, event_type: EVENT };
      const none = { response_body_excerpt: null, error: null };
      const error = expect.stringMatching(/^[a-z_]+: ./);
      expect(data).toMatchObject([
        { ...common, event_id: silent, outcome: 'dead', attempt: 2, http_status: null, ...none, error },
        { ...common, event_id: silent, outcome: 'retry', attempt: 1, http_status: null, ...none, error },
        {
          ...common,
          event_id: bad,
          outcome: 'dead',
          attempt: 2,
          http_status: 500,
          ...none,
          response_body_excerpt: 'ouch',
        },
        {
          ...common,
          event_id: bad,
          outcome: 'retry',
          attempt: 1,
          http_status: 500,
          ...none,
          response_body_excerpt: 'ouch',
        },
        { ...common, event_id: good, outcome: 'success', attempt: 1, http_status: 200, ...none },
      ]);
      expect(new Set(data.map(({ id }: Json) => id)).size).toBe(5);
    });

    it('is filtered by everything that the page names', async () => {
      const tenant = await newTenant(world);
      const { token } = tenant;
      const webhook = await createWebhook(world, tenant);
      const other = await createWebhook(world, tenant, { events: ['brand.vetted'] });
      const early = await sendAndWait(world, tenant, EVENT);
      world.running.advance(60_000);
      const between = new Date(world.running.clock.now() - 30_000).toISOString();
      const late = await sendAndWait(world, tenant, 'brand.vetted');
      world.running.receiver.answer = { status: 404 };
      const bad = await sendAndWait(world, tenant, EVENT);
      const events = async (query: string) => (await log(token, query)).data.map(({ event_id: id }: Json) => id);
      expect(await events('')).toEqual([bad, bad, late, early]);
      expect(await events(`?endpoint_id=${other.id}`)).toEqual([late]);
      expect(await events(`?endpoint_id=${webhook.id}&outcome=success`)).toEqual([early]);
      expect(await events('?event_type=brand.vetted')).toEqual([late]);
      expect(await events('?event_type=webhook.test')).toEqual([]);
      expect(await events('?outcome=retry')).toEqual([bad]);
      expect(await events('?outcome=dead')).toEqual([bad]);
      expect(await events(`?since=${between}`)).toEqual([bad, bad, late]);
      expect(await events(`?until=${between}`)).toEqual([early]);
      expect(await events(`?since=${between}&until=${between}`)).toEqual([]);
      // The same moment by another clock on the wall.
      const east = new Date(Date.parse(between) + 7_200_000).toISOString().replace('Z', '%2B02:00');
      expect(await events(`?until=${east}`)).toEqual([early]);
      expect(await events('?http_status_min=400')).toEqual([bad, bad]);
      expect(await events('?http_status_max=200')).toEqual([late, early]);
      expect(await events('?http_status_min=404&http_status_max=404&outcome=dead')).toEqual([bad]);
      expect(await events('?http_status_min=201&http_status_max=403')).toEqual([]);
    });

    it('is read in pages that go on from a cursor with the same filters', async () => {
      const tenant = await newTenant(world);
      const { token } = tenant;
      await createWebhook(world, tenant);
      for (let count = 0; count < 3; count += 1) await sendAndWait(world, tenant, EVENT);
      const all = (await log(token, '?limit=200')).data.map(({ id }: Json) => id);
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const { data, meta }: Json = await log(
          token,
          `?outcome=success&limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`,
        );
        expect([data.length <= 1, meta.limit]).toEqual([true, 1]);
        seen.push(...data.map(({ id }: Json) => id));
        cursor = meta.next_cursor;
      }
      expect([seen, seen.length]).toEqual([all, 3]);
      const { meta } = await log(token, '?limit=1');
      const other = await world.ask('GET', `/v1/webhooks/deliveries?outcome=dead&cursor=${meta.next_cursor}`, {
        token,
      });
      expect([other.status, Object.keys(other.json.error.details)]).toEqual([422, ['cursor']]);
    });

    it('keeps what was sent to a webhook that is gone', async () => {
      const tenant = await newTenant(world);
      const { token } = tenant;
      const webhook = await createWebhook(world, tenant);
      const event = await sendAndWait(world, tenant, EVENT);
      await world.ask('DELETE', `/v1/webhooks/${webhook.id}`, { token });
      expect((await log(token)).data).toMatchObject([{ event_id: event, endpoint_id: webhook.id }]);
    });

    it('shows nothing of another organization', async () => {
      const [one, other] = [await newTenant(world), await newTenant(world)];
      await createWebhook(world, one);
      await sendAndWait(world, one, EVENT);
      expect((await log(one.token)).data).toHaveLength(1);
      expect((await log(other.token)).data).toEqual([]);
    });
  });
}
