import { describe, expect, it } from 'vitest';
import { createKey, createOrganization } from '../../testing/native-steps.ts';
import { expectPage, expectProblem } from './page.ts';
import { signersOf } from './receiver.ts';
import { create, deliver, nativeId, newType, read, rotate, type SignupWorld } from './signup-world.ts';

export function endpointCases(world: SignupWorld): void {
  describe('an endpoint', () => {
    it('is created with all that it is told and shows its secret once', async () => {
      const { url } = world.running.receiver;
      const json = { url, description: 'Production', eventTypes: ['signup.created', 'team.*'] };
      const made = await world.ask('POST', '/webhooks', { json });
      expectPage(made, 201, 'endpointWithSecret');
      expect(made.json.endpoint).toMatchObject({
        ...json,
        paused: false,
        pausedReason: null,
        pausedAt: null,
        consecutiveFailures: 0,
        lastSuccessAt: null,
        lastFailureAt: null,
      });
      expect(Buffer.from(made.json.signingSecret.slice(6), 'base64').length).toBeGreaterThanOrEqual(24);
      const found = await world.ask('GET', `/webhooks/${made.json.endpoint.id}`);
      expectPage(found, 200, 'endpoint');
      expect(found.json).toEqual(made.json.endpoint);
    });

    it('without event types gets every one, with an empty list none', async () => {
      const { url } = world.running.receiver;
      const { id, secret } = await createPlain({ url: `${url}?every` });
      const none = await createPlain({ url: `${url}?none`, eventTypes: [] });
      const prefixed = await createPlain({ url: `${url}?prefix`, eventTypes: ['free.*'] });
      expect(await read(world, id)).toMatchObject({ eventTypes: ['*'], description: '' });
      expect((await read(world, none.id)).eventTypes).toEqual([]);
      expect(secret).toMatch(/^whsec_/);
      await deliver(world, 'free.of.charge');
      await world.running.receiver.arrived(({ path }) => path.endsWith('?prefix'));
      await world.running.receiver.arrived(({ path }) => path.endsWith('?every'));
      expect(world.running.receiver.received.filter(({ path }) => path.endsWith('?none'))).toEqual([]);
      for (const made of [id, none.id, prefixed.id]) await world.ask('DELETE', `/webhooks/${made}`);
    });

    it('made elsewhere for every type is shown as one for "*"', async () => {
      const { json } = await world.native('POST', '/endpoints', {
        json: { url: world.running.receiver.url, keyring: 'organization' },
      });
      const listed = (await world.ask('GET', '/webhooks')).json.data;
      const found = listed.find((one: { id: string }) => nativeId(one.id) === json.endpoint.id);
      expect(found).toMatchObject({ eventTypes: ['*'], paused: false });
      expectProblem(await world.ask('POST', `/webhooks/${found.id}/rotate`), 409, 'conflict', 'organization_ring');
      await world.ask('DELETE', `/webhooks/${found.id}`);
    });

    it('is changed in what is named, and keeps its secret with a new URL', async () => {
      const { id, secret, type } = await create(world, { description: 'before' });
      const url = `${world.running.receiver.url}?moved`;
      const moved = await world.ask('PATCH', `/webhooks/${id}`, { json: { url, description: '' } });
      expectPage(moved, 200, 'endpoint');
      expect(moved.json).toMatchObject({ url, description: '', eventTypes: [type], paused: false });
      const other = newType(world);
      const changed = await world.ask('PATCH', `/webhooks/${id}`, { json: { eventTypes: [other, other] } });
      expect(changed.json).toMatchObject({ url, eventTypes: [other] });
      expect(await read(world, id)).toEqual(changed.json);
      const { request } = await deliver(world, other);
      expect(request.path).toMatch(/\?moved$/);
      expect(signersOf({ first: secret }, request)).toEqual(['first']);
      const same = await world.ask('PATCH', `/webhooks/${id}`, { json: {} });
      expect(same.json.updatedAt).toBe(changed.json.updatedAt);
    });

    it('is paused and resumed by a person', async () => {
      const { id } = await create(world);
      const paused = await world.ask('PATCH', `/webhooks/${id}`, { json: { paused: true } });
      expectPage(paused, 200, 'endpoint');
      expect(paused.json).toMatchObject({ paused: true, pausedReason: 'manual', pausedAt: expect.any(String) });
      world.running.advance(60_000);
      const again = await world.ask('PATCH', `/webhooks/${id}`, { json: { paused: true } });
      expect(again.json.pausedAt).toBe(paused.json.pausedAt);
      expect(await rotate(world, id)).toMatch(/^whsec_/);
      const resumed = await world.ask('PATCH', `/webhooks/${id}`, { json: { paused: false } });
      expect(resumed.json).toMatchObject({ paused: false, pausedReason: null, pausedAt: null });
    });

    it('is gone everywhere once it is deleted', async () => {
      const { id, type } = await create(world);
      const { event } = await deliver(world, type);
      const [delivery] = (await world.ask('GET', `/webhooks/${id}/deliveries`)).json.data;
      expect(event.id).toBeTypeOf('string');
      const deleted = await world.ask('DELETE', `/webhooks/${id}`);
      expect([deleted.status, deleted.text]).toEqual([204, '']);
      for (const [method, path] of [
        ['GET', `/webhooks/${id}`],
        ['PATCH', `/webhooks/${id}`],
        ['DELETE', `/webhooks/${id}`],
        ['POST', `/webhooks/${id}/rotate`],
        ['POST', `/webhooks/${id}/test`],
        ['GET', `/webhooks/${id}/deliveries`],
        ['POST', `/webhooks/deliveries/${delivery.id}/replay`],
      ] as const) {
        const json = method === 'PATCH' ? { json: { paused: false } } : {};
        expectProblem(await world.ask(method, path, json), 404, 'not-found', 'not_found');
      }
      const { json } = await world.ask('GET', '/webhooks');
      expect(json.data.map((one: { id: string }) => one.id)).not.toContain(id);
      const { json: kept } = await world.native('GET', `/endpoints/${nativeId(id)}`);
      expect(kept.status).toBe('archived');
    });
  });

  describe('the list of endpoints', () => {
    it('holds all of them, newest first, however many', async () => {
      const { id: organization } = await createOrganization(world.running, 'many-endpoints');
      const { token } = await createKey(world.running, {
        scopes: ['endpoints:read', 'endpoints:write'],
        dialect: 'signup',
        organization,
      });
      expect(token).toMatch(/^sgn_live_/);
      const made: string[] = [];
      for (let count = 0; count < 55; count += 1) made.unshift((await create(world, {}, token)).id);
      const list = await world.ask('GET', '/webhooks', { token });
      expectPage(list, 200, 'endpoints');
      expect(list.json.data.map((one: { id: string }) => one.id)).toEqual(made);
    });
  });

  describe('the cap of a plan', () => {
    it('counts paused endpoints and not deleted ones, also for many at once', async () => {
      const { id: organization } = await createOrganization(world.running, 'small-plan');
      const { token } = await createKey(world.running, { scopes: ['endpoints:write'], organization });
      world.plans.set(organization, 2);
      const json = { url: world.running.receiver.url };
      const all = await Promise.all(
        [1, 2, 3, 4].map(async () => await world.ask('POST', '/webhooks', { token, json })),
      );
      const made = all.filter(({ status }) => status === 201);
      expect(made).toHaveLength(2);
      for (const refused of all.filter(({ status }) => status !== 201)) {
        expectProblem(refused, 402, 'upgrade-required', 'upgrade_required');
        expect(refused.json.title).toBe('Upgrade required');
      }
      const [first] = made.map((answer) => answer.json.endpoint.id);
      expect((await world.ask('PATCH', `/webhooks/${first}`, { token, json: { paused: true } })).status).toBe(200);
      expectProblem(await world.ask('POST', '/webhooks', { token, json }), 402, 'upgrade-required', 'upgrade_required');
      expect((await world.ask('PATCH', `/webhooks/${first}`, { token, json: { paused: false } })).status).toBe(200);
      expect((await world.ask('DELETE', `/webhooks/${first}`, { token })).status).toBe(204);
      expect((await world.ask('POST', '/webhooks', { token, json })).status).toBe(201);
    });
  });

  describe('a plan that is no number', () => {
    it('is a fault of the server, and nothing is created', async () => {
      const { id: organization } = await createOrganization(world.running, 'broken-plan');
      const scopes = ['endpoints:read', 'endpoints:write'];
      const { token } = await createKey(world.running, { scopes, organization });
      world.plans.set(organization, Number.NaN);
      const json = { url: world.running.receiver.url };
      expectProblem(await world.ask('POST', '/webhooks', { token, json }), 500, 'internal-error', 'internal_error');
      expect(String(world.running.crashes.splice(0))).toContain('endpointsMax');
      expect((await world.ask('GET', '/webhooks', { token })).json).toEqual({ data: [] });
    });
  });

  describe('an Idempotency-Key', () => {
    it('makes one endpoint and one rotation of repeated requests, which show the same secret', async () => {
      const json = { url: world.running.receiver.url, eventTypes: [] };
      for (const path of ['/webhooks', `/webhooks/${(await create(world)).id}/rotate`]) {
        const ask = { headers: { 'idempotency-key': `again ${path}` }, ...(path === '/webhooks' ? { json } : {}) };
        const first = await world.ask('POST', path, ask);
        const second = await world.ask('POST', path, ask);
        expectPage(second, first.status, 'endpointWithSecret');
        expect(second.json).toEqual(first.json);
        expect([first, second].map(({ headers }) => headers['idempotent-replayed'])).toEqual([undefined, 'true']);
      }
    });

    it('of an endpoint that was deleted since finds nothing', async () => {
      const ask = { headers: { 'idempotency-key': 'made and deleted' } };
      const json = { url: world.running.receiver.url, eventTypes: [] };
      const made = await world.ask('POST', '/webhooks', { ...ask, json });
      const { id } = made.json.endpoint;
      await world.ask('POST', `/webhooks/${id}/rotate`, ask);
      await world.ask('DELETE', `/webhooks/${id}`);
      expectProblem(await world.ask('POST', '/webhooks', { ...ask, json }), 404, 'not-found', 'not_found');
      expectProblem(await world.ask('POST', `/webhooks/${id}/rotate`, ask), 404, 'not-found', 'not_found');
    });

    it('used again with another body is refused', async () => {
      const headers = { 'idempotency-key': 'two bodies' };
      const { url } = world.running.receiver;
      await world.ask('POST', '/webhooks', { headers, json: { url, eventTypes: [] } });
      const other = await world.ask('POST', '/webhooks', { headers, json: { url, eventTypes: ['other'] } });
      expectProblem(other, 422, 'validation-failed', 'idempotency_key_reused');
    });
  });

  async function createPlain(json: Record<string, unknown>): Promise<{ id: string; secret: string }> {
    const answer = await world.ask('POST', '/webhooks', { json });
    expectPage(answer, 201, 'endpointWithSecret');
    return { id: answer.json.endpoint.id, secret: answer.json.signingSecret };
  }
}
