import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../domain/endpoint.ts';
import { inWorld } from './testing/in-world.ts';
import type { World } from './testing/world.ts';

const SLOW_COUNT = 40;

function sentTo(world: World, endpoint: Endpoint): number {
  return world.sender.seen.filter((each) => each.url === endpoint.url).length;
}

function many(world: World, type: string, count: number): ReturnType<World['event']>[] {
  return Array.from({ length: count }, () => world.event({ type }));
}

/** Endpoints that were quick once and get far more than they can take from now on. */
async function flood(world: World, fields: Partial<Endpoint>): Promise<Endpoint> {
  for (let index = 0; index < SLOW_COUNT; index += 1) await world.addEndpoint({ eventTypes: ['slow'], ...fields });
  const good = await world.addEndpoint({ eventTypes: ['good'] });
  await world.accept(world.event({ type: 'slow' }), world.event({ type: 'good' }));
  await world.time.advance(3_000);
  world.sender.script = ({ url }) => ({ status: 200, afterMs: url === good.url ? 1 : 900 });
  for (let index = 0; index < 4; index += 1) {
    await world.accept(...many(world, 'slow', 200));
    await world.time.advance(50);
  }
  await world.time.advance(5_000);
  return good;
}

async function expectPromptness(world: World, good: Endpoint): Promise<void> {
  const before = sentTo(world, good);
  await world.accept(...many(world, 'good', 200));
  await world.time.advance(200);
  expect(sentTo(world, good) - before).toBe(200);
  const fresh = await world.addEndpoint({ eventTypes: ['fresh'] });
  await world.accept(world.event({ type: 'fresh' }));
  await world.time.advance(1);
  expect(sentTo(world, fresh)).toBe(1);
}

const LIMITS = { memoryDeliveries: 4_000 };

describe('many slow endpoints that succeed, with more pending than memory holds', () => {
  it(
    'leave room for a quick one when they answer one request at a time',
    inWorld({ limits: LIMITS }, async (world) => expectPromptness(world, await flood(world, { concurrency: 1 }))),
  );

  it(
    'leave room for a quick one when their rate is limited',
    inWorld({ limits: LIMITS }, async (world) => expectPromptness(world, await flood(world, { ratePerSecond: 1 }))),
  );

  it(
    'leave requests in flight to a quick one',
    inWorld({ limits: { ...LIMITS, inFlight: 256 } }, async (world) => expectPromptness(world, await flood(world, {}))),
  );

  it(
    'leave bytes to a quick one',
    inWorld({ limits: { memoryBytes: 8_000_000 } }, async (world) => {
      for (let index = 0; index < 8; index += 1) await world.addEndpoint({ eventTypes: ['slow'], ratePerSecond: 1 });
      const good = await world.addEndpoint({ eventTypes: ['good'] });
      await world.accept(world.event({ type: 'slow' }), world.event({ type: 'good' }));
      await world.time.advance(3_000);
      const payload = new Uint8Array(99_000);
      for (let index = 0; index < 40; index += 1) await world.accept(world.event({ type: 'slow', payload }));
      await world.time.advance(5_000);
      await expectPromptness(world, good);
    }),
  );

  it(
    'give back what they took while they were quick',
    inWorld({ limits: { memoryDeliveries: 1_000 } }, async (world) => {
      for (let index = 0; index < 4; index += 1) await world.addEndpoint({ eventTypes: ['slow'], concurrency: 2 });
      const good = await world.addEndpoint({ eventTypes: ['good'] });
      await world.accept(world.event({ type: 'slow' }), world.event({ type: 'good' }));
      for (let index = 0; index < 20; index += 1) {
        await world.accept(...many(world, 'slow', 100));
        await world.time.advance(100);
      }
      world.sender.script = ({ url }) => ({ status: 200, afterMs: url === good.url ? 1 : 700 });
      await world.accept(...many(world, 'slow', 400));
      await world.time.advance(10);
      expect(world.engine.figures().inMemory).toBeGreaterThan(875);
      await world.time.advance(6_000);
      expect(world.engine.figures().inMemory).toBeLessThan(875);
      await expectPromptness(world, good);
    }),
  );
});

