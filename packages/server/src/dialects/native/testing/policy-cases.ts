import { describe, expect, it } from 'vitest';
import type { Json } from '../../testing/checked-client.ts';
import { createEndpoint, createKey, endedDelivery, type NativeWorld } from './native-world.ts';

const WRITER = ['endpoints:read', 'endpoints:write', 'secrets:rotate'] as const;

export function policyCases(world: NativeWorld): void {
  const patch = async (id: string, json: Json, token?: string): Promise<{ status: number; json: Json }> =>
    await world.ask('PATCH', `/endpoints/${id}`, { json, ...(token === undefined ? {} : { token }) });

  describe('the rotation policy of an endpoint', () => {
    it('changes by the knobs that are named, and binds the next rotation', async () => {
      const { endpoint } = await createEndpoint(world);
      await world.ask('POST', `/endpoints/${endpoint.id}/rotate`);
      const refused = await world.ask('POST', `/endpoints/${endpoint.id}/rotate`);
      expect([refused.status, refused.json.code]).toEqual([409, 'rotation_in_progress']);
      const changed = await patch(endpoint.id, { rotationPolicy: { onOverlap: 'stack', maxLive: 3 } });
      expect(changed.json.rotationPolicy).toEqual({ ...endpoint.rotationPolicy, onOverlap: 'stack', maxLive: 3 });
      expect((await world.ask('POST', `/endpoints/${endpoint.id}/rotate`)).status).toBe(200);
      const full = await world.ask('POST', `/endpoints/${endpoint.id}/rotate`);
      expect([full.status, full.json.code]).toEqual([409, 'ring_full']);
    });

    it('can be set when the endpoint is created', async () => {
      const { endpoint } = await createEndpoint(world, { rotationPolicy: { grace: { defaultSeconds: 60 } } });
      const { json } = await world.ask('POST', `/endpoints/${endpoint.id}/rotate`);
      expect(Date.parse(json.retired.expiresAt) - Date.parse(json.effectiveAt)).toBe(60_000);
    });

    it.each([
      [{ maxLive: 0 }, '/rotationPolicy/maxLive'],
      [{ maxLive: 12 }, '/rotationPolicy/maxLive'],
      [{ onOverlap: 'maybe' }, '/rotationPolicy/onOverlap'],
      [{ surprise: true }, '/rotationPolicy/surprise'],
      [{ grace: { minSeconds: 10, defaultSeconds: 5 } }, '/rotationPolicy/grace/defaultSeconds'],
      [{ grace: 3 }, '/rotationPolicy/grace'],
      [{ activation: 'manual' }, '/rotationPolicy/activation'],
      [{ visibility: 'revealable' }, '/rotationPolicy/visibility'],
    ])('is refused as %j', async (rotationPolicy, pointer) => {
      const { endpoint } = await createEndpoint(world);
      const answer = await patch(endpoint.id, { rotationPolicy });
      expect([answer.status, answer.json.errors[0].pointer]).toEqual([422, pointer]);
      expect((await world.ask('GET', `/endpoints/${endpoint.id}`)).json).toEqual(endpoint);
    });

    it('takes the scope of an administrator to change, and none more to send back as it was read', async () => {
      const { endpoint } = await createEndpoint(world);
      const { token } = await createKey(world, WRITER);
      const refused = await patch(endpoint.id, { rotationPolicy: { maxLive: 3 } }, token);
      expect([refused.status, refused.json.code]).toEqual([403, 'missing_scope']);
      const same = { description: 'kept', rotationPolicy: endpoint.rotationPolicy };
      expect((await patch(endpoint.id, same, token)).status).toBe(200);
      const body = { url: endpoint.url, rotationPolicy: { maxLive: 3 } };
      expect((await world.ask('POST', '/endpoints', { json: body, token })).status).toBe(403);
    });

    it('is enforced and set free by an operator alone', async () => {
      const { endpoint } = await createEndpoint(world);
      const { token } = await createKey(world, [...WRITER, 'organization:admin']);
      expect((await patch(endpoint.id, { rotationPolicy: { maxLive: 3 } }, token)).status).toBe(200);
      expect((await patch(endpoint.id, { rotationPolicy: { enforced: true } }, token)).status).toBe(403);
      expect((await patch(endpoint.id, { rotationPolicy: { enforced: true } })).status).toBe(200);
      for (const knob of [{ enforced: false }, { maxLive: 4 }]) {
        expect((await patch(endpoint.id, { rotationPolicy: knob }, token)).status).toBe(403);
      }
      expect((await patch(endpoint.id, { rotationPolicy: { enforced: false } })).status).toBe(200);
    });
  });

  describe('the rotation policy of an organization', () => {
    it('binds rotations of its ring', async () => {
      const { json: made } = await world.ask('POST', '/organizations', { json: { name: 'Policies' } });
      const path = `/organizations/${made.id}`;
      const changed = await world.ask('PATCH', path, { json: { rotationPolicy: { cooldownSeconds: 3_600 } } });
      expect(changed.json.rotationPolicy).toEqual({ ...made.rotationPolicy, cooldownSeconds: 3_600 });
      expect((await world.ask('GET', path)).json.rotationPolicy.cooldownSeconds).toBe(3_600);
      await world.ask('POST', `${path}/rotate`);
      const again = await world.ask('POST', `${path}/rotate`, { json: { force: true } });
      expect([again.status, again.json.code]).toEqual([429, 'rotation_cooldown']);
      const wrong = await world.ask('PATCH', path, { json: { rotationPolicy: { cooldownSeconds: -1 } } });
      expect(wrong.json.errors[0].pointer).toBe('/rotationPolicy/cooldownSeconds');
    });
  });

  describe('the catalogue of an endpoint', () => {
    it('says which types exist for it', async () => {
      const { endpoint } = await createEndpoint(world, { eventTypes: null, catalogue: ['known.type'] });
      expect(endpoint.catalogue).toEqual(['known.type']);
      for (const type of ['other.type', 'known.type']) {
        await world.ask('POST', '/events', { json: { type, payload: {} } });
      }
      expect((await endedDelivery(world, endpoint.id)).eventType).toBe('known.type');
      const { json } = await world.ask('GET', `/deliveries?endpointId=${endpoint.id}`);
      expect(json.items).toHaveLength(1);
      expect((await patch(endpoint.id, { catalogue: null, eventTypes: [] })).json.catalogue).toBeNull();
    });

    it('holds event types and nothing else', async () => {
      const { endpoint } = await createEndpoint(world);
      const pattern = await patch(endpoint.id, { catalogue: ['a.b', 'c.*'] });
      expect([pattern.status, pattern.json.errors[0].pointer]).toEqual([422, '/catalogue/1']);
      const many = Array.from({ length: 1_001 }, (_, index) => `type.${index}`);
      expect((await patch(endpoint.id, { catalogue: many })).json.errors[0].code).toBe('too_many');
    });
  });
}
