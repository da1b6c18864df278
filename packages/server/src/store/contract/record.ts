import { describe, expect, it } from 'vitest';
import type { HealthChange } from '../port.ts';
import {
  acceptedEvent,
  acceptOne,
  failed,
  leased,
  populate,
  START,
  statusChange,
  succeeded,
  type WithStore,
  waiting,
} from './fixtures.ts';

export function recordContract(withStore: WithStore): void {
  describe('record', () => {
    it('ends a delivery and tells back every field of its attempts', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const delivery = leased(one.id);
        await acceptOne(store, acceptedEvent(owner.id, [delivery]));
        const first = failed(
          delivery,
          { kind: 'retry', dueAt: START + 100 },
          {
            errorKind: 'timeout',
            errorDetail: 'no answer',
            responseHeaders: [['retry-after', '1']],
            responseExcerpt: Buffer.from('busy'),
          },
        );
        await store.record({ incarnation: store.incarnation, outcomes: [first], health: [] });
        const retrying = await store.reader.delivery(owner.id, delivery.id);
        expect(retrying?.delivery.state).toEqual({ kind: 'retrying', dueAt: START + 100 });
        await store.claim({
          incarnation: store.incarnation,
          endpointId: one.id,
          now: START + 100,
          itemsMax: 1,
          bytesMax: 1,
        });
        const second = succeeded(delivery, { number: 2, startedAt: START + 101 });
        const { lostLeases } = await store.record({
          incarnation: store.incarnation,
          outcomes: [second],
          health: [],
        });
        expect(lostLeases).toBe(0);
        const read = await store.reader.attemptsOfDelivery(owner.id, delivery.id);
        const [told] = read;
        expect({ ...told, responseExcerpt: Buffer.from(told?.responseExcerpt ?? []) }).toEqual(first.attempt);
        expect(read[1]).toEqual(second.attempt);
        const page = await store.reader.attemptsOfEndpoint(one.id, { after: null, itemsMax: 1 });
        expect(page.items).toEqual([second.attempt]);
        const older = await store.reader.attemptsOfEndpoint(one.id, { after: page.nextCursor, itemsMax: 1 });
        expect(older.items.map(({ id }) => id)).toEqual([first.attempt.id]);
        expect((await store.reader.delivery(owner.id, delivery.id))?.delivery).toMatchObject({
          state: { kind: 'succeeded', at: START + 9 },
          attemptCount: 2,
          lastResponseStatus: 200,
          lastErrorKind: null,
          lastAttemptAt: START + 101,
        });
        expect((await store.reader.figures(START)).queued).toBe(0);
      }));

    it('keeps the attempt of a lost lease but leaves the state alone', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const delivery = waiting(one.id);
        await acceptOne(store, acceptedEvent(owner.id, [delivery]));
        const late = failed(delivery, { kind: 'dead', at: START, reason: 'retries_exhausted' });
        const result = await store.record({ incarnation: store.incarnation, outcomes: [late], health: [] });
        expect(result).toEqual({ lostLeases: 1 });
        expect((await store.reader.delivery(owner.id, delivery.id))?.shown).toBe('pending');
        expect(await store.reader.attemptsOfDelivery(owner.id, delivery.id)).toHaveLength(1);
      }));

    it('lets a late success end a delivery whose lease is gone, and none that has ended', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const owed = waiting(one.id);
        const dead = leased(one.id);
        await acceptOne(store, acceptedEvent(owner.id, [owed, dead]));
        const death = failed(dead, { kind: 'dead', at: START, reason: 'retries_exhausted' });
        await store.record({ incarnation: store.incarnation, outcomes: [death], health: [] });
        const late = { incarnation: 0, outcomes: [succeeded(owed), succeeded(dead)], health: [] };
        expect(await store.record(late)).toEqual({ lostLeases: 1 });
        expect((await store.reader.delivery(owner.id, owed.id))?.shown).toBe('succeeded');
        expect((await store.reader.delivery(owner.id, dead.id))?.delivery.state).toEqual({
          kind: 'dead',
          at: START,
          reason: 'retries_exhausted',
        });
        expect((await store.reader.figures(START)).queued).toBe(0);
      }));

    it('counts failures since the last success, and starts anew when the endpoint is resumed', () =>
      withStore(async ({ store }) => {
        const { endpoint: one } = await populate(store, 1);
        const change = (fields: Partial<HealthChange>) =>
          store.record({
            incarnation: store.incarnation,
            outcomes: [],
            health: [
              {
                endpointId: one.id,
                successAt: null,
                failureAt: null,
                failures: 0,
                firstFailureAt: null,
                ...fields,
              },
            ],
          });
        const health = async () => (await store.reader.endpointById(one.id))?.health;
        await change({ failureAt: START + 2, failures: 2, firstFailureAt: START + 1 });
        await change({ failureAt: START + 9, failures: 1, firstFailureAt: START + 9 });
        expect(await health()).toEqual({
          consecutiveFailures: 3,
          failingSince: START + 1,
          lastSuccessAt: null,
          lastFailureAt: START + 9,
        });
        await change({ successAt: START + 10, failureAt: START + 12, failures: 1, firstFailureAt: START + 12 });
        expect(await health()).toEqual({
          consecutiveFailures: 1,
          failingSince: START + 12,
          lastSuccessAt: START + 10,
          lastFailureAt: START + 12,
        });
        await change({ successAt: START + 20 });
        expect(await health()).toMatchObject({ consecutiveFailures: 0, failingSince: null });
        await change({ failureAt: START + 30, failures: 5, firstFailureAt: START + 30 });
        await store.apply([statusChange(one, { kind: 'active' })]);
        expect(await health()).toEqual({
          consecutiveFailures: 0,
          failingSince: null,
          lastSuccessAt: START + 20,
          lastFailureAt: START + 30,
        });
      }));
  });
}
