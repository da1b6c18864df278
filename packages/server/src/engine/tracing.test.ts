import { afterEach, describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../store/port.ts';
import type { Reply } from './testing/scripted-sender.ts';
import { World, type WorldOptions } from './testing/world.ts';
import type { EngineTracing } from './tracing.ts';

let worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds) await world.end();
  worlds = [];
});

type Told = { [K in keyof EngineTracing]: Parameters<EngineTracing[K]>[] };

async function traced(options: WorldOptions = {}): Promise<{ world: World; told: Told }> {
  const told: Told = { accepted: [], acceptRefused: [], attempted: [] };
  const tracing: EngineTracing = {
    accepted: (...facts) => told.accepted.push(facts),
    acceptRefused: (...facts) => told.acceptRefused.push(facts),
    attempted: (...facts) => told.attempted.push(facts),
  };
  const world = await new World({ ...options, tracing }).begin();
  worlds.push(world);
  return { world, told };
}

describe('what an engine tells a trace', () => {
  it('is every accepted event with its deliveries, and when it was handed to the store', async () => {
    const { world, told } = await traced();
    await world.addEndpoint();
    await world.addEndpoint();
    const before = world.time.monotonic();
    await world.accept(world.event({ id: 'a' }), world.event({ id: 'b' }));
    const again = await world.accept(world.event({ id: 'a' }));
    expect(told.accepted).toHaveLength(2);
    const [events, outcomes, submittedAt] = told.accepted[0] ?? [];
    expect(events?.map(({ event, deliveries }) => [event.id, deliveries.length])).toEqual([
      ['a', 2],
      ['b', 2],
    ]);
    expect(outcomes).toEqual([{ kind: 'stored' }, { kind: 'stored' }]);
    expect(submittedAt).toBe(before);
    expect(again.kind).toBe('accepted');
    expect(told.accepted[1]?.[1]).toMatchObject([{ kind: 'duplicate', key: events?.[0]?.event.key }]);
    expect(told.acceptRefused).toEqual([]);
  });

  it('is why nothing was accepted', async () => {
    const { world, told } = await traced({
      wrapStore: (store) => ({
        ...store,
        get room() {
          return store.room;
        },
        accept: async (unit) => {
          if (unit.events[0]?.event.id === 'refused') throw new StoreUnavailable('disk_low');
          return await store.accept(unit);
        },
      }),
    });
    const { organizationId } = world;
    await world.accept(world.event({ id: 'refused' }), world.event());
    await world.accept(world.event({ id: 'once', type: 'one.type' }));
    await world.accept(world.event({ id: 'once', type: 'another.type' }));
    expect(told.acceptRefused).toEqual([
      [{ organizationId, events: 2, reason: 'store_unavailable' }],
      [{ organizationId, events: 1, reason: 'event_id_conflict' }],
    ]);
    expect(told.accepted).toHaveLength(1);
  });

  it('is every attempt with what follows from it, in whichever life of the process it is made', async () => {
    const replies: Reply[] = [{ status: 500 }, { status: 204 }];
    const { world, told } = await traced({ onDisk: true, settings: { retryScheduleForAll: [60] } });
    world.sender.script = () => replies.shift() ?? { status: 204 };
    const endpoint = await world.addEndpoint();
    await world.accept();
    await world.time.advance(1_000);
    await world.crash();
    await world.time.advance(120_000);
    expect(told.attempted.map(([, { number, responseStatus }, { kind }]) => [number, responseStatus, kind])).toEqual([
      [1, 500, 'retry'],
      [2, 204, 'succeeded'],
    ]);
    const [first, second] = told.attempted.map(([live]) => live);
    expect(second?.event.key).toBe(first?.event.key);
    expect(second?.lane.state.endpoint.id).toBe(endpoint.id);
    expect(second?.lane.state.target?.url.href).toBe(endpoint.url);
  });

  it('is also the attempt on a kept connection that had died', async () => {
    const replies: Reply[] = [{ failure: 'reset', stale: true }, { status: 204 }];
    const { world, told } = await traced();
    world.sender.script = () => replies.shift() ?? { status: 204 };
    await world.addEndpoint();
    await world.accept();
    await world.time.advance(1_000);
    expect(told.attempted.map(([, { number, errorKind }, { kind }]) => [number, errorKind, kind])).toEqual([
      [1, 'reset', 'unchanged'],
      [2, null, 'succeeded'],
    ]);
  });
});
