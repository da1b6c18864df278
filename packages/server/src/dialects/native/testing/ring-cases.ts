import { describe, expect, it } from 'vitest';
import type { Json } from '../../testing/checked-client.ts';
import { createEndpoint, type NativeWorld } from './native-world.ts';

export function ringCases(world: NativeWorld): void {
  describe('rings', () => {
    it('are rotated with a grace, and refuse a second rotation meanwhile unless forced', async () => {
      const { endpoint, secret } = await createEndpoint(world);
      const rotated = await world.ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: { graceSeconds: 60 } });
      expect(rotated.status).toBe(200);
      const { effectiveAt, retired } = rotated.json;
      expect(rotated.json.endpoint.id).toBe(endpoint.id);
      expect(retired.id).toBe(secret.id);
      expect(Date.parse(retired.expiresAt) - Date.parse(effectiveAt)).toBe(60_000);
      const again = await world.ask('POST', `/endpoints/${endpoint.id}/rotate`);
      expect([again.status, again.json.code]).toEqual([409, 'rotation_in_progress']);
      const forced = await world.ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: { force: true } });
      expect(forced.json.retired.id).toBe(rotated.json.secret.id);
      const { json } = await world.ask('GET', `/endpoints/${endpoint.id}/secrets`);
      expect(json.items.map((item: Json) => [item.id, item.state, item.version])).toEqual([
        [forced.json.secret.id, 'active', 3],
        [rotated.json.secret.id, 'retiring', 2],
        [secret.id, expect.stringMatching(/expired|revoked/), 1],
      ]);
    });

    it('say what a rotation would do, and do not do it', async () => {
      const { endpoint, secret } = await createEndpoint(world);
      const plan = await world.ask('POST', `/endpoints/${endpoint.id}/rotate?dryRun=true`, {
        json: { graceSeconds: 60 },
      });
      expect(new Set(plan.json.timeline.map((span: Json) => span.secretId))).toEqual(new Set(['new', secret.id]));
      expect((await world.ask('GET', `/endpoints/${endpoint.id}/secrets`)).json.items).toHaveLength(1);
    });

    it('take a secret that the caller brings', async () => {
      const { endpoint } = await createEndpoint(world);
      const own = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
      expect(
        (await world.ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: { secret: own } })).json.secret.value,
      ).toBe(own);
      const weak = await world.ask('POST', `/endpoints/${endpoint.id}/rotate`, {
        json: { secret: 'whsec_c2hvcnQ=', force: true },
      });
      expect([weak.status, weak.json.code]).toEqual([422, 'secret_rejected']);
      expect(weak.text).not.toContain('c2hvcnQ=');
    });

    it('refuse a grace that is none', async () => {
      const { endpoint } = await createEndpoint(world);
      for (const graceSeconds of [-1, 8 * 86_400]) {
        expect(
          (await world.ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: { graceSeconds } })).json.code,
        ).toBe('grace_out_of_range');
      }
      expect(
        (await world.ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: { graceSeconds: '60' } })).json.code,
      ).toBe('validation_failed');
    });

    it('lose a retiring secret early, and never the active one', async () => {
      const { endpoint, secret } = await createEndpoint(world);
      const active = await world.ask('POST', `/endpoints/${endpoint.id}/secrets/${secret.id}/revoke`);
      expect([active.status, active.json.code]).toEqual([409, 'secret_is_active']);
      await world.ask('POST', `/endpoints/${endpoint.id}/rotate`);
      expect((await world.ask('POST', `/endpoints/${endpoint.id}/secrets/${secret.id}/revoke`)).json).toMatchObject({
        id: secret.id,
        state: 'revoked',
      });
      expect(
        (await world.ask('POST', `/endpoints/${endpoint.id}/secrets/sec_00000000000000000000000000/revoke`)).status,
      ).toBe(404);
      expect((await world.ask('POST', `/endpoints/${endpoint.id}/secrets/nonsense/revoke`)).status).toBe(404);
    });

    it('give the same secret again to the same key, and count another body as another request', async () => {
      const { endpoint } = await createEndpoint(world);
      const headers = { 'idempotency-key': '"rotate-1"' };
      const first = await world.ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: {}, headers });
      const second = await world.ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: {}, headers });
      expect(second.json.secret).toEqual(first.json.secret);
      expect(first.headers['idempotent-replayed']).toBeUndefined();
      expect(second.headers['idempotent-replayed']).toBe('true');
      const other = await world.ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: { graceSeconds: 5 }, headers });
      expect([other.status, other.json.code]).toEqual([422, 'idempotency_key_reused']);
    });

    it('belong to organizations too', async () => {
      const { json: made } = await world.ask('POST', '/organizations', { json: { name: 'Rings' } });
      const rotated = await world.ask('POST', `/organizations/${made.id}/rotate`, { json: { graceSeconds: 60 } });
      expect(rotated.json).toMatchObject({ organizationId: made.id, retired: { id: made.secret.id } });
      expect((await world.ask('GET', `/organizations/${made.id}/secrets`)).json.items).toHaveLength(2);
      expect((await world.ask('POST', `/organizations/${made.id}/secrets/${made.secret.id}/revoke`)).json.state).toBe(
        'revoked',
      );
      expect((await world.ask('POST', `/organizations/${made.id}/rotate?dryRun=true`)).json.dryRun).toBe(true);
    });
  });
}
