import { describe, expect, it } from 'vitest';
import { inWorld } from './testing/in-world.ts';

describe('endpoints beside each other', () => {
  it(
    'one that hangs with 50,000 deliveries pending delays no other, and takes little memory',
    inWorld({ settings: { retryScheduleForAll: [3_600] } }, async (world) => {
      const hung = await world.addEndpoint({ eventTypes: ['hung'] });
      const good = await world.addEndpoint({ eventTypes: ['good'] });
      world.sender.script = ({ url }) => (url === hung.url ? 'hang' : { status: 200 });
      const batch = Array.from({ length: 1_000 }, () => world.event({ type: 'hung' }));
      for (let index = 0; index < 50; index += 1) await world.accept(...batch);
      await world.time.advance(20_000);
      for (let index = 0; index < 20; index += 1) {
        const sentBefore = world.sender.seen.filter((each) => each.url === good.url).length;
        const at = world.time.now();
        await world.accept(world.event({ type: 'good' }));
        await world.time.advance(1_000);
        const sent = world.sender.seen.filter((each) => each.url === good.url);
        expect(sent).toHaveLength(sentBefore + 1);
        expect(sent.at(-1)?.at).toBe(at);
      }
      expect(world.engine.figures().inMemory).toBeLessThan(100);
      // Once the timeouts have narrowed it, the hung endpoint has one request at a time.
      expect(world.engine.figures().inFlight).toBeLessThanOrEqual(1);
    }),
  );

  it(
    'ten thousand that hang leave a healthy one its half of the requests in flight',
    inWorld(
      { limits: { inFlight: 64, memoryDeliveries: 1_000 }, settings: { retryScheduleForAll: [600] } },
      async (world) => {
        const good = await world.addEndpoint({ eventTypes: ['good'] });
        await world.accept(...Array.from({ length: 60 }, () => world.event({ type: 'good' })));
        await world.time.advance(100);
        for (let index = 0; index < 10_000; index += 1) {
          const endpoint = world.endpoint({ eventTypes: ['hung'], keyring: 'organization' });
          await world.apply([{ kind: 'endpoint.insert', endpoint }]);
        }
        world.sender.script = ({ url }) => (url === good.url ? { status: 200, afterMs: 100 } : 'hang');
        await world.accept(world.event({ type: 'hung' }));
        await world.time.advance(1_000);
        expect(world.engine.figures()).toMatchObject({ inFlight: 24 });
        let before = world.sender.seen.length;
        await world.accept(...Array.from({ length: 32 }, () => world.event({ type: 'good' })));
        await world.time.advance(0);
        expect(world.sender.seen.slice(before).filter((each) => each.url === good.url)).toHaveLength(32);
        // Much later the hung ones are known as failing, and hold a quarter at most.
        await world.time.advance(40_000);
        expect(world.engine.figures().inFlight).toBeLessThanOrEqual(32);
        before = world.sender.seen.length;
        await world.accept(...Array.from({ length: 32 }, () => world.event({ type: 'good' })));
        await world.time.advance(0);
        expect(world.sender.seen.slice(before).filter((each) => each.url === good.url)).toHaveLength(32);
        expect(world.sender.inFlightMax).toBeLessThanOrEqual(64);
      },
    ),
    60_000,
  );

  it(
    'many that are known to hang, with deliveries always due, do not hold up the first delivery of a new one',
    inWorld(
      {
        limits: { inFlight: 64, memoryDeliveries: 200 },
        settings: {
          retryScheduleForAll: Array.from({ length: 40 }, () => 1),
          sendDeadlineSeconds: 1,
          autoSuspendAttempts: 0,
        },
      },
      async (world) => {
        for (let index = 0; index < 300; index += 1) {
          const endpoint = world.endpoint({ eventTypes: ['hung'], keyring: 'organization' });
          await world.apply([{ kind: 'endpoint.insert', endpoint }]);
        }
        world.sender.script = () => 'hang';
        await world.accept(...Array.from({ length: 5 }, () => world.event({ type: 'hung' })));
        await world.time.advance(60_000);
        const busy = world.engine.figures();
        expect(busy.inFlight).toBeGreaterThanOrEqual(10);
        expect(busy.inMemory).toBeLessThanOrEqual(100);
        const fresh = await world.addEndpoint({ eventTypes: ['fresh'] });
        world.sender.script = ({ url }) => (url === fresh.url ? { status: 200 } : 'hang');
        const at = world.time.now();
        await world.accept(world.event({ type: 'fresh' }));
        await world.time.advance(2);
        expect(world.sender.seen.find((each) => each.url === fresh.url)?.at).toBe(at);
      },
    ),
    60_000,
  );

  it(
    'healthy ones that all fall silent at once give the half back after a second',
    inWorld({ limits: { inFlight: 64 } }, async (world) => {
      const good = await world.addEndpoint({ eventTypes: ['good', 'all'] });
      for (let index = 0; index < 80; index += 1) await world.addEndpoint({ eventTypes: ['silent', 'all'] });
      await world.accept(world.event({ type: 'all' }));
      await world.time.advance(5);
      world.sender.script = ({ url }) => (url === good.url ? { status: 200 } : 'hang');
      await world.accept(world.event({ type: 'silent' }));
      await world.time.advance(5);
      expect(world.engine.figures().inFlight).toBe(64);
      await world.time.advance(2_000);
      const at = world.time.now();
      await world.accept(world.event({ type: 'good' }));
      await world.time.advance(1);
      expect(world.sender.seen.at(-1)).toMatchObject({ url: good.url, at });
      expect(world.sender.inFlightMax).toBeLessThanOrEqual(128);
    }),
  );

  it(
    'share a budget in turn: a flood for one does not hold up the few of another',
    inWorld({ limits: { inFlight: 8 } }, async (world) => {
      await world.addEndpoint({ eventTypes: ['flood', 'both'] });
      const few = await world.addEndpoint({ eventTypes: ['few', 'both'] });
      await world.accept(world.event({ type: 'both' }));
      await world.time.advance(5);
      world.sender.script = () => ({ status: 200, afterMs: 10 });
      await world.accept(...Array.from({ length: 500 }, () => world.event({ type: 'flood' })));
      await world.accept(...Array.from({ length: 5 }, () => world.event({ type: 'few' })));
      await world.time.advance(40);
      expect(world.sender.seen.slice(2).filter((each) => each.url === few.url)).toHaveLength(5);
    }),
  );
});

