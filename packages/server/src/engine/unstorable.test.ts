import { describe, expect, it } from 'vitest';
import type { RecordUnit, Store } from '../store/port.ts';
import { World } from './testing/world.ts';

const PAUSE_MS = 15 * 60_000;

/** A store with a defect: some results it cannot process, ever. */
function defective(isBroken: (unit: RecordUnit) => boolean) {
  return (store: Store): Store => {
    const record = store.record.bind(store);
    store.record = async (unit) => {
      if (isBroken(unit)) throw new Error('a defect');
      return await record(unit);
    };
    return store;
  };
}

describe('a result that the store cannot process', () => {
  it('is dropped alone; its delivery is released, counts for nothing meanwhile and is sent again later', async () => {
    let broken: string | null = null;
    let units = 0;
    const wrapStore = defective(({ outcomes }) => {
      units += 1;
      return outcomes.some(({ attempt }) => attempt.deliveryId === broken);
    });
    const world = await new World({ wrapStore, limits: { unrecorded: 20 } }).begin();
    await world.addEndpoint();
    const accepting = world.accept(...Array.from({ length: 50 }, () => world.event()));
    await accepting;
    broken = (await world.deliveries())[25]?.id ?? null;
    await world.time.advance(10_000);
    const owed = (await world.deliveries()).filter(({ state }) => state.kind !== 'succeeded');
    expect(owed.map(({ id }) => id)).toEqual([broken]);
    expect(world.sender.seen).toHaveLength(50);
    expect(world.faults).toEqual([{ where: 'record', error: new Error('a defect') }]);
    expect(world.engine.figures()).toMatchObject({ inMemory: 0, inMemoryBytes: 0 });
    expect(units).toBeLessThan(100);

    broken = null;
    await world.time.advance(PAUSE_MS);
    expect(world.sender.seen).toHaveLength(51);
    expect((await world.deliveries()).every(({ state }) => state.kind === 'succeeded')).toBe(true);
    await world.end();
  });

  it("of an endpoint's health takes no delivery with it", async () => {
    const wrapStore = defective(({ health }) => health.length > 0);
    const world = await new World({ wrapStore }).begin();
    await world.addEndpoint();
    await world.accept();
    await world.time.advance(1_000);
    expect((await world.deliveries()).map(({ state }) => state.kind)).toEqual(['succeeded']);
    expect(world.faults).toHaveLength(1);
    await world.end();
    expect(world.sender.seen).toHaveLength(1);
  });
});

describe('a release that the store cannot process', () => {
  it('gives the places in memory back after a few tries', async () => {
    const wrapStore = (store: Store): Store => {
      store.release = async () => {
        throw new Error('a defect');
      };
      return store;
    };
    const world = await new World({ wrapStore }).begin();
    await world.addEndpoint({ concurrency: 1 });
    world.sender.script = () => ({ failure: 'closed' });
    await world.accept();
    await world.time.advance(10_000);
    expect(world.faults).toEqual([{ where: 'release', error: new Error('a defect') }]);
    expect(world.engine.figures()).toMatchObject({ inMemory: 0, inMemoryBytes: 0 });
    await world.end();
  });
});
