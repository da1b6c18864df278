import { afterEach, describe, expect, it } from 'vitest';
import { World } from './testing/world.ts';

let world: World;
afterEach(async () => {
  await world.end();
  expect(world.faults).toEqual([]);
});

describe('an accepted event', () => {
  it('goes out at once and its delivery succeeds', async () => {
    world = await new World().begin();
    const endpoint = await world.addEndpoint();
    const outcome = await world.accept();
    expect(outcome.kind).toBe('accepted');
    await world.time.advance(5);
    expect(world.sender.seen.map((each) => each.url)).toEqual([endpoint.url]);
    const [delivery] = await world.deliveries();
    expect(delivery).toMatchObject({ state: { kind: 'succeeded' }, attemptCount: 1 });
    expect(world.engine.figures()).toMatchObject({ inFlight: 0, inMemory: 0, inMemoryBytes: 0 });
  });
});
