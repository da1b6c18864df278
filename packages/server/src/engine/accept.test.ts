import { describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../store/port.ts';
import { fingerprintOf } from './fingerprint.ts';
import { inWorld } from './testing/in-world.ts';

describe('accepting', () => {
  it(
    'stores events that nobody subscribes to',
    inWorld({}, async (world) => {
      await world.addEndpoint({ eventTypes: ['other.type'] });
      const outcome = await world.accept(world.event({ id: 'mine' }));
      expect(outcome).toMatchObject({ kind: 'accepted', events: [{ id: 'mine', duplicate: false }] });
      expect(await world.store.reader.event(world.organizationId, 'mine')).toMatchObject({ type: 'thing.happened' });
      expect(await world.deliveries()).toEqual([]);
    }),
  );

  it(
    'reaches an endpoint from the moment its creation was answered, and none of another organization',
    inWorld({}, async (world) => {
      const other = world.ids.next('org');
      await world.addOrganization(other);
      await world.addEndpoint({ organizationId: other });
      await world.accept();
      await world.time.advance(1);
      expect(world.sender.seen).toHaveLength(0);
      const mine = await world.addEndpoint();
      await world.accept();
      await world.time.advance(1);
      expect(world.sender.seen.map((each) => each.url)).toEqual([mine.url]);
    }),
  );

  it(
    'answers a repeated id with the first event and sends nothing again',
    inWorld({}, async (world) => {
      await world.addEndpoint();
      const first = await world.accept(world.event({ id: 'order-1' }));
      await world.time.advance(5);
      const again = await world.accept(world.event({ id: 'order-1' }), world.event({ id: 'order-2' }));
      await world.time.advance(5);
      expect(world.sender.seen).toHaveLength(2);
      if (first.kind !== 'accepted' || again.kind !== 'accepted') throw new Error('not accepted');
      expect(again.events[0]).toEqual({ ...first.events[0], duplicate: true });
      expect(again.events[1]).toMatchObject({ id: 'order-2', duplicate: false });
      expect(world.engine.figures()).toMatchObject({ inMemory: 0, inMemoryBytes: 0 });
    }),
  );

  it(
    'refuses a repeated id with other content as a whole and gives the slots back',
    inWorld({}, async (world) => {
      await world.addEndpoint();
      await world.accept(world.event({ id: 'order-1' }));
      await world.time.advance(5);
      const again = await world.accept(world.event(), world.event({ id: 'order-1', type: 'other' }));
      expect(again).toEqual({ kind: 'event_id_conflict', index: 1 });
      await world.time.advance(5);
      expect(world.sender.seen).toHaveLength(1);
      expect(world.engine.figures()).toMatchObject({ inMemory: 0, inMemoryBytes: 0 });
    }),
  );

  it(
    'says so when the store cannot commit, keeps nothing and sends nothing',
    inWorld({}, async (world) => {
      await world.addEndpoint();
      await world.accept();
      await world.time.advance(5);
      const accept = world.store.accept.bind(world.store);
      world.store.accept = async () => {
        throw new StoreUnavailable('commit_failed');
      };
      expect(await world.accept()).toEqual({ kind: 'store_unavailable', retryAfterSeconds: 5 });
      world.store.accept = accept;
      await world.time.advance(5);
      expect(world.sender.seen).toHaveLength(1);
      expect(world.engine.figures()).toMatchObject({ inMemory: 0, inMemoryBytes: 0 });
    }),
  );

  it(
    'repeats nothing for a key of idempotency that was used',
    inWorld({}, async (world) => {
      await world.addEndpoint();
      const row = {
        principal: 'key_1',
        route: 'POST /v1/events',
        key: 'abc',
        fingerprint: 'f',
        createdAt: world.time.now(),
        expiresAt: world.time.now() + 86_400_000,
      };
      const send = () =>
        world.engine.accept(world.organizationId, [world.event()], ([event]) => ({
          ...row,
          reference: event?.id ?? '',
        }));
      expect((await send()).kind).toBe('accepted');
      expect((await send()).kind).toBe('idempotency_conflict');
      await world.time.advance(5);
      expect(world.sender.seen).toHaveLength(1);
    }),
  );

  it(
    'hands a burst to the store that one lane cannot hold, and sends all of it',
    inWorld({}, async (world) => {
      await world.addEndpoint();
      await world.accept(...Array.from({ length: 1_000 }, () => world.event()));
      expect(world.engine.figures().inMemory).toBeLessThanOrEqual(64);
      await world.time.advance(500);
      expect(world.sender.seen).toHaveLength(1_000);
      expect(new Set(world.sender.seen.map((each) => each.headers.join())).size).toBe(1_000);
    }),
  );
});

describe('the fingerprint of an event', () => {
  const payload = new TextEncoder().encode('1');
  const event = { id: 'a', type: 'ab', payload, contentType: 'c', occurredAt: null };

  it('tells events apart whose texts join to the same', () => {
    const variants = [
      event,
      { ...event, type: 'a', contentType: 'bc' },
      { ...event, occurredAt: 1 },
      { ...event, occurredAt: 11, payload: new Uint8Array() },
      { ...event, payload: new TextEncoder().encode('11') },
    ];
    expect(new Set(variants.map(fingerprintOf)).size).toBe(variants.length);
    expect(fingerprintOf({ ...event, id: 'b' })).toBe(fingerprintOf(event));
  });
});
