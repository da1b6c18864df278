import { describe, expect, it } from 'vitest';
import type { AttemptOutcome } from '../../domain/attempt.ts';
import type {
  AcceptedDelivery,
  AttemptFilter,
  FollowedAttempt,
  FollowFilter,
  Outcome,
  ShownAttempt,
  Store,
} from '../port.ts';
import {
  ARCHIVED,
  acceptedEvent,
  acceptOne,
  DAY,
  failed,
  leased,
  newId,
  populate,
  START,
  statusChange,
  succeeded,
  type WithStore,
} from './fixtures.ts';

const ANY = {
  endpointId: null,
  eventType: null,
  outcome: null,
  since: null,
  until: null,
  statusMin: null,
  statusMax: null,
} as const;

async function allAttempts(store: Store, filter: AttemptFilter, itemsMax: number): Promise<ShownAttempt[]> {
  const found: ShownAttempt[] = [];
  let after: string | null = null;
  do {
    const page = await store.reader.attempts(filter, { after, itemsMax });
    expect(page.items.length).toBeLessThanOrEqual(itemsMax);
    found.push(...page.items);
    after = page.nextCursor;
  } while (after !== null);
  return found;
}

/** Records one outcome after another, so that their order is theirs in the store. */
async function record(store: Store, ...outcomes: readonly Outcome[]): Promise<void> {
  await store.record({ incarnation: store.incarnation, outcomes, health: [] });
}

/** Three endpoints whose attempts come in turns, beside those of another organization, oldest first. */
async function history(store: Store) {
  const { organization: owner, endpoints } = await populate(store, 4);
  const { organization: other, endpoint: foreign } = await populate(store, 1);
  const all: { readonly outcome: Outcome; readonly type: string; readonly shown: AttemptOutcome }[] = [];
  const add = async (outcome: Outcome, type: string, shown: AttemptOutcome) => {
    await record(store, outcome);
    all.push({ outcome, type, shown });
  };
  for (let round = 0; round < 5; round += 1) {
    for (const one of endpoints.slice(0, 3)) {
      const [good, bad, dead, theirs] = [leased(one.id), leased(one.id), leased(one.id), leased(foreign.id)];
      const type = round % 2 === 0 ? 'order.created' : 'order.paid';
      await acceptOne(store, acceptedEvent(owner.id, [good, bad, dead], { event: { type } }));
      await acceptOne(store, acceptedEvent(other.id, [theirs]));
      const startedAt = START + round * DAY;
      await add(failed(bad, { kind: 'retry', dueAt: START + 9 }, { startedAt, responseStatus: 429 }), type, 'retry');
      await record(store, succeeded(theirs, { startedAt }));
      const silent = { startedAt, responseStatus: null, errorKind: 'timeout' };
      await add(failed(dead, { kind: 'unchanged' }, silent), type, 'retry');
      await add(succeeded(good, { startedAt, responseStatus: 204 }), type, 'success');
      const last = { startedAt: startedAt + 1, number: 2 };
      await add(failed(dead, { kind: 'dead', at: START, reason: 'retries_exhausted' }, last), type, 'dead');
    }
  }
  return { owner, other, foreign, endpoints, all: all.toReversed() };
}

