import { describe, expect, it } from 'vitest';
import type { Json } from '../../testing/checked-client.ts';
import { endedDeliveries, sendEvent, until } from '../../testing/native-steps.ts';
import type { Received } from '../../testing/receiver.ts';
import { during } from '../../testing/traffic.ts';
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
import { type Secrets, signersOf } from './receiver.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const OPERATOR_MAX_SECONDS = 604_800;

export function rotationCases(world: MoonbornWorld): void {
  /** The distinct lists of signers, in the order in which they were first seen. */
  const signers = (requests: readonly Received[], secrets: Secrets): readonly string[] => [
    ...new Set(requests.map((request) => signersOf(secrets, request, world.running.clock.now()).join(' '))),
  ];
  const untilTime = (iso: string, lessMs = 0): void => {
    world.running.advance(Math.max(0, Date.parse(iso) - lessMs - world.running.clock.now()));
  };
  const start = async (): Promise<readonly [Tenant, Registered]> => {
    const tenant = await newTenant(world);
    return [tenant, await register(world, tenant)];
  };

  describe('a rotation under traffic', () => {
    it.each([
      ['omitted', undefined, DAY_MS],
      ['an hour', 3_600, 3_600_000],
      ["the operator's longest", OPERATOR_MAX_SECONDS, OPERATOR_MAX_SECONDS * 1_000],
    ] as const)(
      'with a grace that is %s signs with both until it ends, the new one first',
      async (_name, grace, graceMs) => {
        const [tenant, { id, secretValue: old, endpoint }] = await start();
        const traffic = { type: EVENT, organization: tenant.externalId };
        const { result, before, meanwhile, after } = await during(
          world,
          traffic,
          async () => await rotated(world, tenant, id, grace),
        );
        const secrets = { old, fresh: result.secretValue };
        expect(signers(before, secrets)).toEqual(['old']);
        for (const list of signers(meanwhile, secrets)) expect(['old', 'fresh old']).toContain(list);
        expect(signers(after, secrets)).toEqual(['fresh old']);
        const [active, retiring] = result.endpoint.secrets;
        expect([active.status, active.expiresAt, retiring.status]).toEqual(['active', null, 'retiring']);
        expect([retiring.secretId, result.retiredSecretId]).toEqual([endpoint.secrets[0].secretId, retiring.secretId]);
        expect(Date.parse(retiring.expiresAt) - Date.parse(active.activatedAt)).toBe(graceMs);
        untilTime(retiring.expiresAt, MINUTE_MS);
        expect(await signersNow(world, tenant, secrets)).toEqual(['fresh', 'old']);
        expect((await read(world, tenant, id)).secrets).toEqual([active, retiring]);
        untilTime(retiring.expiresAt);
        expect(await signersNow(world, tenant, secrets)).toEqual(['fresh']);
        expect((await read(world, tenant, id)).secrets).toEqual([active]);
        expect(await ringStates(world, tenant, id)).toEqual(['active', 'expired']);
        world.running.advance(30 * DAY_MS);
        expect(await signersNow(world, tenant, secrets)).toEqual(['fresh']);
      },
    );

    it('without a grace is cut at once: nothing after the answer has the old signature', async () => {
      const [tenant, { id, secretValue: old, endpoint }] = await start();
      const traffic = { type: EVENT, organization: tenant.externalId };
      const { result, before, meanwhile, after } = await during(
        world,
        traffic,
        async () => await rotated(world, tenant, id, 0),
      );
      const secrets = { old, fresh: result.secretValue };
      expect(signers(before, secrets)).toEqual(['old']);
      for (const list of signers(meanwhile, secrets)) expect(['old', 'fresh']).toContain(list);
      expect(signers(after, secrets)).toEqual(['fresh']);
      expect(result.retiredSecretId).toBe(endpoint.secrets[0].secretId);
      expect(result.endpoint.secrets).toHaveLength(1);
    });

    it('with half a second of grace lasts that long on the clock of the machine', async () => {
      const [tenant, { id, secretValue: old }] = await start();
      const result = await rotated(world, tenant, id, 0.5);
      const [active, retiring] = result.endpoint.secrets;
      expect(Date.parse(retiring.expiresAt) - Date.parse(active.activatedAt)).toBe(500);
      const secrets = { old, fresh: result.secretValue };
      const sent: Received[] = [];
      await until(
        async () => {
          sent.push(await deliver(world, tenant));
          return signersOf(secrets, sent.at(-1) as Received, world.running.clock.now());
        },
        (list) => list.length === 1,
      );
      expect(world.running.clock.now()).toBeGreaterThanOrEqual(Date.parse(retiring.expiresAt));
      expect(signers(sent, secrets).filter((list) => list !== 'fresh old')).toEqual(['fresh']);
    });

    it('twice at once happens one after the other: both secrets that were handed out sign', async () => {
      const [tenant, { id, secretValue: old }] = await start();
      const traffic = { type: EVENT, organization: tenant.externalId };
      const { result, meanwhile, after } = await during(
        world,
        traffic,
        async () => await Promise.all([rotated(world, tenant, id, 3_600), rotated(world, tenant, id, 3_600)]),
      );
      const [one, other] = result;
      const secrets = { old, one: one.secretValue, other: other.secretValue };
      const [list = '', ...more] = signers(after, secrets);
      expect([['one other old', 'other one old'].includes(list), more]).toEqual([true, []]);
      const [newest = '', second = ''] = list.split(' ');
      for (const seen of signers(meanwhile, secrets)) expect(['old', `${second} old`, list]).toContain(seen);
      const first = newest === 'one' ? other : one;
      const last = newest === 'one' ? one : other;
      expect(last.retiredSecretId).toBe(first.endpoint.secrets[0].secretId);
      expect(await ringStates(world, tenant, id)).toEqual(['active', 'retiring', 'retiring']);
    });

    it('signs a retry as the ring is at the time of the retry', async () => {
      const [tenant, { id, secretValue: old }] = await start();
      const { receiver, clock } = world.running;
      const tries: Received[] = [];
      let fresh = '';
      receiver.answer = async (request) => {
        tries.push(request);
        if (tries.length > 1) return { status: 200 };
        fresh = (await rotated(world, tenant, id, 3_600)).secretValue;
        return { status: 500 };
      };
      const { organization, type } = { organization: tenant.externalId, type: EVENT };
      const event = await sendEvent(world.running, { type, payload: {}, organization });
      await until(
        () => fresh,
        (secret) => secret !== '',
      );
      await until(
        async () => (await nativeAsk(world, tenant, 'GET', '/deliveries')).items[0].status,
        (status) => status === 'retrying',
      );
      world.running.advance(2 * MINUTE_MS);
      await endedDeliveries(world.running, event.id, organization);
      const lists = tries.map((request) => signersOf({ old, fresh }, request, clock.now()).join(' '));
      expect(lists).toEqual(['old', 'fresh old']);
      const [first, second] = tries.map(({ headers }) => /t=(\d+)/.exec(String(headers['x-moonborn-signature']))?.[1]);
      expect(Number(second) - Number(first)).toBeGreaterThanOrEqual(120);
    });
  });

  describe('rotations inside the window of another', () => {
    it('stack: each older secret keeps its own deadline, whatever the order of the deadlines', async () => {
      const [tenant, { id, secretValue }] = await start();
      const secrets: Record<string, string> = { first: secretValue };
      for (const [name, grace] of [
        ['second', 7_200],
        ['third', 10_800],
        ['fourth', 3_600],
      ] as const) {
        secrets[name] = (await rotated(world, tenant, id, grace)).secretValue;
      }
      expect(await signersNow(world, tenant, secrets)).toEqual(['fourth', 'third', 'second', 'first']);
      const { secrets: shown } = await read(world, tenant, id);
      expect(shown.map(({ status }: Json) => status)).toEqual(['active', 'retiring', 'retiring', 'retiring']);
      const ends = shown.map(({ expiresAt }: Json) => expiresAt);
      untilTime(ends[1]);
      expect(await signersNow(world, tenant, secrets)).toEqual(['fourth', 'second', 'first']);
      untilTime(ends[3]);
      expect(await signersNow(world, tenant, secrets)).toEqual(['fourth', 'second']);
      untilTime(ends[2]);
      expect(await signersNow(world, tenant, secrets)).toEqual(['fourth']);
    });

    it('stack up to ten: the eleventh living secret ends the oldest one that is retiring', async () => {
      const [tenant, { id, secretValue }] = await start();
      const names = ['number 0'];
      const secrets: Record<string, string> = { 'number 0': secretValue };
      const rotateOnce = async (): Promise<void> => {
        const name = `number ${names.length}`;
        secrets[name] = (await rotated(world, tenant, id)).secretValue;
        names.unshift(name);
      };
      while (names.length < 10) await rotateOnce();
      expect(await signersNow(world, tenant, secrets)).toEqual(names);
      await rotateOnce();
      expect(await signersNow(world, tenant, secrets)).toEqual(names.slice(0, 10));
      await rotateOnce();
      expect(await signersNow(world, tenant, secrets)).toEqual(names.slice(0, 10));
      expect((await read(world, tenant, id)).secrets).toHaveLength(10);
      expect((await ringStates(world, tenant, id)).slice(9)).toEqual(['retiring', 'expired', 'expired']);
      expect(new Set(Object.values(secrets)).size).toBe(12);
    });

    it('without a grace cut everything older', async () => {
      const [tenant, { id, secretValue }] = await start();
      const secrets: Record<string, string> = { first: secretValue };
      secrets['second'] = (await rotated(world, tenant, id, 3_600)).secretValue;
      secrets['third'] = (await rotated(world, tenant, id, 3_600)).secretValue;
      secrets['fourth'] = (await rotated(world, tenant, id, 0)).secretValue;
      expect(await signersNow(world, tenant, secrets)).toEqual(['fourth']);
      expect((await read(world, tenant, id)).secrets).toHaveLength(1);
      secrets['fifth'] = (await rotated(world, tenant, id, 3_600)).secretValue;
      expect(await signersNow(world, tenant, secrets)).toEqual(['fifth', 'fourth']);
    });
  });

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
