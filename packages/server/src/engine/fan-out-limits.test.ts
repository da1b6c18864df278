import { describe, expect, it } from 'vitest';
import {
  BATCH_BYTES_MAX,
  BATCH_EVENTS_MAX,
  DELIVERIES_PER_REQUEST_MAX,
  STORE_QUEUE_BYTES_MAX,
  STORE_QUEUE_UNITS_MAX,
} from '../domain/limits.ts';
import { admission } from './admission.ts';
import { inWorld } from './testing/in-world.ts';
import type { World } from './testing/world.ts';

const IDLE = { units: STORE_QUEUE_UNITS_MAX, bytes: STORE_QUEUE_BYTES_MAX };

async function addSubscribers(world: World, count: number): Promise<void> {
  const endpoints = Array.from({ length: count }, () => world.endpoint({ keyring: 'organization' }));
  await world.apply(endpoints.map((endpoint) => ({ kind: 'endpoint.insert' as const, endpoint })));
}

function countIds(world: World): () => number {
  let drawn = 0;
  const next = world.ids.next.bind(world.ids);
  world.ids.next = (prefix) => {
    drawn += 1;
    return next(prefix);
  };
  return () => drawn;
}

describe('what the queue of the store is asked for', () => {
  it('fits an idle queue at the limits of a request', () => {
    const demand = { events: BATCH_EVENTS_MAX, deliveries: DELIVERIES_PER_REQUEST_MAX, payloadBytes: BATCH_BYTES_MAX };
    expect(admission(demand, IDLE)).toBe('now');
    expect(admission({ ...demand, deliveries: demand.deliveries + 1 }, IDLE)).toBe('never');
  });

  it('waits for room that is taken', () => {
    const demand = { events: 2, deliveries: 10, payloadBytes: 100 };
    const bytes = 100 + 12 * 512;
    expect(admission(demand, { units: 1, bytes })).toBe('now');
    expect(admission(demand, { units: 1, bytes: bytes - 1 })).toBe('later');
    expect(admission(demand, { units: 0, bytes })).toBe('later');
  });

  it('may be more than any queue holds for one event, while nothing else waits', () => {
    const demand = { events: 1, deliveries: 10 * DELIVERIES_PER_REQUEST_MAX, payloadBytes: 100 };
    expect(admission(demand, IDLE)).toBe('now');
    expect(admission(demand, { ...IDLE, bytes: IDLE.bytes - 1 })).toBe('later');
    expect(admission(demand, { ...IDLE, units: IDLE.units - 1 })).toBe('later');
  });
});

describe('a batch that goes to many endpoints', () => {
  it(
    'is refused for good when it makes too many deliveries, before any is made; in parts it is accepted',
    inWorld({}, async (world) => {
      await addSubscribers(world, DELIVERIES_PER_REQUEST_MAX / BATCH_EVENTS_MAX + 1);
      const events = Array.from({ length: BATCH_EVENTS_MAX }, () => world.event());
      const drawn = countIds(world);
      expect(await world.accept(...events)).toEqual({
        kind: 'too_many_deliveries',
        deliveries: expect.any(Number),
        max: DELIVERIES_PER_REQUEST_MAX,
      });
      expect(drawn()).toBe(0);
      expect(world.engine.figures().inMemory).toBe(0);
      expect((await world.accept(...events.slice(0, 3))).kind).toBe('accepted');
    }),
  );

  it('is told to come again when its deliveries do not fit now, before any is made', async () => {
    let bytes = 50 * 512;
    const run = inWorld(
      {
        wrapStore: (store) => {
          Object.defineProperty(store, 'room', { get: () => ({ units: 10, bytes }) });
          return store;
        },
      },
      async (world) => {
        await addSubscribers(world, 10);
        const events = Array.from({ length: 10 }, () => world.event());
        const drawn = countIds(world);
        expect((await world.accept(...events)).kind).toBe('overloaded');
        expect(drawn()).toBe(0);
        bytes = STORE_QUEUE_BYTES_MAX;
        expect((await world.accept(...events)).kind).toBe('accepted');
        await world.time.advance(500);
        expect(world.sender.seen).toHaveLength(100);
      },
    );
    await run();
  });
});