describe('an endpoint that answers, among very many that hang', () => {
  it(
    'goes on at once after a single failure',
    inWorld(
      {
        limits: { inFlight: 64, memoryDeliveries: 1_000 },
        settings: { retryScheduleForAll: Array.from({ length: 40 }, () => 5), autoSuspendAttempts: 0 },
      },
      async (world) => {
        const good = await world.addEndpoint({ eventTypes: ['good'] });
        await world.accept(world.event({ type: 'good' }));
        await world.time.advance(100);
        for (let index = 0; index < 2_000; index += 1) {
          const endpoint = world.endpoint({ eventTypes: ['hung'], keyring: 'organization' });
          await world.apply([{ kind: 'endpoint.insert', endpoint }]);
        }
        let status = 200;
        world.sender.script = ({ url }) => (url === good.url ? { status } : 'hang');
        for (let index = 0; index < 3; index += 1) {
          await world.accept(world.event({ type: 'hung' }));
          await world.time.advance(20_000);
        }
        status = 500;
        await world.accept(world.event({ type: 'good' }));
        await world.time.advance(1_000);
        status = 200;
        const at = world.time.now();
        await world.accept(world.event({ type: 'good' }));
        await world.time.advance(1);
        expect(world.sender.seen.at(-1)).toMatchObject({ url: good.url, at });
        // The retry of the failed one is not held up either.
        await world.time.advance(10_000);
        expect((await world.deliveries(good.id)).map((each) => each.state.kind)).toEqual(
          Array.from({ length: 3 }, () => 'succeeded'),
        );
      },
    ),
    60_000,
  );

  it(
    'is not taken for one of them when it opens again after a single failure',
    inWorld(
      {
        limits: { inFlight: 64, memoryDeliveries: 1_000 },
        settings: {
          autoSuspendAttempts: 0,
          sendDeadlineSeconds: 1,
        },
      },
      async (world) => {
        const good = await world.addEndpoint({ eventTypes: ['good'], retrySchedule: [3_600] });
        world.sender.script = () => ({ status: 500 });
        await world.accept(world.event({ type: 'good' }));
        await world.time.advance(400_000);
        expect(world.engine.figures().lanes).toBe(0);
        const retrySchedule = Array.from({ length: 90 }, () => 1);
        for (let index = 0; index < 200; index += 1) {
          const endpoint = world.endpoint({ eventTypes: ['hung'], keyring: 'organization', retrySchedule });
          await world.apply([{ kind: 'endpoint.insert', endpoint }]);
        }
        world.sender.script = ({ url }) => (url === good.url ? { status: 200 } : 'hang');
        await world.accept(...many(world, 'hung', 5));
        await world.time.advance(60_000);
        const at = world.time.now();
        await world.accept(world.event({ type: 'good' }));
        await world.time.advance(2);
        expect(world.sender.seen.filter((each) => each.url === good.url).at(-1)?.at).toBe(at);
      },
    ),
    60_000,
  );
});

describe('a wall clock that steps back', () => {
  it(
    'freezes neither a limited rate nor a lane that rests',
    inWorld({ settings: { retryScheduleForAll: [1, 1, 1] } }, async (world) => {
      const limited = await world.addEndpoint({ eventTypes: ['limited'], ratePerSecond: 10 });
      const rests = await world.addEndpoint({ eventTypes: ['rests'] });
      world.sender.script = ({ url }) => (url === rests.url ? { status: 429 } : { status: 200 });
      await world.accept(world.event({ type: 'rests' }), ...many(world, 'limited', 30));
      await world.time.advance(500);
      expect(sentTo(world, limited)).toBeLessThan(10);
      world.time.stepWall(-600_000);
      world.sender.script = () => ({ status: 200 });
      await world.accept(world.event({ type: 'rests' }));
      await world.time.advance(5_000);
      expect(sentTo(world, limited)).toBe(30);
      expect(sentTo(world, rests)).toBe(2);
    }),
  );

  it(
    'holds up no retry that is planned after the step, and silence is noticed all the same',
    inWorld({ limits: { inFlight: 8 }, settings: { retryScheduleForAll: [2, 2] } }, async (world) => {
      const failing = await world.addEndpoint({ eventTypes: ['failing'] });
      const good = await world.addEndpoint({ eventTypes: ['good', 'all'] });
      for (let index = 0; index < 8; index += 1) await world.addEndpoint({ eventTypes: ['silent', 'all'] });
      await world.accept(world.event({ type: 'all' }));
      await world.time.advance(100);
      world.sender.script = ({ url }) =>
        url === failing.url ? { status: 500 } : url === good.url ? { status: 200 } : 'hang';
      await world.accept(world.event({ type: 'silent' }));
      await world.time.advance(10);
      world.time.stepWall(-600_000);
      await world.time.advance(2_000);
      await world.accept(world.event({ type: 'good' }), world.event({ type: 'failing' }));
      await world.time.advance(1);
      expect(world.sender.seen.some((each) => each.url === good.url && each.at === world.time.now() - 1)).toBe(true);
      await world.time.advance(40_000);
      expect(sentTo(world, failing)).toBe(3);
    }),
  );
});
