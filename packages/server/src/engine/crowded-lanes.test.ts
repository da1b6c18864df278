import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../domain/endpoint.ts';
import { inWorld } from './testing/in-world.ts';
import type { World } from './testing/world.ts';

/** As many as deliveries in memory, of which the hung ones may hold a part only. */
const LANES = 32;
const HUNG = 100;
const LIMITS = { lanes: LANES, memoryDeliveries: LANES, inFlight: 64 };
const SETTINGS = { retryScheduleForAll: Array.from({ length: 40 }, () => 1), autoSuspendAttempts: 1_000_000 };

function sentTo(world: World, endpoint: Endpoint): number {
  return world.sender.seen.filter((each) => each.url === endpoint.url).length;
}

/** An endpoint that has answered, and then far more that never do than there may be lanes. */
async function crowd(world: World): Promise<Endpoint> {
  const good = await world.addEndpoint({ eventTypes: ['good'] });
  await world.accept(world.event({ type: 'good' }));
  await world.time.advance(1_000);
  world.sender.script = ({ url }) => (url === good.url ? { status: 200 } : 'hang');
  for (let index = 0; index < HUNG; index += 1) await world.addEndpoint({ eventTypes: ['hung'] });
  for (let index = 0; index < 3; index += 1) await world.accept(world.event({ type: 'hung' }));
  await world.time.advance(60_000);
  return good;
}

describe('more hung endpoints than there may be lanes', () => {
  it(
    'leave a lane to one that answers, again and again',
    inWorld({ limits: LIMITS, settings: SETTINGS }, async (world) => {
      const good = await crowd(world);
      expect(world.engine.figures().lanes).toBeLessThanOrEqual(LANES);
      for (let round = 1; round <= 5; round += 1) {
        await world.accept(world.event({ type: 'good' }));
        await world.time.advance(20);
        expect(sentTo(world, good)).toBe(1 + round);
        // Long enough for its own lane to be closed in between.
        await world.time.advance(400_000);
      }
    }),
  );

  it(
    'hold up one whose work waits in the store no longer than it takes to pass them by',
    inWorld({ limits: LIMITS, settings: SETTINGS, onDisk: true }, async (world) => {
      const good = await crowd(world);
      world.sender.connected = false;
      await world.accept(world.event({ type: 'good' }));
      await world.crash();
      await world.time.advance(20_000);
      expect(sentTo(world, good)).toBe(1);
    }),
  );

  it(
    'are all delivered to once they answer',
    inWorld({ limits: LIMITS, settings: SETTINGS }, async (world) => {
      await crowd(world);
      world.sender.script = () => ({ status: 200 });
      await world.time.advance(600_000);
      expect((await world.store.reader.figures(world.time.now())).queued).toBe(0);
    }),
  );
});