describe('a lane', () => {
  it(
    'is narrowed by timeouts down to one, and widened again by successes',
    inWorld({ settings: { retryScheduleForAll: [1] } }, async (world) => {
      await world.addEndpoint({ concurrency: 8, sendDeadlineSeconds: 2 });
      await world.accept();
      await world.time.advance(1);
      for (let index = 0; index < 60; index += 1) {
        world.sender.script = () => ({ status: 200, afterMs: 10 });
        await world.accept();
        await world.time.advance(20);
      }
      world.sender.inFlightMax = 0;
      world.sender.script = () => ({ status: 200, afterMs: 100 });
      await world.accept(...Array.from({ length: 30 }, () => world.event()));
      await world.time.advance(5_000);
      expect(world.sender.inFlightMax).toBe(8);
      world.sender.script = () => 'hang';
      await world.accept(...Array.from({ length: 30 }, () => world.event()));
      await world.time.advance(4_000);
      expect(world.engine.figures().inFlight).toBe(1);
      world.sender.script = () => ({ status: 200, afterMs: 100 });
      await world.time.advance(60_000);
      world.sender.inFlightMax = 0;
      await world.accept(...Array.from({ length: 30 }, () => world.event()));
      await world.time.advance(5_000);
      expect(world.sender.inFlightMax).toBe(8);
    }),
  );

  it(
    'that nothing is known of begins with a few requests',
    inWorld({}, async (world) => {
      await world.addEndpoint();
      world.sender.script = () => 'hang';
      await world.accept(...Array.from({ length: 30 }, () => world.event()));
      await world.time.advance(1_000);
      expect(world.engine.figures()).toMatchObject({ inFlight: 4 });
    }),
  );

  it(
    'gives back what it cannot send soon when its receiver stops answering',
    inWorld({ settings: { sendDeadlineSeconds: 2 } }, async (world) => {
      await world.addEndpoint({ concurrency: 4 });
      await world.accept();
      await world.time.advance(5);
      world.sender.script = () => 'hang';
      for (let index = 0; index < 300; index += 1) await world.accept();
      expect(world.engine.figures().inMemory).toBe(300);
      await world.time.advance(2_500);
      expect(world.engine.figures().inMemory).toBeLessThanOrEqual(4);
    }),
  );

  it(
    'rests for the longest time that the receiver asked for',
    inWorld({}, async (world) => {
      await world.addEndpoint({ concurrency: 2, retrySchedule: [3_600] });
      world.sender.script = () => {
        const count = world.sender.seen.length;
        return count > 2 ? { status: 200 } : { status: 429, retryAfter: count === 1 ? '1' : '30', afterMs: count * 10 };
      };
      await world.accept(...Array.from({ length: 3 }, () => world.event()));
      await world.time.advance(29_000);
      expect(world.sender.seen).toHaveLength(2);
      await world.time.advance(2_000);
      expect(world.sender.seen).toHaveLength(3);
    }),
  );

  it(
    'rests when the receiver says 429, as long as it asks',
    inWorld({ settings: { retryScheduleForAll: [1, 1, 1] } }, async (world) => {
      await world.addEndpoint();
      world.sender.script = () =>
        world.sender.seen.length === 1 ? { status: 429, retryAfter: '20' } : { status: 200 };
      await world.accept();
      await world.time.advance(10);
      await world.accept(...Array.from({ length: 10 }, () => world.event()));
      await world.time.advance(19_000);
      expect(world.sender.seen).toHaveLength(1);
      await world.time.advance(10_000);
      expect(world.sender.seen).toHaveLength(12);
    }),
  );

  it(
    'keeps to the rate of its endpoint',
    inWorld({}, async (world) => {
      await world.addEndpoint({ ratePerSecond: 20 });
      await world.accept(...Array.from({ length: 60 }, () => world.event()));
      await world.time.advance(20_000);
      const times = world.sender.seen.map((each) => each.at);
      expect(times).toHaveLength(60);
      for (const [index, at] of times.entries())
        expect((times[index + 20] ?? Number.MAX_VALUE) - at).toBeGreaterThan(950);
      expect(times.at(-1)! - times[0]!).toBeLessThan(4_000);
    }),
  );
});