export function attemptContract(withStore: WithStore): void {
  describe('attempts of an organization', () => {
    it('are told newest first, with their outcome and event, on pages of any size', () =>
      withStore(async ({ store }) => {
        const { owner, other, foreign, all } = await history(store);
        const filter = { ...ANY, organizationId: owner.id };
        for (const itemsMax of [1, 7, 100]) {
          const found = await allAttempts(store, filter, itemsMax);
          expect(found.map(({ attempt, outcome, eventType }) => [attempt.id, outcome, eventType])).toEqual(
            all.map(({ outcome, shown, type }) => [outcome.attempt.id, shown, type]),
          );
        }
        const [newest] = await allAttempts(store, filter, 100);
        expect(newest?.attempt).toEqual(all[0]?.outcome.attempt);
        const delivery = await store.reader.delivery(owner.id, newest?.attempt.deliveryId ?? newId('dlv'));
        expect(newest?.eventId).toBe(delivery?.delivery.eventId);
        expect(await allAttempts(store, { ...filter, organizationId: other.id }, 100)).toHaveLength(15);
        expect(await allAttempts(store, { ...filter, endpointId: foreign.id }, 100)).toEqual([]);
        expect(await allAttempts(store, { ...filter, organizationId: newId('org') }, 100)).toEqual([]);
      }));

    it('are filtered by endpoint, type, outcome, time and status, alone and together', () =>
      withStore(async ({ store }) => {
        const { owner, endpoints, all } = await history(store);
        const [one] = endpoints;
        if (one === undefined) throw new Error('four endpoints');
        const answered = ({ outcome: { attempt } }: (typeof all)[number]): number =>
          attempt.responseStatus ?? Number.NaN;
        const cases: readonly [Partial<AttemptFilter>, (entry: (typeof all)[number]) => boolean][] = [
          [{ endpointId: one.id }, ({ outcome }) => outcome.attempt.endpointId === one.id],
          [{ eventType: 'order.paid' }, ({ type }) => type === 'order.paid'],
          [{ eventType: 'order.none' }, () => false],
          [{ outcome: 'success' }, ({ shown }) => shown === 'success'],
          [{ outcome: 'retry' }, ({ shown }) => shown === 'retry'],
          [{ outcome: 'dead' }, ({ shown }) => shown === 'dead'],
          [{ since: START + 3 * DAY }, ({ outcome }) => outcome.attempt.startedAt >= START + 3 * DAY],
          [{ until: START + DAY + 1 }, ({ outcome }) => outcome.attempt.startedAt <= START + DAY],
          [{ since: START + 9 * DAY }, () => false],
          [{ statusMin: 429 }, (entry) => answered(entry) >= 429],
          [{ statusMax: 204 }, (entry) => answered(entry) <= 204],
          [{ statusMin: 429, statusMax: 429 }, (entry) => answered(entry) === 429],
          [
            {
              endpointId: one.id,
              eventType: 'order.created',
              outcome: 'dead',
              since: START + DAY,
              until: START + 4 * DAY,
            },
            ({ outcome, shown }) =>
              outcome.attempt.endpointId === one.id &&
              shown === 'dead' &&
              outcome.attempt.startedAt === START + 2 * DAY + 1,
          ],
        ];
        for (const [filter, isWanted] of cases) {
          const ids = all.filter(isWanted).map(({ outcome }) => outcome.attempt.id);
          for (const itemsMax of [2, 100]) {
            const found = await allAttempts(store, { ...ANY, organizationId: owner.id, ...filter }, itemsMax);
            expect(
              found.map(({ attempt }) => attempt.id),
              JSON.stringify(filter),
            ).toEqual(ids);
          }
        }
      }));

    it('are dead where nothing follows: at the end of a cancelled delivery too, also before housekeeping', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const [cancelled, owed, late]: AcceptedDelivery[] = [leased(one.id), leased(one.id), leased(one.id)];
        if (cancelled === undefined || owed === undefined || late === undefined) throw new Error('three deliveries');
        await acceptOne(store, acceptedEvent(owner.id, [cancelled, owed, late]));
        const outcomes = async () => {
          const found = await allAttempts(store, { ...ANY, organizationId: owner.id }, 100);
          return found.map(({ outcome }) => outcome);
        };
        await record(
          store,
          failed(cancelled, { kind: 'cancelled', at: START }),
          failed(owed, { kind: 'retry', dueAt: START + 9 }),
          // The first answer was lost; it succeeded before.
          succeeded(late),
          failed(late, { kind: 'unchanged' }, { number: 2 }),
        );
        expect(await outcomes()).toEqual(['retry', 'success', 'retry', 'dead']);
        await store.apply([statusChange(one, ARCHIVED)]);
        expect(await outcomes()).toEqual(['retry', 'success', 'dead', 'dead']);
        await store.housekeep({ kind: 'cancel_archived', now: START + 5, itemsMax: 10 });
        expect(await outcomes()).toEqual(['retry', 'success', 'dead', 'dead']);
      }));

    it('are found by time also when they were recorded late', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const deliveries = Array.from({ length: 40 }, () => leased(one.id));
        await acceptOne(store, acceptedEvent(owner.id, deliveries));
        // Each second one is recorded a minute after it started, behind others that are younger.
        const times = deliveries.map((_, index) => START + index * 10_000 - (index % 2) * 60_000);
        await record(store, ...deliveries.map((each, index) => succeeded(each, { startedAt: times[index] ?? 0 })));
        const bounds = Array.from({ length: 12 }, (_, index) => START + 100_000 + index * 10_000);
        for (const [since, until] of [
          ...bounds.map((since) => [since, null] as const),
          ...bounds.map((until) => [null, until] as const),
          ...bounds.map((since) => [since, since + 100_000] as const),
        ]) {
          const found = await allAttempts(store, { ...ANY, organizationId: owner.id, since, until }, 7);
          const inRange = times.filter((time) => time >= (since ?? 0) && time < (until ?? START + DAY));
          expect(found.map(({ attempt }) => attempt.startedAt)).toEqual(inRange.toReversed());
        }
      }));

    it('are told once each to one who follows, in the order in which they were recorded', () =>
      withStore(async ({ store }) => {
        const { owner, other, endpoints, all } = await history(store);
        const recorded = all.toReversed();
        const ids = (found: readonly { readonly attempt: { readonly id: string } }[]) =>
          found.map(({ attempt }) => attempt.id);
        const filter: FollowFilter = { organizationId: owner.id, endpointId: null, eventType: null, outcome: null };
        const newest = await store.reader.followAttempts(filter, { after: null, itemsMax: 4 });
        expect(ids(newest.items)).toEqual(recorded.slice(-4).map(({ outcome }) => outcome.attempt.id));
        expect(newest.items.map(({ endpointUrl }) => endpointUrl)).toEqual(
          newest.items.map(({ attempt }) => endpoints.find(({ id }) => id === attempt.endpointId)?.url),
        );
        const begin = newest.nextCursor;
        expect(await store.reader.followAttempts(filter, { after: begin, itemsMax: 4 })).toEqual({
          items: [],
          nextCursor: begin,
          hasMore: false,
        });

        const [one] = endpoints;
        if (one === undefined) throw new Error('four endpoints');
        const later: Outcome[] = [];
        for (let index = 0; index < 9; index += 1) {
          const delivery = leased(one.id);
          const event = acceptedEvent(owner.id, [delivery], { event: { type: index % 3 === 0 ? 'rare' : 'usual' } });
          await acceptOne(store, event);
          // The order of recording counts, not that of the starts.
          const startedAt = START + 9 * DAY - index * 1_000;
          later.push(
            index % 2 === 0
              ? succeeded(delivery, { startedAt })
              : failed(delivery, { kind: 'dead', at: START, reason: 'retries_exhausted' }, { startedAt }),
          );
        }
        await record(store, ...later);
        const follow = async (more: Partial<FollowFilter>, itemsMax: number) => {
          const found: FollowedAttempt[] = [];
          for (let after = begin; ; ) {
            const page = await store.reader.followAttempts({ ...filter, ...more }, { after, itemsMax });
            expect(page.items.length).toBeLessThanOrEqual(itemsMax);
            found.push(...page.items);
            after = page.nextCursor;
            if (!page.hasMore) return found;
          }
        };
        const laterIds = later.map(({ attempt }) => attempt.id);
        for (const itemsMax of [1, 3, 9, 100]) {
          expect(ids(await follow({}, itemsMax))).toEqual(laterIds);
          expect(ids(await follow({ eventType: 'rare' }, itemsMax))).toEqual(
            laterIds.filter((_, index) => index % 3 === 0),
          );
          expect(ids(await follow({ outcome: 'dead' }, itemsMax))).toEqual(
            laterIds.filter((_, index) => index % 2 === 1),
          );
        }
        const [, two] = endpoints;
        expect(await follow({ endpointId: two?.id ?? newId('ep') }, 5)).toEqual([]);
        expect(await follow({ organizationId: other.id }, 5)).toEqual([]);
      }));
  });
}
