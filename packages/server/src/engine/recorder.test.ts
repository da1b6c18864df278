import { describe, expect, it } from 'vitest';
import { type RecordUnit, type Store, StoreUnavailable } from '../store/port.ts';
import { inWorld } from './testing/in-world.ts';
import type { World } from './testing/world.ts';

const WAIT_MS = 50;
const SENT_MS = 5;

/** A store whose commits cost much, so that results wait for company. */
function costly() {
  const units: RecordUnit[] = [];
  const told = { units, isFull: false };
  const wrapStore = (store: Store): Store => {
    const record = store.record.bind(store);
    return Object.assign(store, {
      recordWaitMs: WAIT_MS,
      async record(unit: RecordUnit) {
        if (told.isFull) throw new StoreUnavailable('queue_full');
        units.push(unit);
        return await record(unit);
      },
    });
  };
  return { told, wrapStore, sizes: () => units.map(({ outcomes }) => outcomes.length) };
}

function answering(world: World, status = 200): void {
  world.sender.script = () => ({ status, afterMs: SENT_MS });
}

describe('results in a store whose commits cost much', () => {
  it('are recorded together, and keep their places in memory until then', async () => {
    const { wrapStore, sizes } = costly();
    const run = inWorld({ wrapStore }, async (world) => {
      await world.addEndpoint();
      answering(world);
      for (let sent = 0; sent < 4; sent += 1) {
        await world.accept();
        await world.time.advance(10);
      }
      expect(world.sender.seen).toHaveLength(4);
      expect([sizes(), world.engine.figures().inMemory]).toEqual([[], 4]);
      await world.time.advance(WAIT_MS);
      expect([sizes(), world.engine.figures().inMemory]).toEqual([[4], 0]);
      expect((await world.deliveries()).map(({ state }) => state.kind)).toEqual(Array(4).fill('succeeded'));
      // One that comes later waits as long, and no longer.
      await world.accept();
      await world.time.advance(SENT_MS + WAIT_MS);
      expect(sizes()).toEqual([4, 1]);
    });
    await run();
  });

  it('do not wait when one is to be tried again: that happens when it is due', async () => {
    const { wrapStore, sizes } = costly();
    const run = inWorld({ wrapStore, settings: { retryScheduleForAll: [0] } }, async (world) => {
      await world.addEndpoint();
      answering(world, 500);
      await world.accept();
      await world.time.advance(SENT_MS);
      expect(sizes()).toEqual([1]);
      await world.time.advance(2 * SENT_MS + 10);
      expect(world.sender.seen).toHaveLength(2);
      expect([sizes(), (await world.deliveries()).map(({ state }) => state.kind)]).toEqual([[1, 1], ['dead']]);
    });
    await run();
  });

  it('do not wait when so many are unrecorded that nothing more is sent', async () => {
    const { wrapStore, sizes } = costly();
    const run = inWorld({ wrapStore, limits: { unrecorded: 10 } }, async (world) => {
      await world.addEndpoint({ concurrency: 5 });
      answering(world);
      await world.accept(...Array.from({ length: 40 }, () => world.event()));
      await world.time.advance(8 * SENT_MS);
      expect(world.sender.seen).toHaveLength(40);
      expect(sizes().length).toBeGreaterThanOrEqual(3);
      for (const size of sizes()) expect(size).toBeGreaterThanOrEqual(10);
    });
    await run();
  });

  it('do not wait at a stop', async () => {
    const { wrapStore, sizes } = costly();
    const run = inWorld({ wrapStore, onDisk: true }, async (world) => {
      await world.addEndpoint();
      answering(world);
      await world.accept();
      await world.time.advance(SENT_MS);
      expect(sizes()).toEqual([]);
      const stopped = world.engine.stop();
      await world.time.advance(0);
      await stopped;
      expect(sizes()).toEqual([1]);
      await world.crash();
      await world.time.advance(5_000);
      expect(world.sender.seen).toEqual([]);
    });
    await run();
  });

  it('are sent again after a crash meanwhile: those of that moment and no others', async () => {
    const { wrapStore } = costly();
    const run = inWorld({ wrapStore, onDisk: true }, async (world) => {
      await world.addEndpoint();
      answering(world);
      await world.accept(world.event(), world.event());
      await world.time.advance(2 * WAIT_MS);
      await world.accept();
      await world.time.advance(SENT_MS + WAIT_MS / 2);
      expect(world.sender.seen).toHaveLength(3);
      await world.crash();
      await world.time.advance(5_000);
      expect(world.sender.seen).toHaveLength(1);
      expect((await world.deliveries()).map(({ state }) => state.kind)).toEqual(Array(3).fill('succeeded'));
    });
    await run();
  });

  it('gather while the store refuses, and go when it takes them again', async () => {
    const { told, wrapStore, sizes } = costly();
    const run = inWorld({ wrapStore }, async (world) => {
      await world.addEndpoint();
      answering(world);
      told.isFull = true;
      await world.accept();
      await world.time.advance(2 * WAIT_MS);
      for (let sent = 0; sent < 5; sent += 1) await world.accept();
      await world.time.advance(2 * WAIT_MS);
      told.isFull = false;
      await world.time.advance(5_000);
      expect(sizes()).toEqual([1, 5]);
      expect(world.engine.figures().inMemory).toBe(0);
    });
    await run();
  });
});
