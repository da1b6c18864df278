import { describe, expect, it } from 'vitest';
import {
  ARCHIVED,
  acceptedEvent,
  acceptOne,
  failed,
  HOUR,
  idempotencyRow,
  leased,
  populate,
  START,
  SUSPENDED,
  statusChange,
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
        expect((await store.reader.figures(START)).queued).toBe(4);
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
        expect((await store.reader.figures(START)).queued).toBe(0);
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