describe('memory', () => {
  it(
    'that failing lanes hold past their share goes back to the store',
    inWorld({ limits: { memoryDeliveries: 100 }, settings: { retryScheduleForAll: [3_600] } }, async (world) => {
      for (const type of ['a', 'b']) await world.addEndpoint({ eventTypes: [type], concurrency: 1 });
      await world.accept(world.event({ type: 'a' }), world.event({ type: 'b' }));
      await world.time.advance(5);
      world.sender.script = () => ({ status: 500, afterMs: 500 });
      for (let index = 0; index < 40; index += 1)
        await world.accept(world.event({ type: 'a' }), world.event({ type: 'b' }));
      expect(world.engine.figures().inMemory).toBeGreaterThan(50);
      await world.time.advance(600);
      expect(world.engine.figures().inMemory).toBeLessThanOrEqual(30);
    }),
  );

  it(
    'never holds more deliveries or bytes than its bounds, whatever is accepted',
    inWorld(
      {
        limits: { memoryDeliveries: 100, memoryBytes: 4_000_000, inFlight: 16 },
        settings: { retryScheduleForAll: [1, 1, 1] },
      },
      async (world) => {
        for (let index = 0; index < 12; index += 1) await world.addEndpoint();
        let turn = 0;
        world.sender.script = () => {
          turn += 1;
          return turn % 5 === 0
            ? { status: 500, afterMs: 30 }
            : turn % 7 === 0
              ? 'hang'
              : { status: 200, afterMs: turn % 40 };
        };
        const payload = new Uint8Array(40_000);
        for (let index = 0; index < 60; index += 1) {
          await world.accept(world.event({ payload: index % 2 === 0 ? payload : new Uint8Array(2) }), world.event());
          await world.time.advance(7);
          const { inMemory, inMemoryBytes, inFlight } = world.engine.figures();
          expect(inMemory).toBeLessThanOrEqual(100);
          expect(inMemoryBytes).toBeLessThanOrEqual(4_000_000);
          expect(inFlight).toBeLessThanOrEqual(32);
        }
        world.sender.script = () => ({ status: 200 });
        await world.time.advance(60_000);
        const states = (await world.deliveries()).map((each) => each.state.kind);
        expect(states).toHaveLength(12 * 120);
        expect(states.filter((kind) => kind !== 'succeeded')).toEqual([]);
      },
    ),
    60_000,
  );
});
