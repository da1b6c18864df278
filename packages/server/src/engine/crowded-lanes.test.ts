import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../domain/endpoint.ts';
import { type Store, StoreUnavailable } from '../store/port.ts';
import { inWorld } from './testing/in-world.ts';
import { settle } from './testing/virtual-time.ts';
import { World } from './testing/world.ts';

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

/** So few that a handful of endpoints fills them. */
const FEW = { lanes: 4, memoryDeliveries: 16, inFlight: 64 };

/** A store whose answers can be held up, and whose work can be answered as refused although it was done. */
function heldUp(hooks: {
  readonly onTaken?: () => Promise<void>;
  readonly onAccept?: () => Promise<void>;
  readonly onAccepted?: () => Promise<void>;
  readonly onReleased?: () => Promise<void>;
  readonly onClaimed?: () => Promise<void>;
}): (store: Store) => Store {
  return (store) => ({
    ...store,
    get room() {
      return store.room;
    },
    async takeDue(unit) {
      const taken = await store.takeDue(unit);
      if (taken.endpointIds.length > 0) await hooks.onTaken?.();
      return taken;
    },
    async accept(unit) {
      await hooks.onAccept?.();
      const accepted = await store.accept(unit);
      await hooks.onAccepted?.();
      return accepted;
    },
    async release(unit) {
      await store.release(unit);
      await hooks.onReleased?.();
    },
    async claim(unit) {
      const claimed = await store.claim(unit);
      await hooks.onClaimed?.();
      return claimed;
    },
  });
}

describe('an endpoint for which no lane is left', () => {
  it('gets one of those that hold nothing, also when others took the last one while it was being taken', async () => {
    let onTaken = async (): Promise<void> => {};
    const world = new World({ limits: FEW, onDisk: true, wrapStore: heldUp({ onTaken: () => onTaken() }) });
    await world.begin();
    const late = await world.addEndpoint({ eventTypes: ['late'] });
    for (let index = 0; index < FEW.lanes; index += 1) await world.addEndpoint({ eventTypes: ['others'] });
    world.sender.connected = false;
    await world.accept(world.event({ type: 'late' }));
    onTaken = async () => {
      onTaken = async () => {};
      await world.accept(world.event({ type: 'others' }));
    };
    await world.crash();
    await world.time.advance(5_000);
    expect(sentTo(world, late)).toBe(1);
    await world.end();
  });

  it('is left to the store when its lane was closed while its event was being committed', async () => {
    let onAccepted = async (): Promise<void> => {};
    const world = new World({
      limits: FEW,
      settings: SETTINGS,
      onDisk: true,
      wrapStore: heldUp({ onAccepted: () => onAccepted() }),
    });
    await world.begin();
    const good = await world.addEndpoint({ eventTypes: ['good'] });
    await world.accept(world.event({ type: 'good' }));
    await world.time.advance(100);
    await world.crash();
    const late = await world.addEndpoint({ eventTypes: ['late'], concurrency: 1 });
    world.sender.script = ({ url }) => {
      if (url === late.url) return { status: 200, afterMs: 10_000 };
      return url === good.url ? { status: 200 } : 'hang';
    };
    for (let index = 0; index < 3; index += 1) await world.addEndpoint({ eventTypes: ['hung'] });
    for (let index = 0; index < 4; index += 1) await world.accept(world.event({ type: 'hung' }));
    onAccepted = async () => {
      onAccepted = async () => {};
      // It has answered before, so room is made for it.
      await world.accept(world.event({ type: 'good' }));
    };
    await world.accept(...Array.from({ length: 6 }, () => world.event({ type: 'late' })));
    await world.time.advance(35_000);
    expect(sentTo(world, late)).toBeGreaterThan(0);
    // What waits in a lane that is none any more would be left behind.
    await world.end();
    expect(world.faults).toEqual([]);
  });
});

describe('a lane that falls behind while it holds new deliveries', () => {
  it('claims what waits, also when those could not be stored', async () => {
    let onTaken = async (): Promise<void> => {};
    let onAccept = async (): Promise<void> => {};
    const wrapStore = heldUp({ onTaken: () => onTaken(), onAccept: () => onAccept() });
    const world = new World({ onDisk: true, wrapStore });
    await world.begin();
    const endpoint = await world.addEndpoint();
    world.sender.connected = false;
    await world.accept();
    const refused = Promise.withResolvers<void>();
    const outcomes: Promise<{ readonly kind: string }>[] = [];
    onTaken = async () => {
      onAccept = () => refused.promise;
      outcomes.push(world.accept(...Array.from({ length: 40 }, () => world.event())));
      await settle();
    };
    await world.crash();
    refused.reject(new StoreUnavailable('commit_failed'));
    await world.time.advance(3_000);
    expect(await outcomes[0]).toMatchObject({ kind: 'store_unavailable' });
    expect(sentTo(world, endpoint)).toBe(1);
    await world.end();
  });
});

describe('deliveries that are given back', () => {
  /** The store takes back what waits, which is heard of as a refusal and late; the endpoint is resumed at once. */
  async function givenBack(hearsAfterMs: number, claimTakesMs: number) {
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => void world.time.setTimeout(resolve, ms));
    const released: number[] = [];
    const onReleased = async (): Promise<void> => {
      released.push(world.time.now());
      if (released.length > 1) return;
      await sleep(hearsAfterMs);
      throw new StoreUnavailable('commit_failed');
    };
    const wrapStore = heldUp({ onReleased, onClaimed: async () => await sleep(claimTakesMs) });
    const world: World = new World({ wrapStore });
    await world.begin();
    const endpoint = await world.addEndpoint({ concurrency: 1 });
    world.sender.script = () => ({ status: 200, afterMs: 400 });
    await world.accept(...Array.from({ length: 4 }, () => world.event()));
    await world.time.advance(10);
    await world.put({ ...endpoint, status: { kind: 'suspended', reason: 'manual', at: world.time.now() } });
    await world.time.advance(10);
    await world.resume(endpoint.id);
    await world.time.advance(20_000);
    const sent = world.sender.seen.length;
    const states = (await world.deliveries()).map(({ state }) => state.kind);
    await world.end();
    expect(states).toEqual(['succeeded', 'succeeded', 'succeeded', 'succeeded']);
    expect(world.faults).toEqual([]);
    return { released: released.length, sent };
  }

  it('are not claimed again before it is known that they went back', async () => {
    expect(await givenBack(0, 0)).toEqual({ released: 2, sent: 4 });
  });

  it('stay with the node that claimed them again before it heard that they may not have gone back', async () => {
    expect(await givenBack(300, 0)).toEqual({ released: 1, sent: 4 });
  });

  it('stay with it, too, when it does not hear of that claim for long', async () => {
    expect(await givenBack(300, 5_000)).toEqual({ released: 1, sent: 4 });
  });
});
