import { describe, expect, it } from 'vitest';
import type { Json } from '../../testing/checked-client.ts';
import { endedDeliveries, sendEvent, until } from '../../testing/native-steps.ts';
import type { Received } from '../../testing/receiver.ts';
import { during } from '../../testing/traffic.ts';
import {
  deliver,
  EVENT,
  isFor,
  type MoonbornWorld,
  nativeAsk,
  newTenant,
  type Registered,
  read,
  register,
  ringStates,
  rotated,
  signersNow,
  type Tenant,
} from './moonborn-world.ts';
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
      const [tenant, registered] = await start();
      const { id, secretValue: old } = registered;
      const { receiver, clock } = world.running;
      const tries: Received[] = [];
      let fresh = '';
      receiver.answer = async (request) => {
        if (!isFor(registered, request)) return { status: 200 };
        tries.push(request);
        if (tries.length > 1) return { status: 200 };
        fresh = (await rotated(world, tenant, id, 3_600)).secretValue;
        return { status: 500 };
      };
      const organization = tenant.externalId;
      const event = await sendEvent(world.running, { type: EVENT, payload: {}, organization });
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
}
