import { describe, expect, it } from 'vitest';
import {
  ARCHIVED,
  acceptedEvent,
  acceptOne,
  claimUnit,
  failed,
  hearing,
  leased,
  newId,
  populate,
  START,
  SUSPENDED,
  statusChange,
  succeeded,
  type WithStore,
  waiting,
} from './fixtures.ts';

const DUE = { now: START, itemsMax: 10 };
const NOTHING_DUE = { endpointIds: [], nextDueAt: null };

export function queueContract(withStore: WithStore): void {
  describe('queue', () => {
    it('claims what is due, earliest first, with its payload, and leases it', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const [late, early] = [waiting(one.id), waiting(one.id)];
        const second = acceptedEvent(owner.id, [late], { event: { createdAt: START + 1, payload: Buffer.from('2') } });
        const first = acceptedEvent(owner.id, [early], {
          event: { payload: Buffer.from('11'), id: 'mine', occurredAt: START - 3 },
          fingerprint: 'f',
        });
        await acceptOne(store, second);
        await acceptOne(store, first);
        const claimed = await store.claim(claimUnit(store, one.id, START + 1));
        expect(claimed.nextDueAt).toBeNull();
        expect(claimed.deliveries.map(({ id }) => id)).toEqual([early.id, late.id]);
        const { payload, ...rest } = claimed.deliveries[0] ?? { payload: Buffer.from('') };
        expect(Buffer.from(payload).toString()).toBe('11');
        expect(rest).toEqual({
          id: early.id,
          organizationId: owner.id,
          endpointId: one.id,
          eventKey: first.event.key,
          eventId: 'mine',
          eventType: 'order.created',
          contentType: 'application/json',
          occurredAt: START - 3,
          createdAt: START,
          dueAt: START,
          attemptCount: 0,
        });
        expect(Buffer.from(claimed.deliveries[1]?.payload ?? []).toString()).toBe('2');
        expect((await store.claim(claimUnit(store, one.id, START + 1))).deliveries).toEqual([]);
        expect((await store.reader.delivery(owner.id, early.id))?.shown).toBe('in_flight');
      }));

    it('claims no more than asked for, but always one', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        for (let index = 0; index < 4; index += 1) {
          await acceptOne(store, acceptedEvent(owner.id, [waiting(one.id)], { event: { payload: Buffer.alloc(10) } }));
        }
        const tiny = await store.claim(claimUnit(store, one.id, START, 10, 1));
        expect([tiny.deliveries.length, tiny.nextDueAt]).toEqual([1, START]);
        expect((await store.claim(claimUnit(store, one.id, START, 10, 20))).deliveries).toHaveLength(2);
        expect((await store.claim(claimUnit(store, one.id, START, 0, 20))).deliveries).toHaveLength(0);
        expect((await store.claim(claimUnit(store, one.id, START, 1, 20))).deliveries).toHaveLength(1);
      }));

    it('names each endpoint with due work once, and again when more comes to wait', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoints } = await populate(store, 3);
        const [one, two, idle] = endpoints;
        if (one === undefined || two === undefined || idle === undefined) throw new Error('three endpoints');
        await acceptOne(
          store,
          acceptedEvent(owner.id, [waiting(two.id), leased(idle.id)], { event: { createdAt: START - 1 } }),
        );
        await acceptOne(store, acceptedEvent(owner.id, [waiting(one.id), waiting(two.id)]));
        expect(await store.takeDue({ now: START - 2, itemsMax: 10 })).toEqual({
          endpointIds: [],
          nextDueAt: START - 1,
        });
        expect(await store.takeDue({ now: START, itemsMax: 1 })).toEqual({ endpointIds: [two.id], nextDueAt: START });
        expect(await store.takeDue(DUE)).toEqual({ endpointIds: [one.id], nextDueAt: null });
        expect(await store.takeDue(DUE)).toEqual(NOTHING_DUE);
        await acceptOne(store, acceptedEvent(owner.id, [waiting(one.id)]));
        expect((await store.takeDue(DUE)).endpointIds).toEqual([one.id]);
      }));

    it('puts an endpoint back into the index for its next waiting delivery', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const [now, later] = [leased(one.id), leased(one.id)];
        await acceptOne(store, acceptedEvent(owner.id, [now, later]));
        const outcomes = [
          failed(now, { kind: 'retry', dueAt: START + 10 }),
          failed(later, { kind: 'retry', dueAt: START + 50 }),
        ];
        await store.record({ incarnation: store.incarnation, outcomes, health: [] });
        expect(await store.takeDue({ now: START + 10, itemsMax: 9 })).toEqual({
          endpointIds: [one.id],
          nextDueAt: null,
        });
        const claimed = await store.claim(claimUnit(store, one.id, START + 10));
        expect([claimed.deliveries.map(({ id }) => id), claimed.nextDueAt]).toEqual([[now.id], START + 50]);
        expect(claimed.deliveries[0]?.attemptCount).toBe(1);
        expect((await store.takeDue({ now: START + 49, itemsMax: 9 })).nextDueAt).toBe(START + 50);
        expect((await store.takeDue({ now: START + 50, itemsMax: 9 })).endpointIds).toEqual([one.id]);
      }));

    it('neither names nor serves a suspended endpoint until it is resumed', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        await acceptOne(store, acceptedEvent(owner.id, [waiting(one.id)]));
        await store.apply([statusChange(one, SUSPENDED)]);
        expect(await store.takeDue(DUE)).toEqual(NOTHING_DUE);
        await acceptOne(store, acceptedEvent(owner.id, [waiting(one.id)]));
        expect(await store.takeDue(DUE)).toEqual(NOTHING_DUE);
        expect(await store.claim(claimUnit(store, one.id, START))).toEqual({ deliveries: [], nextDueAt: null });
        const heard = hearing(store);
        await store.apply([statusChange(one, { kind: 'active' }, 2)]);
        expect(heard.map(({ kind }) => kind)).toEqual(['endpoint', 'queued']);
        expect((await store.takeDue(DUE)).endpointIds).toEqual([one.id]);
        expect((await store.claim(claimUnit(store, one.id, START))).deliveries).toHaveLength(2);
      }));

    it('wakes an endpoint that a node had answered for', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        await acceptOne(store, acceptedEvent(owner.id, [waiting(one.id)]));
        await store.takeDue(DUE);
        await store.apply([{ kind: 'endpoint.wake', endpointId: one.id }]);
        expect((await store.takeDue(DUE)).endpointIds).toEqual([one.id]);
      }));

    it('is given an endpoint back for a later time, which what waits there already does not change', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const later = START + 60_000;
        await store.apply([{ kind: 'endpoint.defer', endpointId: one.id, dueAt: later }]);
        expect(await store.takeDue({ ...DUE, now: later })).toEqual(NOTHING_DUE);
        await acceptOne(store, acceptedEvent(owner.id, [waiting(one.id)]));
        await store.apply([{ kind: 'endpoint.defer', endpointId: one.id, dueAt: later }]);
        expect((await store.takeDue(DUE)).endpointIds).toEqual([one.id]);
        await store.apply([{ kind: 'endpoint.defer', endpointId: one.id, dueAt: later }]);
        expect(await store.takeDue({ ...DUE, now: later - 1 })).toEqual({ endpointIds: [], nextDueAt: later });
        expect((await store.takeDue({ ...DUE, now: later })).endpointIds).toEqual([one.id]);
        expect((await store.claim(claimUnit(store, one.id, later))).deliveries).toHaveLength(1);
      }));

    it('takes released deliveries back, due when it is told', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const [mine, ended] = [leased(one.id), leased(one.id)];
        await acceptOne(store, acceptedEvent(owner.id, [mine, ended]));
        await store.record({ incarnation: store.incarnation, outcomes: [succeeded(ended)], health: [] });
        const release = { endpointId: one.id, deliveryIds: [mine.id, ended.id], dueAt: START + 3 };
        await store.release({ ...release, incarnation: store.incarnation + 1 });
        expect((await store.reader.delivery(owner.id, mine.id))?.shown).toBe('in_flight');
        await store.release({ ...release, incarnation: store.incarnation });
        expect((await store.reader.delivery(owner.id, mine.id))?.delivery.state).toEqual({
          kind: 'pending',
          dueAt: START + 3,
        });
        expect((await store.takeDue({ now: START + 3, itemsMax: 9 })).endpointIds).toEqual([one.id]);
      }));

    it('queues a delivery again as a row of its own, which names the one before it', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const first = leased(one.id);
        const event = acceptedEvent(owner.id, [first]);
        await acceptOne(store, event);
        await store.record({ incarnation: store.incarnation, outcomes: [succeeded(first)], health: [] });
        const resend = {
          id: newId('dlv'),
          organizationId: owner.id,
          endpointId: one.id,
          eventKey: event.event.key,
          resendOf: first.id,
          createdAt: START + 60,
        };
        const heard = hearing(store);
        const missing = { ...resend, id: newId('dlv'), eventKey: newId('evt') };
        expect(await store.apply([{ kind: 'delivery.insert', deliveries: [resend, missing] }])).toEqual({
          kind: 'conflict',
          command: 'delivery.insert',
        });
        await store.apply([{ kind: 'delivery.insert', deliveries: [resend] }]);
        expect(heard).toEqual([{ kind: 'queued', endpointId: one.id }]);
        expect((await store.reader.delivery(owner.id, resend.id))?.delivery).toMatchObject({
          resendOf: first.id,
          state: { kind: 'pending', dueAt: START + 60 },
        });
        expect((await store.claim(claimUnit(store, one.id, START + 60))).deliveries[0]?.id).toBe(resend.id);
        // As often as somebody wants it, unless that is to happen once.
        const again = { kind: 'delivery.insert', deliveries: [{ ...resend, id: newId('dlv') }] } as const;
        expect(await store.apply([{ ...again, once: true }])).toEqual({ kind: 'conflict', command: again.kind });
        expect(await store.apply([again])).toEqual({ kind: 'applied' });
        const other = { ...resend, id: newId('dlv'), resendOf: resend.id };
        expect(await store.apply([{ ...again, deliveries: [other], once: true }])).toEqual({ kind: 'applied' });
      }));

    it('voids every lease of an earlier run and names the endpoints again', () =>
      withStore(async (opened) => {
        const { store } = opened;
        const { organization: owner, endpoints } = await populate(store, 3);
        const [one, two, gone] = endpoints;
        if (one === undefined || two === undefined || gone === undefined) throw new Error('three endpoints');
        await acceptOne(store, acceptedEvent(owner.id, [leased(one.id), waiting(two.id), leased(gone.id)]));
        await store.takeDue(DUE);
        await store.apply([statusChange(gone, ARCHIVED)]);
        const next = await opened.reopen();
        expect(next.incarnation).toBeGreaterThan(store.incarnation);
        expect((await next.takeDue(DUE)).endpointIds.toSorted()).toEqual([one.id, two.id].toSorted());
        expect((await next.claim(claimUnit(next, one.id, START))).deliveries).toHaveLength(1);
      }));
  });
}
