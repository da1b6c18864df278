import { describe, expect, it } from 'vitest';
import type { Lane } from './lane.ts';
import { laneFigures } from './lane-figures.ts';
import { inWorld } from './testing/in-world.ts';

describe('the figures of lanes', () => {
  it('are nothing without lanes', async () => {
    const none = { lanes: 0, inFlight: 0, waiting: 0 };
    expect(await laneFigures([], async () => {})).toEqual({
      modes: { healthy: none, erring: none, unproven: none, failing: none },
      single: 0,
      paused: 0,
      behind: 0,
      oldestDueAt: null,
    });
  });

  it('let other work in between, however many lanes there are', async () => {
    let rests = 0;
    const lane = { mode: 'healthy', inFlight: 1, waiting: { size: 0, first: undefined }, limit: 1, concurrency: 1 };
    const many = Array.from({ length: 10_000 }, () => lane as unknown as Lane);
    const { modes } = await laneFigures(many, async () => void (rests += 1));
    expect(modes.healthy).toEqual({ lanes: 10_000, inFlight: 10_000, waiting: 0 });
    expect(rests).toBe(2);
  });

  it(
    'say of one that hangs that it is held back and behind, and how old what it owes is',
    inWorld({ settings: { retryScheduleForAll: [3_600] } }, async (world) => {
      const hung = await world.addEndpoint({ eventTypes: ['hung'] });
      await world.addEndpoint({ eventTypes: ['good'] });
      world.sender.script = ({ url }) => (url === hung.url ? 'hang' : { status: 200 });
      const firstAt = world.time.now();
      await world.accept(...Array.from({ length: 1_000 }, () => world.event({ type: 'hung' })));
      await world.accept(world.event({ type: 'good' }));
      await world.time.advance(14_000);
      expect(await world.engine.laneFigures()).toMatchObject({
        modes: {
          healthy: { lanes: 1, inFlight: 0, waiting: 0 },
          unproven: { lanes: 1, inFlight: 4, waiting: 60 },
        },
        single: 0,
        behind: 1,
        oldestDueAt: firstAt,
      });
      await world.time.advance(200_000);
      const later = await world.engine.laneFigures();
      expect(later).toMatchObject({ modes: { failing: { lanes: 1, inFlight: 1 } }, single: 1, behind: 1 });
      // What still waits was due at the start; none of it has been tried.
      expect(later.oldestDueAt).toBe(firstAt);
      world.sender.script = () => ({ status: 200 });
      await world.time.advance(60_000);
      expect(await world.engine.laneFigures()).toMatchObject({ behind: 0, single: 0, oldestDueAt: null });
    }),
  );

  it(
    'count a lane that its receiver asked to wait, and not one whose setting is a single request',
    inWorld({ settings: { retryScheduleForAll: [3_600] } }, async (world) => {
      await world.addEndpoint({ eventTypes: ['a'], concurrency: 1 });
      world.sender.script = () => ({ status: 503, retryAfter: '600' });
      await world.accept(world.event({ type: 'a' }));
      await world.time.advance(100);
      expect(await world.engine.laneFigures()).toMatchObject({ modes: { erring: { lanes: 1 } }, single: 0, paused: 1 });
    }),
  );
});
