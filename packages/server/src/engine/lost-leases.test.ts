import { describe, expect, it } from 'vitest';
import { inSharedWorld } from './testing/in-shared-world.ts';
import { headerOf } from './testing/scripted-sender.ts';

describe('a node that lost its leases', () => {
  it(
    'sends nothing of what waited in its memory, gives none of it back, and stores results under the old lease',
    inSharedWorld({ limits: { laneConcurrency: 2 } }, async ({ world, shared }) => {
      await world.addEndpoint();
      world.sender.script = () => ({ status: 200, afterMs: 100 });
      await world.accept(...Array.from({ length: 10 }, () => world.event()));
      await world.time.advance(10);
      expect(world.sender.seen).toHaveLength(2);
      const before = shared.incarnation;
      shared.loseLeases();
      expect(world.engine.figures().inMemory).toBe(2);
      await world.time.advance(50);
      // What is accepted from now on is leased anew.
      await world.accept();
      await world.time.advance(5_000);
      expect(world.sender.seen).toHaveLength(3);
      expect(shared.released).toEqual([]);
      const outcomes = shared.recorded.flatMap((unit) => unit.outcomes.map(() => unit.incarnation));
      expect(outcomes.toSorted((a, b) => a - b)).toEqual([before, before, before + 1]);
      expect(world.engine.figures().inMemory).toBe(0);
    }),
  );

  it(
    'does not send a delivery that was about to be signed',
    inSharedWorld({}, async ({ world, shared }) => {
      await world.addEndpoint();
      shared.onRingRead = () => shared.loseLeases();
      await world.accept();
      await world.time.advance(1_000);
      expect(world.sender.seen).toEqual([]);
      expect(world.engine.figures()).toMatchObject({ inMemory: 0, inFlight: 0 });
    }),
  );

  it(
    'gives back what was being accepted meanwhile, since nobody can tell under which lease it was stored',
    inSharedWorld({}, async ({ world, shared }) => {
      await world.addEndpoint();
      shared.onAccept = async () => {
        shared.onAccept = async () => {};
        shared.loseLeases();
      };
      expect((await world.accept()).kind).toBe('accepted');
      await world.time.advance(5_000);
      expect(shared.released.map(({ incarnation }) => incarnation)).toEqual([shared.incarnation]);
      expect((await world.deliveries()).map(({ state }) => state.kind)).toEqual(['succeeded']);
    }),
  );

  it(
    'gives back what it was claiming meanwhile, which is leased to what it is now',
    inSharedWorld({}, async ({ world, shared }) => {
      await world.addEndpoint();
      world.sender.script = () => (world.sender.seen.length === 1 ? { status: 500 } : { status: 200 });
      await world.accept();
      await world.time.advance(10);
      shared.onClaimed = () => {
        shared.onClaimed = () => {};
        shared.loseLeases();
      };
      await world.time.advance(60_000);
      expect(shared.released.map(({ incarnation }) => incarnation)).toEqual([shared.incarnation]);
      expect((await world.deliveries()).map(({ state }) => state.kind)).toEqual(['succeeded']);
    }),
  );

  it(
    'claims nothing before that is settled, or it would take from itself what it is sending',
    inSharedWorld({}, async ({ world, shared }) => {
      const endpoint = await world.addEndpoint();
      world.sender.script = () => ({ status: 200, afterMs: 3_000 });
      shared.onAccepted = async ({ events }) => {
        shared.onAccepted = async () => {};
        shared.loseLeases();
        // Others find that this node was gone, and take back what it had.
        const deliveryIds = events.flatMap(({ deliveries }) => deliveries.map(({ id }) => id));
        const { incarnation } = shared;
        await world.store.release({ incarnation, endpointId: endpoint.id, deliveryIds, dueAt: world.time.now() });
        await new Promise<void>((resolve) => void world.time.setTimeout(resolve, 2_000));
      };
      const accepted = world.accept();
      await world.time.advance(20_000);
      expect((await accepted).kind).toBe('accepted');
      expect(world.sender.seen).toHaveLength(1);
    }),
  );

  it(
    'nor when what it forgets makes room in a lane that is behind',
    inSharedWorld({ limits: { laneConcurrency: 1 } }, async ({ world, shared }) => {
      const endpoint = await world.addEndpoint();
      world.sender.script = () => ({ status: 200, afterMs: 1_000 });
      const committed = Promise.withResolvers<void>();
      shared.onAccepted = async ({ events }) => {
        shared.onAccepted = async () => {};
        // Others have taken it back by the time at which this node hears of it.
        const deliveryIds = events.flatMap(({ deliveries }) => deliveries.map(({ id }) => id));
        const { incarnation } = shared;
        await world.store.release({ incarnation, endpointId: endpoint.id, deliveryIds, dueAt: world.time.now() });
        committed.resolve();
        await new Promise<void>((resolve) => void world.time.setTimeout(resolve, 500));
      };
      const accepted = world.accept();
      await committed.promise;
      // More than the lane holds, so it is behind from here on.
      await world.accept(...Array.from({ length: 70 }, () => world.event()));
      shared.loseLeases();
      await world.time.advance(20_000);
      const outcome = await accepted;
      const id = outcome.kind === 'accepted' ? outcome.events[0]?.id : undefined;
      const sent = world.sender.seen.filter((request) => headerOf(request, 'webhook-id') === id);
      expect(sent).toHaveLength(1);
    }),
  );
});
