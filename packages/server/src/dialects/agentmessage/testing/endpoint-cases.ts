import { describe, expect, it } from 'vitest';
import type { Json } from '../../testing/checked-client.ts';
import { CATALOGUE } from '../catalogue.ts';
import { expectGood, expectRefusal, page } from './page.ts';
import { type AgentMessageWorld, createWebhook, EVENT, nativeAsk, nativeIdOf, newTenant } from './world.ts';

export function endpointCases(world: AgentMessageWorld): void {
  describe('webhooks', () => {
    it('are made with every field of the page, and their secret is in no read', async () => {
      const { token } = await newTenant(world);
      const url = world.running.receiver.url;
      const made = await world.ask('POST', '/v1/webhooks', {
        token,
        json: { url, events: [EVENT, 'api_key.rotated'], description: 'Operations', api_version: '2026-04-01' },
      });
      expectGood(made, 201, page.endpointWithSecret);
      expect(made.json).toMatchObject({ url, events: [EVENT, 'api_key.rotated'], active: true, deleted_at: null });
      const { secret, secret_displayed_once: _, ...endpoint } = made.json;
      const read = await world.ask('GET', `/v1/webhooks/${made.json.id}`, { token });
      expectGood(read, 200, page.endpoint);
      expect(read.json).toEqual(endpoint);
      const list = await world.ask('GET', '/v1/webhooks', { token });
      expectGood(list, 200, page.endpoints);
      expect(list.json).toEqual({
        success: true,
        data: [endpoint],
        meta: { total: 1, limit: 50, offset: 0, next_cursor: null },
      });
      for (const { text } of [read, list]) expect(text).not.toContain(secret.slice(0, 20));
      const capitals = await world.ask('GET', `/v1/webhooks/${made.json.id.toUpperCase()}`, { token });
      expect(capitals.json).toEqual(endpoint);
    });

    it('take every event type of the product at once', async () => {
      const tenant = await newTenant(world);
      expect((await createWebhook(world, tenant, { events: [...CATALOGUE] })).events).toEqual([...CATALOGUE]);
      expect(CATALOGUE).toHaveLength(17);
    });

    it('are changed field by field, without their secret', async () => {
      const tenant = await newTenant(world);
      const { token } = tenant;
      const webhook = await createWebhook(world, tenant, { description: 'Operations' });
      const { secret: _secret, secret_displayed_once: _once, ...before } = webhook;
      const path = `/v1/webhooks/${webhook.id}`;
      const nothing = await world.ask('PATCH', path, { token, json: {} });
      expectGood(nothing, 200, page.endpoint);
      expect(nothing.json).toEqual(before);
      world.running.advance(2_000);
      const changed = await world.ask('PATCH', path, {
        token,
        json: { url: `${webhook.url}/2`, events: ['brand.vetted', 'lookup.completed'], description: '' },
      });
      expectGood(changed, 200, page.endpoint);
      expect(changed.json).toEqual({
        ...before,
        url: `${webhook.url}/2`,
        events: ['brand.vetted', 'lookup.completed'],
        updated_at: changed.json.updated_at,
      });
      expect(changed.json.updated_at > before.updated_at).toBe(true);
      const native = await nativeAsk(world, tenant, 'GET', `/endpoints/${await nativeIdOf(world, tenant, webhook)}`);
      expect(native.description).toBe('');
    });

    it('are switched off and on', async () => {
      const tenant = await newTenant(world);
      const { token } = tenant;
      const webhook = await createWebhook(world, tenant);
      for (const active of [false, false, true, true]) {
        const changed = await world.ask('PATCH', `/v1/webhooks/${webhook.id}`, { token, json: { active } });
        expect([changed.status, changed.json.active]).toEqual([200, active]);
        const native = await nativeAsk(world, tenant, 'GET', `/endpoints/${await nativeIdOf(world, tenant, webhook)}`);
        expect(native.status).toBe(active ? 'active' : 'suspended');
      }
    });

    it('are gone everywhere once deleted', async () => {
      const tenant = await newTenant(world);
      const { token } = tenant;
      const gone = await createWebhook(world, tenant);
      const kept = await createWebhook(world, tenant);
      expectGood(await world.ask('DELETE', `/v1/webhooks/${gone.id}`, { token }), 204, null);
      for (const [method, path, json] of [
        ['GET', ''],
        ['PATCH', '', {}],
        ['PATCH', '', { active: true }],
        ['DELETE', ''],
        ['POST', '/rotate-secret'],
        ['POST', '/test'],
      ] as const) {
        const answer = await world.ask(method, `/v1/webhooks/${gone.id}${path}`, {
          token,
          ...(json === undefined ? {} : { json }),
        });
        expectRefusal(answer, 404, 'NOT_FOUND');
      }
      expectRefusal(
        await world.ask('GET', `/v1/webhooks/deliveries?endpoint_id=${gone.id}`, { token }),
        404,
        'NOT_FOUND',
      );
      const { json } = await world.ask('GET', '/v1/webhooks', { token });
      expect([json.data.map(({ id }: Json) => id), json.meta.total]).toEqual([[kept.id], 1]);
    });

    it('are listed newest first, in pages that go on from a cursor', async () => {
      const tenant = await newTenant(world);
      const { token } = tenant;
      const made: string[] = [];
      for (let count = 0; count < 5; count += 1) made.unshift((await createWebhook(world, tenant)).id);
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const answer = await world.ask('GET', `/v1/webhooks?limit=2${cursor === null ? '' : `&cursor=${cursor}`}`, {
          token,
        });
        expectGood(answer, 200, page.endpoints);
        const { data, meta }: Json = answer.json;
        expect(meta).toMatchObject({ total: 5, limit: 2, offset: 0 });
        seen.push(...data.map(({ id }: Json) => id));
        cursor = meta.next_cursor;
      } while (cursor !== null);
      expect(seen).toEqual(made);
      const counted = await world.ask('GET', '/v1/webhooks?limit=2&offset=3', { token });
      expect(counted.json.data.map(({ id }: Json) => id)).toEqual(made.slice(3));
      expect(counted.json.meta).toEqual({ total: 5, limit: 2, offset: 3, next_cursor: null });
      const fromZero = await world.ask('GET', '/v1/webhooks?limit=2&offset=0', { token });
      expect(fromZero.json.data.map(({ id }: Json) => id)).toEqual(made.slice(0, 2));
      expect(fromZero.json.meta.next_cursor).toBeNull();
      const first = await world.ask('GET', '/v1/webhooks?limit=2', { token });
      const both = await world.ask('GET', `/v1/webhooks?limit=2&offset=1&cursor=${first.json.meta.next_cursor}`, {
        token,
      });
      expect(both.status).toBe(422);
    });

    it('made elsewhere are shown in the words of this product', async () => {
      const tenant = await newTenant(world);
      const shown = async (eventTypes: unknown): Promise<Json> => {
        const json = { url: world.running.receiver.url, ...(eventTypes === undefined ? {} : { eventTypes }) };
        await nativeAsk(world, tenant, 'POST', '/endpoints', { json });
        const answer = await world.ask('GET', '/v1/webhooks?limit=1', { token: tenant.token });
        expectGood(answer, 200, page.endpoints);
        return answer.json.data[0];
      };
      expect(await shown(undefined)).toMatchObject({ events: [...CATALOGUE], active: true, api_version: '2026-04-01' });
      expect((await shown(['*', 'invoice.paid'])).events).toEqual([...CATALOGUE, 'invoice.paid']);
      expect((await shown(['wallet.balance_zero', 'wallet.*', 'invoice.paid', 'phone_number.*'])).events).toEqual([
        'wallet.balance_zero',
        'wallet.balance_low',
        'invoice.paid',
        'phone_number.bulk_order.completed',
        'phone_number.campaign.assigned',
      ]);
      expect((await shown(['invoice.*'])).events).toEqual(['invoice.*']);
    });

    it('are given again to the same Idempotency-Key, secret and all', async () => {
      const tenant = await newTenant(world);
      const { token } = tenant;
      const json = { url: world.running.receiver.url, events: [EVENT] };
      const headers = { 'idempotency-key': 'create-1' };
      const first = await world.ask('POST', '/v1/webhooks', { token, json, headers });
      world.running.advance(23 * 3_600_000);
      const second = await world.ask('POST', '/v1/webhooks', { token, json, headers });
      expectGood(second, 201, page.endpointWithSecret);
      expect([second.text, second.headers['idempotent-replayed']]).toEqual([first.text, 'true']);
      expect(first.headers['idempotent-replayed']).toBeUndefined();
      const other = await world.ask('POST', '/v1/webhooks', {
        token,
        headers,
        json: { ...json, events: ['brand.vetted'] },
      });
      expectRefusal(other, 422, 'VALIDATION_FAILED');
      await world.ask('DELETE', `/v1/webhooks/${first.json.id}`, { token });
      expectRefusal(await world.ask('POST', '/v1/webhooks', { token, json, headers }), 404, 'NOT_FOUND');
      expect((await world.ask('GET', '/v1/webhooks', { token })).json.meta.total).toBe(0);
    });
  });

  describe('the limit of 50 active webhooks', () => {
    it('binds new ones and those that are switched on, also when many ask at once', async () => {
      const tenant = await newTenant(world);
      const { token } = tenant;
      const json = { url: world.running.receiver.url, events: [EVENT] };
      const create = async () => await world.ask('POST', '/v1/webhooks', { token, json });
      const [first] = await Promise.all(Array.from({ length: 48 }, create));
      const statuses = (await Promise.all(Array.from({ length: 5 }, create))).map(({ status }) => status);
      expect(statuses.toSorted((a, b) => a - b)).toEqual([201, 201, 409, 409, 409]);
      expectRefusal(await create(), 409, 'LIMIT_EXCEEDED');
      const path = `/v1/webhooks/${first?.json.id}`;
      expect((await world.ask('PATCH', path, { token, json: { active: true } })).status).toBe(200);
      expect((await world.ask('PATCH', path, { token, json: { active: false } })).status).toBe(200);
      const last = await create();
      expect(last.status).toBe(201);
      expectRefusal(await world.ask('PATCH', path, { token, json: { active: true } }), 409, 'LIMIT_EXCEEDED');
      expect((await world.ask('PATCH', path, { token, json: { events: ['brand.vetted'] } })).status).toBe(200);
      await world.ask('DELETE', `/v1/webhooks/${last.json.id}`, { token });
      expect((await world.ask('PATCH', path, { token, json: { active: true } })).json.active).toBe(true);
      const list = await world.ask('GET', '/v1/webhooks', { token });
      expect([list.json.data.length, list.json.meta.total, list.json.meta.next_cursor]).toEqual([50, 50, null]);
      // Another organization has room of its own.
      await createWebhook(world, await newTenant(world));
    });
  });
}
