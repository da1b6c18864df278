import { describe, expect, it } from 'vitest';
import { type RecordUnit, type Store, StoreUnavailable } from '../store/port.ts';
import { inWorld } from './testing/in-world.ts';
import { headerOf } from './testing/scripted-sender.ts';

function idsSent(world: { sender: { seen: readonly Parameters<typeof headerOf>[0][] } }): string[] {
  return world.sender.seen.map((each) => headerOf(each, 'webhook-id') ?? '');
}

describe('a process that dies', () => {
  it(
    'leaves nothing behind that is not sent by the next one, and repeats nothing whose success was recorded',
    inWorld({ onDisk: true }, async (world) => {
      await world.addEndpoint({ concurrency: 3 });
      world.sender.script = () => ({ status: 200, afterMs: 100 });
      const outcome = await world.accept(...Array.from({ length: 30 }, () => world.event()));
      const accepted = outcome.kind === 'accepted' ? outcome.events.map((each) => each.id) : [];
      await world.time.advance(450);
      const recorded = (await world.deliveries()).filter((each) => each.state.kind === 'succeeded');
      expect(recorded.length).toBeGreaterThan(5);
      expect(world.engine.figures().inFlight).toBe(3);
      const sentBefore = idsSent(world);
      await world.crash();
      await world.time.advance(30_000);
      const sentAfter = idsSent(world);
      const done = new Set(recorded.map((each) => each.eventId));
      expect(sentAfter.filter((id) => done.has(id))).toEqual([]);
      expect(new Set([...done, ...sentAfter])).toEqual(new Set(accepted));
      expect(sentBefore.filter((id) => sentAfter.includes(id))).toHaveLength(3);
      expect((await world.deliveries()).filter((each) => each.state.kind !== 'succeeded')).toEqual([]);
    }),
  );
});

describe('a stop', () => {
  it(
    'lets requests in flight end, stores their results and gives the rest back',
    inWorld({ onDisk: true }, async (world) => {
      await world.addEndpoint({ concurrency: 4 });
      world.sender.script = () => ({ status: 200, afterMs: 500 });
      await world.accept(...Array.from({ length: 20 }, () => world.event()));
      await world.time.advance(10);
      const stopped = world.engine.stop();
      expect((await world.accept()).kind).toBe('overloaded');
      await world.time.advance(1_000);
      await stopped;
      expect(world.sender.seen).toHaveLength(4);
      expect(world.time.pending).toBeLessThanOrEqual(1);
      const states = (await world.deliveries()).map((each) => each.state.kind).sort();
      expect(states.filter((kind) => kind === 'succeeded')).toHaveLength(4);
      expect(states.filter((kind) => kind === 'pending')).toHaveLength(16);
      await world.crash();
      await world.time.advance(30_000);
      expect(world.sender.seen).toHaveLength(16);
    }),
  );
});

describe('a store that refuses results', () => {
  function refusing(refuse: (unit: RecordUnit) => boolean) {
    return (store: Store): Store => {
      const record = store.record.bind(store);
      store.record = async (unit) => {
        if (refuse(unit)) throw new StoreUnavailable('disk_low');
        return record(unit);
      };
      return store;
    };
  }

  it('stops sending past a bound, loses nothing, and goes on afterwards', async () => {
    let full = true;
    const run = inWorld({ limits: { unrecorded: 10 }, wrapStore: refusing(() => full) }, async (world) => {
      await world.addEndpoint({ concurrency: 2 });
      await world.accept(...Array.from({ length: 40 }, () => world.event()));
      await world.time.advance(30_000);
      // Those in flight when the bound was met still came in.
      expect(world.sender.seen.length).toBeGreaterThanOrEqual(10);
      expect(world.sender.seen.length).toBeLessThanOrEqual(12);
      full = false;
      await world.time.advance(20_000);
      expect(world.sender.seen).toHaveLength(40);
      expect((await world.deliveries()).filter((each) => each.state.kind !== 'succeeded')).toEqual([]);
    });
    await run();
  });

  it('at shutdown is asked a few times and no more', async () => {
    let full = true;
    const run = inWorld({ onDisk: true, wrapStore: refusing(() => full) }, async (world) => {
      await world.addEndpoint();
      await world.accept();
      await world.time.advance(10);
      const stopped = world.engine.stop();
      await world.time.advance(30_000);
      await stopped;
      full = false;
      await world.crash();
      await world.time.advance(5_000);
      expect(world.sender.seen).toHaveLength(1);
    });
    await run();
  });
});
