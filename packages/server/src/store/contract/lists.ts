import { describe, expect, it } from 'vitest';
import { SHOWN_STATUSES, type ShownStatus } from '../../domain/delivery.ts';
import type { AcceptedDelivery, DeliveryFilter, Outcome, RecoverFilter, Store } from '../port.ts';
import {
  ARCHIVED,
  acceptedEvent,
  acceptOne,
  claimUnit,
  failed,
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

async function allDeliveries(store: Store, filter: DeliveryFilter, itemsMax: number): Promise<string[]> {
  const ids: string[] = [];
  let after: string | null = null;
  do {
    const page = await store.reader.deliveries(filter, { after, itemsMax });
    expect(page.items.length).toBeLessThanOrEqual(itemsMax);
    for (const { shown, delivery } of page.items) {
      expect(filter.statuses ?? [shown]).toContain(shown);
      ids.push(delivery.id);
    }
    after = page.nextCursor;
  } while (after !== null);
  return ids;
}

/** One endpoint each that is active, suspended and archived, with deliveries in every state, oldest first. */
async function mixture(store: Store) {
  const { organization: owner, endpoints } = await populate(store, 3);
  const expected = new Map<ShownStatus, string[]>(SHOWN_STATUSES.map((status) => [status, []]));
  const outcomes: Outcome[] = [];
  const all: { delivery: AcceptedDelivery; shown: ShownStatus }[] = [];
  const [active, suspended, archived] = endpoints;
  if (active === undefined || suspended === undefined || archived === undefined) throw new Error('three endpoints');
  for (let round = 0; round < 3; round += 1) {
    for (const [index, one] of [active, suspended, archived].entries()) {
      const owed: ShownStatus | null = index === 1 ? 'held' : index === 2 ? 'cancelled' : null;
      const [pending, sending, retrying] = [waiting(one.id), leased(one.id), leased(one.id)];
      const [success, dead, cancelled] = [leased(one.id), leased(one.id), leased(one.id)];
      const deliveries = [pending, sending, retrying, success, dead, cancelled];
      await acceptOne(store, acceptedEvent(owner.id, deliveries, { event: { createdAt: START + round * 100 } }));
      outcomes.push(
        failed(retrying, { kind: 'retry', dueAt: START + 500 }),
        succeeded(success),
        failed(dead, { kind: 'dead', at: START, reason: 'retries_exhausted' }),
        failed(cancelled, { kind: 'cancelled', at: START }),
      );
      all.push(
        { delivery: pending, shown: owed ?? 'pending' },
        { delivery: sending, shown: 'in_flight' },
        { delivery: retrying, shown: owed ?? 'retrying' },
        { delivery: success, shown: 'succeeded' },
        { delivery: dead, shown: 'dead' },
        { delivery: cancelled, shown: 'cancelled' },
      );
    }
  }
  await store.record({ incarnation: store.incarnation, outcomes, health: [] });
  await store.apply([statusChange(suspended, SUSPENDED), statusChange(archived, ARCHIVED)]);
  for (const { delivery, shown } of all) expected.get(shown)?.unshift(delivery.id);
  return { owner, active, suspended, archived, all, expected };
}

export function listContract(withStore: WithStore): void {
  describe('lists of deliveries', () => {
    it('shows and filters every status, newest first, on pages of any size', () =>
      withStore(async ({ store }) => {
        const { owner, all, expected } = await mixture(store);
        const filter = { organizationId: owner.id, endpointId: null, eventKey: null };
        const newestFirst = all.map(({ delivery }) => delivery.id).toReversed();
        for (const itemsMax of [1, 4, 100]) {
          expect(await allDeliveries(store, { ...filter, statuses: null }, itemsMax)).toEqual(newestFirst);
          for (const [status, ids] of expected) {
            expect(await allDeliveries(store, { ...filter, statuses: [status] }, itemsMax), status).toEqual(ids);
          }
        }
      }));

    it('filters by endpoint and status together', () =>
      withStore(async ({ store }) => {
        const { owner, active, suspended, archived, all } = await mixture(store);
        for (const one of [active, suspended, archived]) {
          const filter = { organizationId: owner.id, endpointId: one.id, eventKey: null };
          for (const status of [null, ...SHOWN_STATUSES]) {
            const ids = all
              .filter(({ delivery, shown }) => delivery.endpointId === one.id && (status ?? shown) === shown)
              .map(({ delivery }) => delivery.id);
            const statuses = status === null ? null : [status];
            expect(await allDeliveries(store, { ...filter, statuses }, 2)).toEqual(ids.toReversed());
          }
        }
      }));

    it('filters by several statuses at once, newest first, with one cursor', () =>
      withStore(async ({ store }) => {
        const { owner, active, suspended, all } = await mixture(store);
        const choices: (readonly ShownStatus[])[] = [
          [],
          ['dead', 'cancelled', 'dead'],
          ['pending', 'held'],
          ['cancelled', 'retrying', 'held', 'in_flight', 'pending', 'dead'],
          [...SHOWN_STATUSES],
          ...SHOWN_STATUSES.map((status): ShownStatus[] => ['succeeded', status]),
          ...SHOWN_STATUSES.map((status): ShownStatus[] => ['dead', status]),
        ];
        for (const endpointId of [null, active.id, suspended.id]) {
          for (const statuses of choices) {
            const wanted = all.filter(
              ({ delivery, shown }) =>
                statuses.includes(shown) && (endpointId === null || delivery.endpointId === endpointId),
            );
            const ids = wanted.map(({ delivery }) => delivery.id).toReversed();
            const filter = { organizationId: owner.id, endpointId, eventKey: null, statuses };
            for (const itemsMax of [2, 100]) {
              expect(await allDeliveries(store, filter, itemsMax), statuses.join(' ')).toEqual(ids);
            }
          }
        }
      }));

    it('filters by event, alone and with a status', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const event = acceptedEvent(owner.id, [leased(one.id), waiting(one.id), waiting(one.id)]);
        await acceptOne(store, event);
        await acceptOne(store, acceptedEvent(owner.id, [waiting(one.id)]));
        const filter = { organizationId: owner.id, endpointId: null, eventKey: event.event.key };
        const ids = event.deliveries.map(({ id }) => id).toReversed();
        expect(await allDeliveries(store, { ...filter, statuses: null }, 1)).toEqual(ids);
        expect(await allDeliveries(store, { ...filter, statuses: ['pending'] }, 1)).toEqual(ids.slice(0, 2));
        expect(await allDeliveries(store, { ...filter, statuses: ['dead', 'in_flight'] }, 1)).toEqual(ids.slice(2));
        expect(await allDeliveries(store, { ...filter, statuses: ['dead'] }, 1)).toEqual([]);
      }));

    it('answers nothing about another organization', () =>
      withStore(async ({ store }) => {
        const { active, all } = await mixture(store);
        const { organization: other } = await populate(store, 0);
        const filter = { organizationId: other.id, endpointId: null, eventKey: null, statuses: null };
        expect(await allDeliveries(store, filter, 10)).toEqual([]);
        expect(await allDeliveries(store, { ...filter, endpointId: active.id }, 10)).toEqual([]);
        for (const { delivery } of all.slice(0, 3)) {
          expect(await store.reader.delivery(other.id, delivery.id)).toBeNull();
          expect(await store.reader.attemptsOfDelivery(other.id, delivery.id)).toEqual([]);
        }
      }));

    it('finds what a recovery would send again by the time it was made', () =>
      withStore(async ({ store }) => {
        const { owner, active, all } = await mixture(store);
        const filter: RecoverFilter = {
          organizationId: owner.id,
          endpointId: active.id,
          since: START + 100,
          until: START + 200,
          statuses: ['dead', 'succeeded'],
        };
        // The second round: made at START + 100, the endpoint's six deliveries are those from the 18th on.
        const wanted = all.slice(18, 24).filter(({ shown }) => shown === 'dead' || shown === 'succeeded');
        const found = await store.reader.recoverable(filter, { after: null, itemsMax: 1 });
        const rest = await store.reader.recoverable(filter, { after: found.nextCursor, itemsMax: 5 });
        expect([...found.items, ...rest.items].map(({ id }) => id)).toEqual(
          wanted.map(({ delivery }) => delivery.id).toReversed(),
        );
        expect(rest.nextCursor).toBeNull();
        expect(await store.reader.recoverableCount(filter, 100)).toBe(2);
        expect(await store.reader.recoverableCount(filter, 1)).toBe(1);
        expect(await store.reader.recoverableCount({ ...filter, since: START, until: START + 201 }, 100)).toBe(6);
        expect(await store.reader.recoverableCount({ ...filter, since: START + 201, until: START + 999 }, 100)).toBe(0);
        const { organization: other } = await populate(store, 0);
        expect(await store.reader.recoverableCount({ ...filter, organizationId: other.id }, 100)).toBe(0);
      }));

    it('leaves out of a recovery what was sent again already, and tells a success by its first delivery alone', () =>
      withStore(async ({ store }) => {
        const { owner, active, all } = await mixture(store);
        const filter: RecoverFilter = {
          organizationId: owner.id,
          endpointId: active.id,
          since: START,
          until: START + 9_999,
          statuses: ['dead', 'succeeded'],
        };
        const before = await store.reader.recoverable(filter, { after: null, itemsMax: 100 });
        expect(before.items.length).toBeGreaterThan(1);
        const deliveries = before.items.map(({ id, eventKey }) => ({
          id: newId('dlv'),
          organizationId: owner.id,
          endpointId: active.id,
          eventKey,
          resendOf: id,
          createdAt: START + 500,
        }));
        await store.apply([{ kind: 'delivery.insert', deliveries }]);
        expect(await store.reader.recoverableCount(filter, 100)).toBe(0);
        const again = await store.claim(claimUnit(store, active.id, START + 9_000));
        const ends = again.deliveries.filter(({ id }) => deliveries.some((made) => made.id === id));
        expect(ends).toHaveLength(deliveries.length);
        const [one, two] = ends.map(({ id }) => ({ id, endpointId: active.id, leased: true }));
        if (one === undefined || two === undefined) throw new Error('too few deliveries');
        const outcomes = [
          succeeded(one),
          failed(two, { kind: 'dead', at: START + 9_001, reason: 'retries_exhausted' }),
        ];
        await store.record({ incarnation: store.incarnation, outcomes, health: [] });
        const after = await store.reader.recoverable(filter, { after: null, itemsMax: 100 });
        expect(after.items.map(({ id }) => id)).toEqual([two.id]);
        expect(all.length).toBeGreaterThan(0);
      }));
  });
}
