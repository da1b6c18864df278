import { describe, expect, it } from 'vitest';
import {
  deliver,
  EVENT,
  type MoonbornWorld,
  nativeAsk,
  nativeId,
  newTenant,
  patch,
  type Registered,
  read,
  register,
  ringStates,
  rotate,
  rotated,
  signersNow,
  type Tenant,
} from './moonborn-world.ts';
import { expectGood, expectRefusal, page } from './page.ts';
import { signersOf } from './receiver.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** What may be asked of a rotation, and what it answers. */
export function requestCases(world: MoonbornWorld): void {
  const start = async (): Promise<readonly [Tenant, Registered]> => {
    const tenant = await newTenant(world);
    return [tenant, await register(world, tenant)];
  };

  describe('the grace', () => {
    it.each([
      ['negative', '-1', 422, 'grace_out_of_range'],
      ['a little negative', '-0.001', 422, 'grace_out_of_range'],
      ["one second over the operator's limit", '604801', 422, 'grace_out_of_range'],
      ["a millisecond over the operator's limit", '604800.001', 422, 'grace_out_of_range'],
      ['huge', '1e308', 422, 'grace_out_of_range'],
      ['more than a double holds', '1e309', 422, 'validation_failed'],
      ['more than a double holds below zero', '-1e309', 422, 'validation_failed'],
      ['a text', '"3600"', 422, 'validation_failed'],
      ['an empty text', '""', 422, 'validation_failed'],
      ['the text NaN', '"NaN"', 422, 'validation_failed'],
      ['null', 'null', 422, 'validation_failed'],
      ['true', 'true', 422, 'validation_failed'],
      ['a list', '[3600]', 422, 'validation_failed'],
      ['an object', '{}', 422, 'validation_failed'],
      ['NaN, which is no JSON', 'NaN', 400, 'invalid_body'],
      ['Infinity, which is no JSON', 'Infinity', 400, 'invalid_body'],
      ['a number with a zero before it', '010', 400, 'invalid_body'],
    ] as const)('that is %s is refused and rotates nothing', async (_name, raw, status, code) => {
      const [tenant, { id, endpoint }] = await start();
      const headers = { 'content-type': 'application/json' };
      const ask = { token: tenant.token, raw: `{"graceSeconds": ${raw}}`, headers };
      expectRefusal(await world.ask('POST', `/v1/webhooks/${id}/rotate_secret`, ask), status, code);
      expect(await read(world, tenant, id)).toEqual(endpoint);
    });

    it.each([
      ['-0', 0],
      ['0.0001', 0],
      ['1.0', 1_000],
      ['6048e2', 604_800_000],
      ['604799.999', 604_799_999],
    ] as const)('may be written as %s', async (raw, graceMs) => {
      const [tenant, { id }] = await start();
      const headers = { 'content-type': 'application/json' };
      const ask = { token: tenant.token, raw: `{"graceSeconds": ${raw}}`, headers };
      const answer = await world.ask('POST', `/v1/webhooks/${id}/rotate_secret`, ask);
      expectGood(answer, 200, page.rotated);
      const { items } = await nativeAsk(world, tenant, 'GET', `/endpoints/${nativeId(id)}/secrets`);
      const [active, older] = items;
      const lived = Date.parse(older.expiresAt) - Date.parse(active.activatesAt);
      expect(Math.abs(lived - graceMs)).toBeLessThanOrEqual(1);
    });
  });

  describe('a rotation', () => {
    it('of an endpoint that is suspended works; of one that is archived is refused', async () => {
      const [tenant, { id }] = await start();
      await patch(world, tenant, id, { status: 'suspended' });
      expect((await rotated(world, tenant, id, 60)).endpoint.status).toBe('suspended');
      await patch(world, tenant, id, { status: 'archived' });
      const before = await read(world, tenant, id);
      expectRefusal(await rotate(world, tenant, id, 60), 409, 'endpoint_archived');
      expectRefusal(await rotate(world, tenant, id), 409, 'endpoint_archived');
      expect(await read(world, tenant, id)).toEqual(before);
    });

    it('is given again to the same Idempotency-Key for a day, and is no second rotation', async () => {
      const [tenant, { id }] = await start();
      const headers = { 'idempotency-key': 'rotate-1' };
      const first = await rotate(world, tenant, id, 3_600, { headers });
      const again = await rotate(world, tenant, id, 3_600, { headers });
      expectGood(again, 200, page.rotated);
      expect([again.json, again.headers['idempotent-replayed']]).toEqual([first.json, 'true']);
      expectRefusal(await rotate(world, tenant, id, 60, { headers }), 422, 'idempotency_key_reused');
      world.running.advance(DAY_MS - MINUTE_MS);
      const late = await rotate(world, tenant, id, 3_600, { headers });
      expect([late.json.secretValue, late.json.retiredSecretId]).toEqual([
        first.json.secretValue,
        first.json.retiredSecretId,
      ]);
      expect(await ringStates(world, tenant, id)).toEqual(['active', 'expired']);
      world.running.advance(MINUTE_MS);
      const next = await rotate(world, tenant, id, 3_600, { headers });
      expect(next.json.secretValue).not.toBe(first.json.secretValue);
      expect(next.json.retiredSecretId).toBe(first.json.endpoint.secrets[0].secretId);
    });

    it('is given again as it was, also when other rotations followed', async () => {
      const [tenant, { id }] = await start();
      const headers = { 'idempotency-key': 'rotate-2' };
      const first = await rotate(world, tenant, id, 3_600, { headers });
      const { endpoint } = await rotated(world, tenant, id, 0);
      const again = await rotate(world, tenant, id, 3_600, { headers });
      expectGood(again, 200, page.rotated);
      const { secretValue, retiredSecretId } = first.json;
      expect(again.json).toEqual({ endpoint, secretValue, retiredSecretId });
      expect(await ringStates(world, tenant, id)).toEqual(['active', 'expired', 'expired']);
    });

    it('and a registration are told apart by what they are, under one Idempotency-Key each', async () => {
      const tenant = await newTenant(world);
      const json = { url: world.running.receiver.url, events: [EVENT] };
      const ask = { token: tenant.token, json, headers: { 'idempotency-key': 'register-1' } };
      const first = await world.ask('POST', '/v1/webhooks', ask);
      const again = await world.ask('POST', '/v1/webhooks', ask);
      expectGood(again, 201, page.registered);
      expect([again.json, again.headers['idempotent-replayed']]).toEqual([first.json, 'true']);
      const { endpointId } = first.json.endpoint;
      expect(await rotate(world, tenant, endpointId, 60, { headers: ask.headers })).toMatchObject({ status: 200 });
      expect((await world.ask('GET', '/v1/webhooks', { token: tenant.token })).json.items).toHaveLength(1);
    });

    it('leaves the secrets of other endpoints alone', async () => {
      const [tenant, one] = await start();
      const other = await register(world, tenant, { events: ['moderation.flagged'] });
      const { secretValue } = await rotated(world, tenant, one.id, 0);
      const secrets = { one: one.secretValue, rotated: secretValue, other: other.secretValue };
      expect(await signersNow(world, tenant, secrets)).toEqual(['rotated']);
      const request = await deliver(world, tenant, 'moderation.flagged');
      expect(signersOf(secrets, request, world.running.clock.now())).toEqual(['other']);
    });

    it('of an endpoint that was made natively can be cut short there: what is revoked is shown no more', async () => {
      const tenant = await newTenant(world);
      const json = { url: world.running.receiver.url };
      const { endpoint } = await nativeAsk(world, tenant, 'POST', '/endpoints', json);
      const [{ endpointId: id }] = (await world.ask('GET', '/v1/webhooks', { token: tenant.token })).json.items;
      const { retiredSecretId, endpoint: after } = await rotated(world, tenant, id, 60);
      const secret = retiredSecretId.replace(/^whs_/, 'sec_');
      await nativeAsk(world, tenant, 'POST', `/endpoints/${endpoint.id}/secrets/${secret}/revoke`);
      expect((await read(world, tenant, id)).secrets).toEqual(after.secrets.slice(0, 1));
    });

    it('of its own endpoint is cut short by another without grace, not natively: its policy has no word for that', async () => {
      const [tenant, { id }] = await start();
      const { retiredSecretId } = await rotated(world, tenant, id);
      const secret = retiredSecretId.replace(/^whs_/, 'sec_');
      const path = `/endpoints/${nativeId(id)}/secrets/${secret}/revoke`;
      await expect(nativeAsk(world, tenant, 'POST', path)).rejects.toThrow('policy_forbids');
      expect((await rotated(world, tenant, id, 0)).endpoint.secrets).toHaveLength(1);
    });

    it('of an endpoint that its organization signs for is refused: that ring is rotated elsewhere', async () => {
      const tenant = await newTenant(world);
      const json = { url: world.running.receiver.url, keyring: 'organization' };
      await nativeAsk(world, tenant, 'POST', '/endpoints', json);
      const [{ endpointId, secrets }] = (await world.ask('GET', '/v1/webhooks', { token: tenant.token })).json.items;
      expect(secrets).toHaveLength(1);
      expectRefusal(await rotate(world, tenant, endpointId, 0), 409, 'organization_ring');
      expect((await read(world, tenant, endpointId)).secrets).toEqual(secrets);
    });
  });
}
