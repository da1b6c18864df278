import { describe, expect, it } from 'vitest';
import type { EndpointId } from '../domain/ids.ts';
import type { Claimed, Reader, Store } from '../store/port.ts';
import { inWorld } from './testing/in-world.ts';
import type { World } from './testing/world.ts';

const IDLE_MS = 700_000;
const RETRY_MS = 3_600_000;

/** Reads of single endpoints that wait while the gate is shut. */
class Gate {
  #shut: Promise<void> | null = null;
  #open: () => void = () => {};
  asked: EndpointId[] = [];

  shut(): void {
    this.#shut = new Promise((resolve) => (this.#open = resolve));
  }

  open(): void {
    this.#shut = null;
    this.#open();
  }

  readonly wrap = (store: Store): Store => {
    const { reader: open } = store;
    const reader: Reader = {
      ...open,
      endpointById: async (id) => {
        this.asked.push(id);
        await this.#shut;
        return await open.endpointById(id);
      },
    };
    Object.defineProperty(store, 'reader', { value: reader });
    return store;
  };
}

/** One endpoint in an organization of its own, which takes the type `t`. */
async function addAlone(world: World) {
  const organizationId = world.ids.next('org');
  await world.addOrganization(organizationId);
  const { id, url } = await world.addEndpoint({ organizationId, eventTypes: ['t'] });
  return { id, url, send: (type: string) => world.engine.accept(organizationId, [world.event({ type })], null) };
}

function requestsTo(world: World, { url }: { url: string }): number {
  return world.sender.seen.filter((each) => each.url === url).length;
}

describe('endpoints that are taken because something of theirs is due', () => {
  it('are answered for also when their organization leaves memory while another one is read', async () => {
    const gate = new Gate();
    const settings = { retryScheduleForAll: [RETRY_MS / 1_000] };
    const run = inWorld({ settings, limits: { endpointsKept: 3 }, wrapStore: gate.wrap }, async (world) => {
      const [known, cold, other] = [await addAlone(world), await addAlone(world), await addAlone(world)];
      world.sender.script = () => ({ status: 500 });
      await known.send('t');
      await cold.send('t');
      await world.time.advance(IDLE_MS);
      await other.send('nobody');
      await known.send('nobody');
      gate.asked = [];
      gate.shut();
      await world.time.advance(RETRY_MS - IDLE_MS + 1_000);
      // The other one was in memory.
      expect(gate.asked).toEqual([cold.id]);
      // Two other organizations push the known one's view out.
      for (let turn = 0; turn < 3; turn += 1) {
        const pushing = await addAlone(world);
        await pushing.send('nobody');
        await other.send('nobody');
      }
      world.sender.script = () => ({ status: 200 });
      gate.open();
      await world.time.advance(5_000);
      expect([requestsTo(world, known), requestsTo(world, cold)]).toEqual([2, 2]);
    });
    await run();
  });

  it('are tried again when the last lane went to another one while they were read', async () => {
    const gate = new Gate();
    const settings = { retryScheduleForAll: [RETRY_MS / 1_000] };
    const run = inWorld({ settings, limits: { lanes: 1, endpointsKept: 1 }, wrapStore: gate.wrap }, async (world) => {
      const [cold, other] = [await addAlone(world), await addAlone(world)];
      world.sender.script = () => ({ status: 500 });
      await cold.send('t');
      await world.time.advance(IDLE_MS);
      await other.send('nobody');
      gate.shut();
      await world.time.advance(RETRY_MS - IDLE_MS + 1_000);
      world.sender.script = () => ({ status: 200 });
      await other.send('t');
      gate.open();
      await world.time.advance(5_000);
      // The other one's lane holds nothing any more, and is closed for it.
      expect([requestsTo(world, cold), requestsTo(world, other)]).toEqual([2, 1]);
    });
    await run();
  });
});

describe('a claim that brings nothing although more is due', () => {
  it('is repeated after a pause until it brings what there is', async () => {
    let empty = 5;
    let claims = 0;
    const wrapStore = (store: Store): Store => {
      const claim = store.claim.bind(store);
      store.claim = async (unit): Promise<Claimed> => {
        claims += 1;
        if (empty === 0) return await claim(unit);
        empty -= 1;
        return { deliveries: [], nextDueAt: unit.now };
      };
      return store;
    };
    const run = inWorld({ wrapStore }, async (world) => {
      await world.addEndpoint();
      // More than an unproven lane holds, so that the rest must be claimed.
      await world.accept(...Array.from({ length: 70 }, () => world.event()));
      await world.time.advance(200);
      expect(claims).toBeGreaterThan(0);
      expect(claims).toBeLessThanOrEqual(3);
      await world.time.advance(5_000);
      expect(world.sender.seen).toHaveLength(70);
      expect(claims).toBeLessThanOrEqual(7);
      expect(world.engine.figures()).toMatchObject({ inMemory: 0, inMemoryBytes: 0 });
    });
    await run();
  });
});
