import { describe, expect, it } from 'vitest';
import type { Received } from '../../testing/receiver.ts';
import { burst, during } from '../../testing/traffic.ts';
import { expectPage, expectProblem } from './page.ts';
import { isSignedBy, signersOf } from './receiver.ts';
import { create, deliver, deliveriesOf, nativeId, rotate, type SignupWorld } from './signup-world.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const LIVE_SECRETS_MAX = 10;

export function rotationCases(world: SignupWorld): void {
  /** When the secret that was retired last ends. */
  async function deadlineOf(id: string): Promise<number> {
    const { json } = await world.native('GET', `/endpoints/${nativeId(id)}/secrets`);
    const retiring = json.items.filter(({ state }: { state: string }) => state === 'retiring');
    return Math.max(...retiring.map(({ expiresAt }: { expiresAt: string }) => Date.parse(expiresAt)));
  }

  function advanceTo(time: number): void {
    world.running.advance(Math.max(0, time - world.running.clock.now()));
  }

  describe('a rotation', () => {
    it('lets both secrets sign for exactly 24 hours, the new one first', async () => {
      const { id, secret: first, type } = await create(world);
      const signers = async () => signersOf({ first, second }, (await deliver(world, type)).request);
      let second = '';
      const { event, request } = await deliver(world, type);
      expect(signersOf({ first }, request)).toEqual(['first']);
      const before = world.running.clock.now();
      second = await rotate(world, id);
      const after = world.running.clock.now();
      expect(await signers()).toEqual(['second', 'first']);
      const deadline = await deadlineOf(id);
      // The change is in force at most a second and a half after it was asked for.
      expect(deadline).toBeGreaterThanOrEqual(before + DAY_MS);
      expect(deadline).toBeLessThanOrEqual(after + DAY_MS + 1_500);
      advanceTo(deadline - MINUTE_MS);
      expect(await signers()).toEqual(['second', 'first']);
      advanceTo(deadline);
      expect(await signers()).toEqual(['second']);
      world.running.advance(DAY_MS);
      expect(await signers()).toEqual(['second']);
      const [oldest] = (await deliveriesOf(world, id)).slice(-1);
      expectPage(await world.ask('POST', `/webhooks/deliveries/${oldest.id}/replay`), 202, 'replay');
      const ofEvent = ({ headers }: Received): boolean => headers['webhook-id'] === event.id;
      const both = await world.running.receiver.arrived(ofEvent, 2);
      expect(both.map((request) => signersOf({ first, second }, request))).toEqual([['first'], ['second']]);
    });

    it('leaves no delivery that a receiver with either secret could not verify', async () => {
      const { id, secret: first, type } = await create(world);
      const rotating = async () => await rotate(world, id);
      const { result: second, before, meanwhile, after } = await during(world, { type }, rotating);
      const lists = (requests: readonly Received[]) =>
        new Set(requests.map((request) => signersOf({ first, second }, request).join(' ')));
      expect(lists(before)).toEqual(new Set(['first']));
      expect([...lists(meanwhile)].filter((list) => list !== 'first' && list !== 'second first')).toEqual([]);
      expect(lists(after)).toEqual(new Set(['second first']));
      expect([...before, ...meanwhile, ...after].filter((request) => !isSignedBy(first, request))).toEqual([]);
    });

    it('inside the window of another stacks: each secret keeps its own deadline', async () => {
      const { id, secret: first, type } = await create(world);
      const second = await rotate(world, id);
      const firstEnds = await deadlineOf(id);
      world.running.advance(DAY_MS / 2);
      const third = await rotate(world, id);
      const secondEnds = await deadlineOf(id);
      const signers = async () => signersOf({ first, second, third }, (await deliver(world, type)).request);
      expect(await signers()).toEqual(['third', 'second', 'first']);
      advanceTo(firstEnds);
      expect(await signers()).toEqual(['third', 'second']);
      advanceTo(secondEnds - MINUTE_MS);
      expect(await signers()).toEqual(['third', 'second']);
      advanceTo(secondEnds);
      expect(await signers()).toEqual(['third']);
    });

    it('of a full ring ends the oldest secret', async () => {
      const { id, secret, type } = await create(world);
      const secrets: Record<string, string> = { 0: secret };
      for (let count = 1; count <= LIVE_SECRETS_MAX; count += 1) secrets[count] = await rotate(world, id);
      const [request] = await burst(world, { type, count: 1 });
      if (request === undefined) throw new Error('nothing arrived');
      expect(signersOf(secrets, request)).toEqual(['10', '9', '8', '7', '6', '5', '4', '3', '2', '1']);
    });

    it('at the same time as another loses no secret that was handed out', async () => {
      const { id, secret: first, type } = await create(world);
      const [one, other] = await Promise.all([rotate(world, id), rotate(world, id)]);
      expect(one).not.toBe(other);
      for (const request of await burst(world, { type, count: 5 })) {
        const names = signersOf({ first, one, other }, request);
        expect([...names].sort()).toEqual(['first', 'one', 'other']);
        expect(names.at(-1)).toBe('first');
      }
    });

    it('takes no body: an empty one or an empty object, and nothing that somebody may have meant', async () => {
      const { id } = await create(world);
      const rows: readonly [string | null, string, number][] = [
        [null, '', 200],
        ['application/json', '', 200],
        ['application/json', '{}', 200],
        ['application/json', '{"graceSeconds": 0}', 422],
        ['application/json', '{"broken', 400],
        ['text/plain', 'now, please', 415],
        ['application/x-www-form-urlencoded', 'a=b', 415],
      ];
      for (const [type, raw, status] of rows) {
        const headers = type === null ? {} : { 'content-type': type };
        const answer = await world.ask('POST', `/webhooks/${id}/rotate`, { raw, headers });
        expect([raw, answer.status]).toEqual([raw, status]);
      }
      expect((await deadlineOf(id)) - world.running.clock.now()).toBeGreaterThan(DAY_MS - MINUTE_MS);
    });

    it('is refused where the policy of the endpoint is enforced and forbids it, and a secret is not shown again', async () => {
      const { url } = world.running.receiver;
      const token = world.running.bootstrapKey;
      const strict = (path: string, payload?: unknown, key = path) =>
        world.running.http.inject({
          method: 'POST',
          url: `/strict${path}`,
          headers: {
            authorization: `Bearer ${token}`,
            'idempotency-key': `strict ${key}`,
            ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
        });
      const made = await strict('/webhooks', { url, eventTypes: [] });
      const { id } = made.json().endpoint;
      const shownBefore = await strict('/webhooks', { url, eventTypes: [] });
      expect([made.statusCode, shownBefore.statusCode, shownBefore.json().code]).toEqual([
        201,
        409,
        'secret_shown_before',
      ]);
      const ask = { headers: { 'idempotency-key': 'enforced' } };
      expectPage(await world.ask('POST', `/webhooks/${id}/rotate`, ask), 200, 'endpointWithSecret');
      const again = await world.ask('POST', `/webhooks/${id}/rotate`, ask);
      expectProblem(again, 409, 'conflict', 'secret_shown_before');
      expect(again.text).not.toContain('whsec_');
      expectProblem(await world.ask('POST', `/webhooks/${id}/rotate`), 409, 'conflict', 'policy_enforced');
    });
  });
}
