import { describe, expect, it } from 'vitest';
import {
  ARCHIVED,
  acceptedEvent,
  acceptOne,
  DAY,
  failed,
  HOUR,
  idempotencyRow,
  leased,
  populate,
  START,
  SUSPENDED,
  statusChange,
  succeeded,
  type WithStore,
  waiting,
} from './fixtures.ts';

const PAGE = { after: null, itemsMax: 100 };

export function housekeepingContract(withStore: WithStore): void {
  describe('housekeeping', () => {
    it('ends what was held for too long, in bounded steps, and nothing that was not', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoints } = await populate(store, 2);
        const [held, active] = endpoints;
        if (held === undefined || active === undefined) throw new Error('two endpoints');
        for (let index = 0; index < 3; index += 1) {
          await acceptOne(store, acceptedEvent(owner.id, [waiting(held.id), waiting(active.id)]));
        }
        const young = waiting(held.id);
        await acceptOne(store, acceptedEvent(owner.id, [young], { event: { createdAt: START + HOUR } }));
        await store.apply([statusChange(held, SUSPENDED)]);
        const step = { kind: 'expire_held', heldMsMax: 72 * HOUR, itemsMax: 2 } as const;
        expect(await store.housekeep({ ...step, now: START + 72 * HOUR - 1 })).toEqual({ changed: 0, more: false });
        expect(await store.housekeep({ ...step, now: START + 72 * HOUR })).toEqual({ changed: 2, more: true });
        expect(await store.housekeep({ ...step, now: START + 72 * HOUR })).toEqual({ changed: 1, more: false });
        const filter = { organizationId: owner.id, endpointId: null, eventKey: null, statuses: ['dead'] } as const;
        const dead = await store.reader.deliveries(filter, PAGE);
        expect(dead.items.map(({ delivery }) => [delivery.endpointId, delivery.state])).toEqual(
          Array.from({ length: 3 }, () => [held.id, { kind: 'dead', at: START + 72 * HOUR, reason: 'held_too_long' }]),
        );
        expect((await store.reader.delivery(owner.id, young.id))?.shown).toBe('held');
        expect((await store.reader.figures()).queued).toBe(4);
      }));

    it('holds from the suspension on: an old delivery is not dead the moment its endpoint is suspended', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        await acceptOne(store, acceptedEvent(owner.id, [waiting(one.id)]));
        const at = START + 100 * HOUR;
        await store.apply([statusChange(one, { kind: 'suspended', reason: 'failing', at })]);
        const step = { kind: 'expire_held', heldMsMax: 72 * HOUR, itemsMax: 10 } as const;
        expect((await store.housekeep({ ...step, now: at + 1 })).changed).toBe(0);
        expect((await store.housekeep({ ...step, now: at + 72 * HOUR })).changed).toBe(1);
      }));

    it('cancels what an archived endpoint still owed, also what comes back later', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const [sending, first, second] = [leased(one.id), waiting(one.id), waiting(one.id)];
        await acceptOne(store, acceptedEvent(owner.id, [sending, first, second]));
        await store.apply([statusChange(one, ARCHIVED)]);
        expect((await store.reader.delivery(owner.id, first.id))?.delivery.state).toEqual({
          kind: 'cancelled',
          at: START + 1,
        });
        const step = { kind: 'cancel_archived', now: START + 5, itemsMax: 1 } as const;
        expect(await store.housekeep(step)).toEqual({ changed: 1, more: true });
        expect(await store.housekeep(step)).toEqual({ changed: 1, more: true });
        expect(await store.housekeep(step)).toEqual({ changed: 0, more: false });
        const retry = failed(sending, { kind: 'retry', dueAt: START + 900 });
        await store.record({ incarnation: store.incarnation, outcomes: [retry], health: [] });
        expect((await store.housekeep(step)).changed).toBe(1);
        expect((await store.reader.delivery(owner.id, sending.id))?.delivery.state).toEqual({
          kind: 'cancelled',
          at: START + 5,
        });
        expect((await store.reader.figures()).queued).toBe(0);
      }));

    it('prunes old events with all that hangs on them, never one that is still owed', () =>
      withStore(async ({ store, clock }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const [done, owed, young] = [leased(one.id), leased(one.id), leased(one.id)];
        const old = acceptedEvent(owner.id, [done]);
        const owing = acceptedEvent(owner.id, [owed]);
        const fresh = acceptedEvent(owner.id, [young], { event: { createdAt: START + DAY } });
        for (const event of [owing, old, fresh]) await acceptOne(store, event);
        const outcomes = [succeeded(done), succeeded(young)];
        await store.record({ incarnation: store.incarnation, outcomes, health: [] });
        clock.time = START + 31 * DAY;
        const step = { kind: 'prune_events', before: START + 1, itemsMax: 10 } as const;
        expect(await store.housekeep(step)).toEqual({ changed: 1, more: false });
        const keys = (await store.reader.events(owner.id, PAGE)).items.map(({ key }) => key);
        expect(keys.toSorted()).toEqual([owing.event.key, fresh.event.key].toSorted());
        expect(await store.reader.delivery(owner.id, done.id)).toBeNull();
        expect((await store.reader.attemptsOfEndpoint(one.id, PAGE)).items.map(({ deliveryId }) => deliveryId)).toEqual(
          [young.id],
        );
        await store.record({ incarnation: store.incarnation, outcomes: [succeeded(owed)], health: [] });
        expect((await store.housekeep(step)).changed).toBe(1);
      }));

    it('prunes in bounded steps and goes on where it stopped', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        for (let index = 0; index < 5; index += 1) {
          const deliveries = index === 0 ? [leased(one.id)] : [];
          await acceptOne(store, acceptedEvent(owner.id, deliveries));
        }
        const step = { kind: 'prune_events', before: START + 1, itemsMax: 2 } as const;
        const results = [await store.housekeep(step), await store.housekeep(step), await store.housekeep(step)];
        expect(results.map(({ changed }) => changed)).toEqual([1, 2, 1]);
        expect(results.map(({ more }) => more)).toEqual([true, true, false]);
        expect((await store.reader.events(owner.id, PAGE)).items).toHaveLength(1);
      }));

    it('keeps an event whose id its client must not use again yet', () =>
      withStore(async ({ store, clock }) => {
        const { organization: owner } = await populate(store, 0);
        await acceptOne(store, acceptedEvent(owner.id, [], { event: { id: 'x' }, fingerprint: 'a' }));
        const step = { kind: 'prune_events', before: START + 1, itemsMax: 10 } as const;
        clock.time = START + 7 * DAY - 1;
        expect((await store.housekeep(step)).changed).toBe(0);
        clock.time = START + 7 * DAY;
        expect((await store.housekeep(step)).changed).toBe(1);
        expect(await store.reader.event(owner.id, 'x')).toBeNull();
      }));

    it('removes idempotency rows that have expired', () =>
      withStore(async ({ store }) => {
        const rows = ['a', 'b', 'c'].map((key, index) => idempotencyRow({ key, expiresAt: START + index }));
        await store.apply(rows.map((row) => ({ kind: 'idempotency.insert', row })));
        const step = { kind: 'prune_idempotency', now: START + 1, itemsMax: 1 } as const;
        expect(await store.housekeep(step)).toEqual({ changed: 1, more: true });
        expect(await store.housekeep(step)).toEqual({ changed: 1, more: true });
        expect(await store.housekeep(step)).toEqual({ changed: 0, more: false });
        expect(await store.reader.idempotency('key_1', 'POST /v1/events', 'c', START)).not.toBeNull();
      }));
  });
}
