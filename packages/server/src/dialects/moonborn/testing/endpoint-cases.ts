import { describe, expect, it } from 'vitest';
import type { Json } from '../../testing/checked-client.ts';
import { createKey, sendEvent } from '../../testing/native-steps.ts';
import {
  deliver,
  deliveriesOf,
  EVENT,
  type MoonbornWorld,
  nativeAsk,
  nativeId,
  newTenant,
  patch,
  read,
  register,
} from './moonborn-world.ts';
import { EVENTS, expectGood, expectRefusal, page } from './page.ts';

const STATUSES = ['active', 'suspended', 'archived'] as const;

export function endpointCases(world: MoonbornWorld): void {
  describe('an endpoint', () => {
    it('is registered, shown its secret once, and read without it', async () => {
      const tenant = await newTenant(world);
      const { url } = world.running.receiver;
      const { id, endpoint, secretValue } = await register(world, tenant, { url, description: 'Production' });
      expect(endpoint).toMatchObject({
        orgId: tenant.organizationId,
        url,
        events: [EVENT],
        status: 'active',
        description: 'Production',
        secrets: [
          { status: 'active', createdAt: endpoint.createdAt, activatedAt: endpoint.createdAt, expiresAt: null },
        ],
        updatedAt: endpoint.createdAt,
      });
      expect(await read(world, tenant, id)).toEqual(endpoint);
      const texts = [
        (await world.ask('GET', `/v1/webhooks/${id}`, { token: tenant.token })).text,
        (await world.ask('GET', '/v1/webhooks', { token: tenant.token })).text,
        (await patch(world, tenant, id, { description: '' })).text,
        (await world.ask('GET', `/v1/webhooks/${id}/deliveries`, { token: tenant.token })).text,
      ];
      for (const text of texts) expect(text).not.toMatch(/whsec_|secretValue/);
      expect(texts.join()).not.toContain(secretValue.slice(6, 20));
    });

    it('without a description has an empty one, and may be subscribed to all or to none', async () => {
      const tenant = await newTenant(world);
      const [all, none] = [
        await register(world, tenant, { events: ['*'], url: `${world.running.receiver.url}/all` }),
        await register(world, tenant, { events: [], url: `${world.running.receiver.url}/none` }),
      ];
      expect([all.endpoint.description, all.endpoint.events, none.endpoint.events]).toEqual(['', ['*'], []]);
      for (const type of EVENTS) expect((await deliver(world, tenant, type)).path).toBe('/hook/all');
      await sendEvent(world.running, { type: 'not.of.moonborn', payload: {}, organization: tenant.externalId });
      const natively = await nativeAsk(world, tenant, 'GET', '/deliveries?limit=100');
      expect(new Set(natively.items.map(({ endpointId }: Json) => endpointId))).toEqual(new Set([nativeId(all.id)]));
      expect(natively.items).toHaveLength(EVENTS.length);
      expect(await deliveriesOf(world, tenant, none.id)).toEqual([]);
    });

    it('that is natively subscribed to everything shows the word for it', async () => {
      const tenant = await newTenant(world);
      await nativeAsk(world, tenant, 'POST', '/endpoints', { url: world.running.receiver.url });
      const { json } = await world.ask('GET', '/v1/webhooks', { token: tenant.token });
      expect([json.items.length, json.items[0].events]).toEqual([1, ['*']]);
    });

    it('takes over a change of its events at once', async () => {
      const tenant = await newTenant(world);
      const { id, endpoint } = await register(world, tenant, { events: [] });
      expectGood(await patch(world, tenant, id, { events: ['moderation.flagged'] }), 200, page.endpoint);
      expect((await deliver(world, tenant, 'moderation.flagged')).path).toBe(new URL(endpoint.url).pathname);
      expectGood(await patch(world, tenant, id, { events: [] }), 200, page.endpoint);
      await sendEvent(world.running, { type: 'moderation.flagged', payload: {}, organization: tenant.externalId });
      expect(await deliveriesOf(world, tenant, id)).toHaveLength(1);
    });

    it('is changed field by field: what is not named stays', async () => {
      const tenant = await newTenant(world);
      const { id, endpoint } = await register(world, tenant, { description: 'before' });
      let expected = endpoint;
      for (const change of [
        { description: 'after' },
        { url: 'http://127.0.0.1:8080/x' },
        { events: ['*'] },
        { status: 'suspended' },
      ]) {
        world.running.advance(1_000);
        const answer = await patch(world, tenant, id, change);
        expectGood(answer, 200, page.endpoint);
        expect(Date.parse(answer.json.updatedAt) - Date.parse(expected.updatedAt)).toBeGreaterThanOrEqual(1_000);
        expected = { ...expected, ...change, updatedAt: answer.json.updatedAt };
        expect(answer.json).toEqual(expected);
        expect(await read(world, tenant, id)).toEqual(expected);
      }
      expect((await patch(world, tenant, id, {})).json).toEqual(expected);
      expect((await patch(world, tenant, id, { description: '' })).json.description).toBe('');
    });

    it.each(STATUSES.flatMap((from) => STATUSES.map((to) => [from, to] as const)))(
      'that is %s is moved to %s as the page says',
      async (from, to) => {
        const tenant = await newTenant(world);
        const { id } = await register(world, tenant);
        expectGood(await patch(world, tenant, id, { status: from }), 200, page.endpoint);
        const before = await read(world, tenant, id);
        const answer = await patch(world, tenant, id, { status: to });
        if (from === 'archived' && to !== 'archived') expectRefusal(answer, 409, 'endpoint_archived');
        else expectGood(answer, 200, page.endpoint);
        const after = await read(world, tenant, id);
        expect(after.status).toBe(from === 'archived' ? 'archived' : to);
        expect(from === to || from === 'archived' ? after : null).toEqual(
          from === to || from === 'archived' ? before : null,
        );
      },
    );

    it('that is archived takes no change at all, good or bad, alone or beside its status', async () => {
      const tenant = await newTenant(world);
      const { id } = await register(world, tenant);
      expectGood(await patch(world, tenant, id, { status: 'archived', description: 'last words' }), 200, page.endpoint);
      const before = await read(world, tenant, id);
      expect(before.description).toBe('last words');
      for (const change of [
        {},
        { description: 'x' },
        { description: 'last words' },
        { url: 'http://127.0.0.1:8080/x' },
        { url: 'nonsense' },
        { events: [] },
        { status: 'archived', description: 'x' },
        { status: 'archived', description: 'last words' },
        { status: 'active' },
        { status: 'suspended' },
      ]) {
        expectRefusal(await patch(world, tenant, id, change), 409, 'endpoint_archived');
      }
      expectGood(await patch(world, tenant, id, { status: 'archived' }), 200, page.endpoint);
      expect(await read(world, tenant, id)).toEqual(before);
    });

    it('is deleted to be archived, twice if need be, and is still read and listed', async () => {
      const tenant = await newTenant(world);
      const { id, endpoint } = await register(world, tenant);
      for (const round of [1, 2]) {
        const answer = await world.ask('DELETE', `/v1/webhooks/${id}`, { token: tenant.token });
        expectGood(answer, 204, null);
        expect([round, (await read(world, tenant, id)).status]).toEqual([round, 'archived']);
      }
      const after = await read(world, tenant, id);
      expect(after).toEqual({ ...endpoint, status: 'archived', updatedAt: after.updatedAt });
      const { json } = await world.ask('GET', '/v1/webhooks', { token: tenant.token });
      expect(json.items).toEqual([after]);
      await sendEvent(world.running, { type: EVENT, payload: {}, organization: tenant.externalId });
      expect(await deliveriesOf(world, tenant, id)).toEqual([]);
    });
  });

  describe('the list of endpoints', () => {
    it('is newest first, twenty a page unless asked otherwise, and ends', async () => {
      const tenant = await newTenant(world);
      const made: string[] = [];
      for (let count = 0; count < 21; count += 1) made.unshift((await register(world, tenant)).id);
      const ids = async (query: string): Promise<readonly string[]> => {
        const seen: string[] = [];
        let next: string | null = '';
        for (let pages = 0; next !== null; pages += 1) {
          expect(pages).toBeLessThan(30);
          const cursor: string = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`;
          const answer = await world.ask('GET', `/v1/webhooks?${query}${cursor}`, { token: tenant.token });
          expectGood(answer, 200, page.endpoints);
          seen.push(...answer.json.items.map(({ endpointId }: Json) => endpointId));
          next = answer.json.nextCursor;
        }
        return seen;
      };
      const first = await world.ask('GET', '/v1/webhooks', { token: tenant.token });
      expect([first.json.items.length, typeof first.json.nextCursor]).toEqual([20, 'string']);
      for (const query of ['limit=20', 'limit=1', 'limit=7', 'limit=21', 'limit=100']) {
        expect([query, await ids(query)]).toEqual([query, made]);
      }
    });

    it('takes no cursor of another organization or another list', async () => {
      const [tenant, other] = [await newTenant(world), await newTenant(world)];
      const { id } = await register(world, tenant);
      await register(world, tenant);
      await register(world, other);
      const { json } = await world.ask('GET', '/v1/webhooks?limit=1', { token: tenant.token });
      const cursor = `cursor=${encodeURIComponent(json.nextCursor)}`;
      const foreign = await world.ask('GET', `/v1/webhooks?${cursor}`, { token: other.token });
      expectRefusal(foreign, 422, 'validation_failed');
      const elsewhere = await world.ask('GET', `/v1/webhooks/${id}/deliveries?${cursor}`, { token: tenant.token });
      expectRefusal(elsewhere, 422, 'validation_failed');
    });
  });

  describe('a key', () => {
    it('needs the scope of each operation', async () => {
      const tenant = await newTenant(world);
      const { id } = await register(world, tenant);
      await deliver(world, tenant);
      const [delivery] = await deliveriesOf(world, tenant, id);
      const needed = [
        ['POST', '/v1/webhooks', 'endpoints:write'],
        ['GET', '/v1/webhooks', 'endpoints:read'],
        ['GET', `/v1/webhooks/${id}`, 'endpoints:read'],
        ['PATCH', `/v1/webhooks/${id}`, 'endpoints:write'],
        ['DELETE', `/v1/webhooks/${id}`, 'endpoints:write'],
        ['POST', `/v1/webhooks/${id}/rotate_secret`, 'secrets:rotate'],
        ['GET', `/v1/webhooks/${id}/deliveries`, 'deliveries:read'],
        ['POST', `/v1/webhooks/${id}/deliveries/${delivery.deliveryId}/replay`, 'deliveries:write'],
      ] as const;
      const all = [...new Set(needed.map(([, , scope]) => scope))];
      for (const [method, path, scope] of needed) {
        const scopes = all.filter((one) => one !== scope);
        const { token } = await createKey(world.running, { scopes, organization: tenant.externalId });
        const answer = await world.ask(method, path, { token, ...(method === 'PATCH' ? { json: {} } : {}) });
        expectRefusal(answer, 403, 'missing_scope');
        expect(answer.json.error.message).toContain(scope);
      }
    });
  });
}
