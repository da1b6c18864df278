import { World, type WorldOptions } from './world.ts';

/** Runs a test in a world of its own, and fails when the engine met a fault or left something behind. */
export function inWorld(options: WorldOptions, body: (world: World) => Promise<void>): () => Promise<void> {
  return async () => {
    const world = await new World(options).begin();
    await body(world);
    await world.end();
    if (world.faults.length > 0) throw new Error('the engine met a fault', { cause: world.faults });
  };
}
