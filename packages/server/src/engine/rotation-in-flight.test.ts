import { createVerifier, nativeWebhooks } from '@hookring/signing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signingSecrets } from '../domain/keyring.ts';
import type { StoredSecret } from '../store/port.ts';
import { inWorld } from './testing/in-world.ts';
import { headerOf, type SeenRequest } from './testing/scripted-sender.ts';
import { World } from './testing/world.ts';

/** The secrets that verify a request, out of those given, in the order of the signatures. */
function signersOf(world: World, request: SeenRequest, secrets: readonly StoredSecret[]): string[] {
  const signatures = headerOf(request, 'webhook-signature')?.split(' ') ?? [];
  return signatures.map((signature) => {
    const headers = {
      'webhook-id': headerOf(request, 'webhook-id') ?? '',
      'webhook-timestamp': headerOf(request, 'webhook-timestamp') ?? '',
      'webhook-signature': signature,
    };
    const found = secrets.filter((secret) => {
      const verifier = createVerifier({ profile: nativeWebhooks, secrets: [world.texts.get(secret.id) ?? ''] });
      return verifier.verify({ headers, body: request.body, now: request.at }).ok;
    });
    expect(found).toHaveLength(1);
    return found[0]!.id;
  });
}

describe('secrets at the time of the attempt', () => {
  it(
    'a retry after a rotation carries the new secret: nothing is signed when it is accepted',
    inWorld({}, async (world) => {
      const endpoint = await world.addEndpoint({ retrySchedule: [60, 60] });
      const [old] = (await world.ring(endpoint.id)).secrets;
      world.sender.script = () => ({ status: world.sender.seen.length < 3 ? 500 : 200 });
      await world.accept();
      await world.time.advance(30_000);
      const fresh = await world.rotate(endpoint.id, 60_000);
      await world.time.advance(200_000);
      const all = [old!, fresh];
      const signers = world.sender.seen.map((each) => signersOf(world, each, all));
      // At 60 s both live; at 120 s the grace of the old one is over, by the clock alone.
      expect(signers).toEqual([[old!.id], [fresh.id, old!.id], [fresh.id]]);
      expect(world.sender.seen.map((each) => headerOf(each, 'webhook-key-ids')?.split(' '))).toEqual(signers);
      const [delivery] = await world.deliveries();
      const attempts = await world.store.reader.attemptsOfDelivery(world.organizationId, delivery!.id);
      expect(attempts.map((each) => each.keyIds.split(' '))).toEqual(signers);
      expect(attempts.map((each) => each.ringVersion)).toEqual([1, 2, 2]);
    }),
  );

  it(
    'an endpoint that is always busy picks a rotation up at its next attempt',
    inWorld({}, async (world) => {
      const endpoint = await world.addEndpoint({ concurrency: 2 });
      world.sender.script = () => ({ status: 200, afterMs: 10 });
      for (let index = 0; index < 50; index += 1) await world.accept();
      await world.time.advance(45);
      const before = world.sender.seen.length;
      expect(world.engine.figures().inMemory).toBeGreaterThan(10);
      const fresh = await world.rotate(endpoint.id, 0);
      await world.time.advance(1_000);
      const later = world.sender.seen.slice(before);
      expect(later.length).toBeGreaterThan(10);
      expect(new Set(later.map((each) => headerOf(each, 'webhook-key-ids')))).toEqual(new Set([fresh.id]));
    }),
  );

  it(
    'the end of a grace is seen by a busy endpoint at the very millisecond',
    inWorld({}, async (world) => {
      const endpoint = await world.addEndpoint();
      const [old] = (await world.ring(endpoint.id)).secrets;
      const fresh = await world.rotate(endpoint.id, 1_000);
      const seen: (string | null)[] = [];
      for (const step of [998, 1, 1]) {
        await world.time.advance(step);
        await world.accept();
        await world.time.advance(0);
        seen.push(headerOf(world.sender.seen.at(-1)!, 'webhook-key-ids'));
      }
      expect(seen).toEqual([`${fresh.id} ${old!.id}`, `${fresh.id} ${old!.id}`, fresh.id]);
    }),
  );

  it(
    'an endpoint that shares its organization’s ring changes with it',
    inWorld({}, async (world) => {
      await world.addEndpoint({ keyring: 'organization' });
      await world.accept();
      await world.time.advance(1);
      const fresh = await world.rotate(world.organizationId, 0);
      await world.accept();
      await world.time.advance(1);
      expect(headerOf(world.sender.seen[1]!, 'webhook-key-ids')).toBe(fresh.id);
    }),
  );

  it('every attempt is signed by exactly the secrets that live at its time, whatever happens when', async () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('accept' as const), count: fc.integer({ min: 1, max: 5 }) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('rotate' as const),
          graceMs: fc.constantFrom(0, 1, 700, 5_000, 40_000),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 350, 5_000, 20_000) }),
      },
    );
    const steps = fc.array(step, { minLength: 5, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(steps, fc.integer(), async (plan, seed) => {
        const world = await new World({ settings: { retryScheduleForAll: [1, 10, 30] } }).begin();
        const endpoint = await world.addEndpoint();
        const secrets = [...(await world.ring(endpoint.id)).secrets];
        const expected: string[][] = [];
        let turn = Math.abs(seed);
        world.sender.script = () => {
          turn += 1;
          return turn % 3 === 0 ? { status: 200, afterMs: turn % 50 } : { status: 500, afterMs: turn % 7 };
        };
        let ring = await world.ring(endpoint.id);
        world.store.onChange((changes) => {
          for (const change of changes) if (change.kind === 'keyring') ring = change.ring;
        });
        const send = world.sender.send.bind(world.sender);
        world.sender.send = (request) => {
          expected.push(signingSecrets(ring, world.time.now()).map((secret) => secret.id));
          return send(request);
        };
        for (const each of plan) {
          if (each.kind === 'accept') for (let index = 0; index < each.count; index += 1) await world.accept();
          else if (each.kind === 'rotate') secrets.push(await world.rotate(endpoint.id, each.graceMs));
          else await world.time.advance(each.ms);
        }
        await world.time.advance(60_000);
        expect(world.sender.seen.map((each) => signersOf(world, each, secrets))).toEqual(expected);
        await world.end();
      }),
      { numRuns: 15 },
    );
  });
});
