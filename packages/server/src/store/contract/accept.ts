import { describe, expect, it } from 'vitest';
import {
  acceptedEvent,
  acceptOne,
  DAY,
  idempotencyRow,
  leased,
  newId,
  populate,
  START,
  type WithStore,
  waiting,
} from './fixtures.ts';

const PAGE = { after: null, itemsMax: 10 };
const STORED = { kind: 'stored' };

export function acceptContract(withStore: WithStore): void {
  describe('accept', () => {
    it('tells back the exact bytes and every field of an event, and its deliveries', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoints } = await populate(store, 2);
        const [one, two] = endpoints;
        if (one === undefined || two === undefined) throw new Error('two endpoints');
        const payload = new Uint8Array(300).map((_, index) => index % 256);
        const event = acceptedEvent(owner.id, [leased(one.id), waiting(two.id)], {
          event: { payload, contentType: 'application/octet-stream', occurredAt: START - 5, id: 'mine' },
          fingerprint: 'f',
        });
        const other = acceptedEvent(owner.id, [], { event: { payload: Buffer.from('null') } });
        const result = await store.accept({ events: [event, other], idempotency: null });
        expect(result).toEqual({ kind: 'accepted', outcomes: [STORED, STORED] });
        const read = await store.reader.event(owner.id, 'mine');
        expect({ ...read, payload: Buffer.from(read?.payload ?? []) }).toEqual({
          ...event.event,
          payload: Buffer.from(payload),
          payloadErasedAt: null,
        });
        expect(Buffer.from((await store.reader.event(owner.id, other.event.id))?.payload ?? []).toString()).toBe(
          'null',
        );
        // The key of an event with an id of its own is nobody's public id.
        expect(await store.reader.event(owner.id, event.event.key)).toBeNull();
        expect((await store.reader.events(owner.id, PAGE)).items.map(({ key }) => key)).toEqual([
          other.event.key,
          event.event.key,
        ]);
        const filter = { organizationId: owner.id, endpointId: null, eventKey: event.event.key, statuses: null };
        const deliveries = await store.reader.deliveries(filter, PAGE);
        expect(deliveries.items.map(({ shown, delivery }) => [shown, delivery.endpointId])).toEqual([
          ['pending', two.id],
          ['in_flight', one.id],
        ]);
        expect(deliveries.items[0]?.delivery).toEqual({
          id: event.deliveries[1]?.id,
          organizationId: owner.id,
          endpointId: two.id,
          eventKey: event.event.key,
          eventId: 'mine',
          eventType: 'order.created',
          state: { kind: 'pending', dueAt: START },
          attemptCount: 0,
          lastResponseStatus: null,
          lastErrorKind: null,
          lastAttemptAt: null,
          resendOf: null,
          payloadErasedAt: null,
          createdAt: START,
        });
      }));

    it('answers a duplicate when a client sends the same id and content again', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const first = acceptedEvent(owner.id, [leased(one.id)], { event: { id: 'x' }, fingerprint: 'same' });
        const again = acceptedEvent(owner.id, [leased(one.id)], { event: { id: 'x' }, fingerprint: 'same' });
        const fresh = acceptedEvent(owner.id, [leased(one.id)], { event: { id: 'y' }, fingerprint: 'other' });
        const results = await Promise.all([
          store.accept({ events: [first], idempotency: null }),
          store.accept({ events: [again, fresh], idempotency: null }),
        ]);
        expect(results[1]).toEqual({
          kind: 'accepted',
          outcomes: [{ kind: 'duplicate', key: first.event.key, createdAt: START }, STORED],
        });
        expect((await store.reader.events(owner.id, PAGE)).items).toHaveLength(2);
        expect((await store.reader.figures(START)).queued).toBe(2);
      }));

    it('stores nothing of a unit in which one id was sent before with other content', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        await acceptOne(store, acceptedEvent(owner.id, [], { event: { id: 'x' }, fingerprint: 'a' }));
        const fresh = acceptedEvent(owner.id, [leased(one.id)]);
        const clash = acceptedEvent(owner.id, [leased(one.id)], { event: { id: 'x' }, fingerprint: 'b' });
        expect(await store.accept({ events: [fresh, clash], idempotency: null })).toEqual({
          kind: 'event_id_conflict',
          index: 1,
        });
        expect((await store.reader.events(owner.id, PAGE)).items).toHaveLength(1);
        expect((await store.reader.figures(START)).queued).toBe(0);
      }));

    it('lets an id be used again after seven days, and answers the newest event of that id', () =>
      withStore(async ({ store }) => {
        const { organization: owner } = await populate(store, 0);
        await acceptOne(store, acceptedEvent(owner.id, [], { event: { id: 'x' }, fingerprint: 'a' }));
        const later = { id: 'x', createdAt: START + 7 * DAY };
        const second = acceptedEvent(owner.id, [], { event: later, fingerprint: 'b' });
        expect((await store.accept({ events: [second], idempotency: null })).kind).toBe('accepted');
        expect((await store.reader.event(owner.id, 'x'))?.key).toBe(second.event.key);
      }));

    it('keeps client ids of organizations apart', () =>
      withStore(async ({ store }) => {
        const { organization: owner } = await populate(store, 0);
        const { organization: other } = await populate(store, 0);
        await acceptOne(store, acceptedEvent(owner.id, [], { event: { id: 'x' }, fingerprint: 'a' }));
        await acceptOne(store, acceptedEvent(other.id, [], { event: { id: 'x' }, fingerprint: 'b' }));
        expect((await store.reader.event(other.id, 'x'))?.organizationId).toBe(other.id);
      }));

    it('stores an idempotency row with its unit, and refuses a unit whose row is there', () =>
      withStore(async ({ store }) => {
        const { organization: owner } = await populate(store, 0);
        const row = idempotencyRow();
        const unit = { events: [acceptedEvent(owner.id, [])], idempotency: row };
        expect((await store.accept(unit)).kind).toBe('accepted');
        const again = { events: [acceptedEvent(owner.id, [])], idempotency: row };
        expect(await store.accept(again)).toEqual({ kind: 'idempotency_conflict' });
        expect((await store.reader.events(owner.id, PAGE)).items).toHaveLength(1);
        expect(await store.reader.idempotency(row.principal, row.route, row.key, START)).toEqual(row);
      }));

    it('rejects a broken unit alone: those before and after it are kept', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const good = [1, 2, 3].map(() => acceptedEvent(owner.id, [waiting(one.id)]));
        const broken = acceptedEvent(owner.id, [waiting(one.id), waiting(newId('ep'))]);
        const events = [good[0], good[1], broken, good[2]];
        const results = await Promise.allSettled(
          events.map((event) => store.accept({ events: event === undefined ? [] : [event], idempotency: null })),
        );
        expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
        const kept = (await store.reader.events(owner.id, PAGE)).items.map(({ key }) => key);
        expect(kept.toSorted()).toEqual(good.map(({ event }) => event.key).toSorted());
        expect((await store.reader.figures(START)).queued).toBe(3);
      }));

    it('has as much room after its units were committed as before', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const before = { ...store.room, units: store.room.units, bytes: store.room.bytes };
        const accepted = store.accept({ events: [acceptedEvent(owner.id, [leased(one.id)])], idempotency: null });
        expect(store.room.units).toBe(before.units - 1);
        expect(store.room.bytes).toBeLessThan(before.bytes);
        await accepted;
        expect([store.room.units, store.room.bytes]).toEqual([before.units, before.bytes]);
      }));
  });
}
