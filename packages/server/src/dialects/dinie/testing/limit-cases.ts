import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineDialect } from '../../public.ts';
import { checkedClient } from '../../testing/checked-client.ts';
import { runDialects } from '../../testing/running-dialects.ts';
import { dinie } from '../dinie.ts';
import { createEndpoint, type DinieWorld, delivered, isFor, rotate, rotated } from './dinie-world.ts';
import { expectProblem } from './page.ts';
import { signersOf } from './receiver.ts';

/** The same product with a policy that binds whoever rotates. */
const strict = defineDialect({
  ...dinie,
  name: 'strict',
  mount: { prefix: '/strict' },
  endpointDefaults: {
    ...dinie.endpointDefaults,
    rotationPolicy: {
      ...dinie.endpointDefaults.rotationPolicy,
      grace: { defaultSeconds: 30, minSeconds: 0, maxSeconds: 30, whenOmitted: 'default' },
      onOverlap: 'refuse',
      enforced: true,
    },
  },
});

/** New secrets wait until somebody promotes them, whoever makes them. */
const patient = defineDialect({
  ...dinie,
  name: 'patient',
  mount: { prefix: '/patient' },
  endpointDefaults: {
    ...dinie.endpointDefaults,
    rotationPolicy: { ...dinie.endpointDefaults.rotationPolicy, activation: 'manual', enforced: true },
  },
});

/** An operator who allows less than Dinie does. */
export function limitCases(): void {
  describe('under the limits of an operator', () => {
    // Filled by beforeAll; a test never runs before it.
    const world = {} as DinieWorld;

    beforeAll(async () => {
      world.running = await runDialects([dinie, strict, patient], {
        rotationLimits: { graceSecondsMax: 60, recoveryMinutesMax: 10 },
        retrySchedule: [0],
      });
      world.ask = checkedClient(world.running, dinie);
      world.native = checkedClient(world.running, world.running.native);
    });
    afterAll(async () => {
      await world.running.stop();
    });

    it('a longer grace is refused by its name, and none said is as long as allowed', async () => {
      const endpoint = await createEndpoint(world);
      const refused = await rotate(world, endpoint.id, 61);
      expectProblem(refused, 422);
      expect(refused.json).toMatchObject({
        code: 'grace_out_of_range',
        detail: 'expire_current_in must be a number from 0 to 60.',
        param: 'expire_current_in',
      });
      const before = world.running.clock.now();
      const { expiresAt } = await rotated(world, endpoint.id);
      expect(expiresAt - 60_000).toBeGreaterThanOrEqual(before);
      expect(expiresAt - 60_000).toBeLessThanOrEqual(world.running.clock.now());
    });

    it('a secret that may not be shown again is no answer: the replay is refused', async () => {
      const endpoint = await createEndpoint(world);
      const more = { headers: { 'idempotency-key': 'ten minutes' } };
      const first = await rotate(world, endpoint.id, 30, more);
      world.running.advance(9 * 60_000);
      expect((await rotate(world, endpoint.id, 30, more)).json).toEqual(first.json);
      world.running.advance(2 * 60_000);
      const late = await rotate(world, endpoint.id, 30, more);
      expectProblem(late, 409);
      expect([late.json.code, late.json.type]).toEqual([
        'secret_shown_before',
        'https://docs.dinie.com/errors/conflict',
      ]);
      expect(late.text).not.toContain(first.json.secret.slice(6));
    });

    it('an endpoint whose policy is enforced refuses what that policy forbids, as a conflict', async () => {
      const { json } = await checkedClient(world.running, strict)('POST', '/webhooks/endpoints', {
        json: { url: world.running.receiver.url },
      });
      const long = await rotate(world, json.id, 31);
      expectProblem(long, 409);
      expect([long.json.code, long.json.param]).toEqual(['policy_enforced', undefined]);
      expect(long.json.detail).toBe(
        'An enforced rotation policy forbids this: expire_current_in must be a number from 0 to 30.',
      );
      expect((await rotate(world, json.id, 30)).status).toBe(200);
      const again = await rotate(world, json.id, 30);
      expect([again.status, again.json.code]).toEqual([409, 'policy_enforced']);
    });

    it('a rotation that would leave the old secret active is refused, since its end is what Dinie promises', async () => {
      const { json } = await checkedClient(world.running, patient)('POST', '/webhooks/endpoints', {
        json: { url: `${world.running.receiver.url}/patient` },
      });
      const answer = await rotate(world, json.id);
      expect([answer.status, answer.json.code]).toEqual([409, 'policy_enforced']);
      // It named no grace, so nothing is said of one.
      expect(answer.json.detail).toBe('An enforced rotation policy forbids this.');
      expect(signersOf(await delivered(world, json), { old: json.secret })).toEqual(['old']);
    });

    it('an endpoint that the ring of its organization signs for has no secret of its own to rotate', async () => {
      await world.native('POST', '/endpoints', { json: { url: world.running.receiver.url, keyring: 'organization' } });
      const { json } = await world.ask('GET', '/webhooks/endpoints?limit=1');
      const answer = await rotate(world, json.data[0].id);
      expectProblem(answer, 409);
      expect(answer.json.code).toBe('organization_ring');
    });

    it('a retry is signed by the secrets of its own time, not by those of the first attempt', async () => {
      const endpoint = await createEndpoint(world);
      const { receiver } = world.running;
      let fresh = '';
      receiver.answer = async (request) => {
        if (!isFor(endpoint, request) || fresh !== '') return { status: 200 };
        ({ secret: fresh } = await rotated(world, endpoint.id, 0));
        return { status: 500 };
      };
      const first = await delivered(world, endpoint);
      const [, second] = await receiver.arrived((request) => isFor(endpoint, request), 2);
      if (second === undefined) throw new Error('it was not sent again');
      const secrets = { old: endpoint.secret, new: fresh };
      expect([signersOf(first, secrets), signersOf(second, secrets)]).toEqual([['old'], ['new']]);
      expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
    });
  });
}
