import { describe, expect, it } from 'vitest';
import type { Answer, Json } from '../../testing/checked-client.ts';
import { endedDeliveries, sendEvent } from '../../testing/native-steps.ts';
import type { Received } from '../../testing/receiver.ts';
import { during } from '../../testing/traffic.ts';
import { expectGood, expectRefusal, page } from './page.ts';
import { type Secrets, signedBy } from './receiver.ts';
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

const eventsOf = ({ externalId }: Tenant) => ({ type: EVENT, organization: externalId });

export function rotationCases(world: AgentMessageWorld): void {
  const signers = (requests: readonly Received[], secrets: Secrets): readonly string[] => [
    ...new Set(requests.map((request) => signedBy(request, secrets, world.running.clock.now()))),
  ];
  const rotate = async ({ token }: Tenant, webhook: Json, headers = {}): Promise<Answer> =>
    await world.ask('POST', `/v1/webhooks/${webhook.id}/rotate-secret`, { token, headers });
  /** What the native API knows of the ring, newest first. */
  const ring = async (tenant: Tenant, webhook: Json): Promise<Json[]> =>
    (await nativeAsk(world, tenant, 'GET', `/endpoints/${await nativeIdOf(world, tenant, webhook)}/secrets`)).items;
  const states = async (tenant: Tenant, webhook: Json) => (await ring(tenant, webhook)).map(({ state }: Json) => state);

  describe("the rotation of a webhook's secret", () => {
    it('under traffic: one signature on everything, and only the new one once it is answered', async () => {
      const tenant = await newTenant(world);
      const webhook = await createWebhook(world, tenant);
      const { result, before, meanwhile, after } = await during(
        world,
        eventsOf(tenant),
        async () => await rotate(tenant, webhook),
      );
      expectGood(result, 200, page.endpointWithSecret);
      const { secret, secret_displayed_once: _once, ...endpoint } = result.json;
      expect((await world.ask('GET', `/v1/webhooks/${webhook.id}`, { token: tenant.token })).json).toEqual(endpoint);
      const secrets = { old: webhook.secret, new: secret };
      expect(secret).not.toBe(webhook.secret);
      expect(signers(before, secrets)).toEqual(['old']);
      for (const name of signers(meanwhile, secrets)) expect(['old', 'new']).toContain(name);
      expect(signers(after, secrets)).toEqual(['new']);
      expect(await states(tenant, webhook)).toEqual(['active', 'expired']);
      const [, previous] = await ring(tenant, webhook);
      expect([previous.signsUntil, previous.expiresAt]).toEqual([previous.supersededAt, previous.supersededAt]);
      world.running.advance(86_400_000);
      expect(signers([await deliver(world, tenant)], secrets)).toEqual(['new']);
    });

    it('again and again leaves one living secret, whatever the number', async () => {
      const tenant = await newTenant(world);
      const webhook = await createWebhook(world, tenant);
      const secrets: Record<string, string> = { first: webhook.secret };
      for (let count = 1; count <= 12; count += 1)
        secrets[`number ${count}`] = (await rotate(tenant, webhook)).json.secret;
      expect(new Set(Object.values(secrets)).size).toBe(13);
      expect(signers([await deliver(world, tenant)], secrets)).toEqual(['number 12']);
      expect(await states(tenant, webhook)).toEqual(['active', ...Array<string>(12).fill('expired')]);
    });

    it('twice at once happens one after the other, and no secret that was handed out is lost', async () => {
      const tenant = await newTenant(world);
      const webhook = await createWebhook(world, tenant);
      const { result, after } = await during(world, eventsOf(tenant), async () =>
        Promise.all([rotate(tenant, webhook), rotate(tenant, webhook)]),
      );
      const [one, other] = result.map(({ status, json }) => [status, json.secret]);
      expect([one?.[0], other?.[0]]).toEqual([200, 200]);
      expect(one?.[1]).not.toBe(other?.[1]);
      const secrets = { old: webhook.secret, one: one?.[1], other: other?.[1] };
      const [signer = '', ...more] = signers(after, secrets);
      expect([['one', 'other'].includes(signer), more]).toEqual([true, []]);
      const history = await ring(tenant, webhook);
      expect(history.map(({ state, hint }: Json) => [state, hint])).toEqual([
        ['active', Reflect.get(secrets, signer).slice(-4)],
        ['expired', Reflect.get(secrets, signer === 'one' ? 'other' : 'one').slice(-4)],
        ['expired', webhook.secret.slice(-4)],
      ]);
    });

    it('signs a retry of what failed before it with the new secret', async () => {
      const tenant = await newTenant(world);
      const webhook = await createWebhook(world, tenant);
      const { receiver } = world.running;
      const payload = { retried: true };
      const tries: Received[] = [];
      let secret = '';
      receiver.answer = async (request) => {
        tries.push(request);
        if (tries.length > 1) return { status: 200 };
        secret = (await rotate(tenant, webhook)).json.secret;
        return { status: 500 };
      };
      const { id } = await sendEvent(world.running, { type: EVENT, payload, organization: tenant.externalId });
      await endedDeliveries(world.running, id, tenant.externalId);
      const secrets = { old: webhook.secret, new: secret };
      expect(tries.map((request) => signedBy(request, secrets, world.running.clock.now()))).toEqual(['old', 'new']);
    });

    it('is given again to the same Idempotency-Key for a day, and is no second rotation', async () => {
      const tenant = await newTenant(world);
      const webhook = await createWebhook(world, tenant);
      const headers = { 'idempotency-key': 'rotate-1' };
      const first = await rotate(tenant, webhook, headers);
      world.running.advance(23 * 3_600_000);
      const second = await rotate(tenant, webhook, headers);
      expectGood(second, 200, page.endpointWithSecret);
      expect([second.text, second.headers['idempotent-replayed']]).toEqual([first.text, 'true']);
      expect(await states(tenant, webhook)).toEqual(['active', 'expired']);
      world.running.advance(3_600_000);
      const third = await rotate(tenant, webhook, headers);
      expect(third.json.secret).not.toBe(first.json.secret);
    });

    it('leaves the secrets of others alone', async () => {
      const tenant = await newTenant(world);
      const [one, other] = [await createWebhook(world, tenant), await createWebhook(world, tenant)];
      const rotated = await rotate(tenant, one);
      await world.ask('POST', '/v1/webhook-secret/rotate', { token: tenant.adminToken });
      const { receiver } = world.running;
      const payload = { both: tenant.externalId };
      await sendEvent(world.running, { type: EVENT, payload, organization: tenant.externalId });
      const requests = await receiver.arrived(({ body }) => body.toString() === JSON.stringify(payload), 2);
      const names = requests.map((request) =>
        signedBy(
          request,
          { old: one.secret, new: rotated.json.secret, other: other.secret },
          world.running.clock.now(),
        ),
      );
      expect(names.sort()).toEqual(['new', 'other']);
    });
  });

  describe("the rotation of the organization's secret", () => {
    /** An endpoint without a secret of its own, which only the native API makes, in the signature of this product. */
    async function sharedWebhook(tenant: Tenant): Promise<Json> {
      const template = await createWebhook(world, tenant, { events: ['brand.vetted'] });
      const { signatureProfile } = await nativeAsk(
        world,
        tenant,
        'GET',
        `/endpoints/${await nativeIdOf(world, tenant, template)}`,
      );
      const { endpoint } = await nativeAsk(world, tenant, 'POST', '/endpoints', {
        json: { url: world.running.receiver.url, eventTypes: [EVENT], keyring: 'organization' },
      });
      await nativeAsk(world, tenant, 'PATCH', `/endpoints/${endpoint.id}`, { json: { signatureProfile } });
      const { data } = (await world.ask('GET', '/v1/webhooks?limit=1', { token: tenant.token })).json;
      return data[0];
    }
    const rotateShared = async ({ adminToken }: Tenant, headers = {}): Promise<Answer> =>
      await world.ask('POST', '/v1/webhook-secret/rotate', { token: adminToken, headers });
    const sharedRing = async (tenant: Tenant): Promise<Json[]> =>
      (await nativeAsk(world, tenant, 'GET', `/organizations/${tenant.organizationId}/secrets`)).items;
    const sharedStates = async (tenant: Tenant) => (await sharedRing(tenant)).map(({ state }: Json) => state);

    it('under traffic: the new one signs alone at once, and the previous one lives for 5 minutes', async () => {
      const tenant = await newTenant(world);
      await sharedWebhook(tenant);
      const { result, before, meanwhile, after } = await during(
        world,
        eventsOf(tenant),
        async () => await rotateShared(tenant),
      );
      expectGood(result, 200, page.organizationSecret);
      const { webhook_secret: secret, rotated_at: from, previous_valid_until: until } = result.json;
      expect(Date.parse(until) - Date.parse(from)).toBe(300_000);
      const secrets = { old: tenant.organizationSecret, new: secret };
      expect(signers(before, secrets)).toEqual(['old']);
      for (const name of signers(meanwhile, secrets)) expect(['old', 'new']).toContain(name);
      expect(signers(after, secrets)).toEqual(['new']);
      const [active, previous] = await sharedRing(tenant);
      expect([active.state, previous.state]).toEqual(['active', 'retiring']);
      expect(previous.signsUntil).toBe(previous.supersededAt);
      expect(Date.parse(previous.expiresAt) - Date.parse(active.activatesAt)).toBe(300_000);
      expect(previous.expiresAt.slice(0, 19)).toBe(until.slice(0, 19));
      world.running.advance(150_000);
      expect(await sharedStates(tenant)).toEqual(['active', 'retiring']);
      expect(signers([await deliver(world, tenant)], secrets)).toEqual(['new']);
      world.running.advance(Date.parse(previous.expiresAt) - world.running.clock.now());
      expect(await sharedStates(tenant)).toEqual(['active', 'expired']);
      expect(signers([await deliver(world, tenant)], secrets)).toEqual(['new']);
    });

    it('again inside the 5 minutes ends the one before the previous at once', async () => {
      const tenant = await newTenant(world);
      await sharedWebhook(tenant);
      const secrets: Record<string, string> = { first: tenant.organizationSecret };
      for (const name of ['second', 'third', 'fourth']) {
        const { json } = await rotateShared(tenant);
        secrets[name] = json.webhook_secret;
        expect(signers([await deliver(world, tenant)], secrets)).toEqual([name]);
        world.running.advance(60_000);
      }
      expect(await sharedStates(tenant)).toEqual(['active', 'retiring', 'expired', 'expired']);
    });

    it('twice at once happens one after the other', async () => {
      const tenant = await newTenant(world);
      await sharedWebhook(tenant);
      const answers = await Promise.all([rotateShared(tenant), rotateShared(tenant)]);
      const [one, other] = answers.map(({ json }) => json.webhook_secret);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      const secrets = { old: tenant.organizationSecret, one, other };
      const [signer = ''] = signers([await deliver(world, tenant)], secrets);
      expect(['one', 'other']).toContain(signer);
      expect(await sharedStates(tenant)).toEqual(['active', 'retiring', 'expired']);
    });

    it('is given again to the same Idempotency-Key', async () => {
      const tenant = await newTenant(world);
      const headers = { 'idempotency-key': 'shared-1' };
      const first = await rotateShared(tenant, headers);
      world.running.advance(3_600_000);
      const second = await rotateShared(tenant, headers);
      expectGood(second, 200, page.organizationSecret);
      expect([second.text, second.headers['idempotent-replayed']]).toEqual([first.text, 'true']);
      expect(await sharedStates(tenant)).toEqual(['active', 'expired']);
    });

    it('is the only one that such a webhook has: its own cannot be rotated', async () => {
      const tenant = await newTenant(world);
      const webhook = await sharedWebhook(tenant);
      expectRefusal(await rotate(tenant, webhook), 409, 'CONFLICT');
      expect(await sharedStates(tenant)).toEqual(['active']);
    });
  });
}
