import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AcceptedDelivery, AcceptedEvent, Pruned, PruneUnit, Removed, Store } from '../port.ts';
import {
  acceptedEvent,
  acceptOne,
  claimUnit,
  DAY,
  failed,
  leased,
  newId,
  populate,
  START,
  succeeded,
  type WithStore,
  waiting,
} from './fixtures.ts';

const PAGE = { after: null, itemsMax: 100 };
/** Each opens a store of its own. */
const RUNS = process.env['HOOKRING_PROVE'] === '1' ? 60 : 6;
const NOTHING: Removed = { events: 0, deliveries: 0, attempts: 0 };

/** All steps of a run; each must come nearer to the end. */
async function walk(step: (unit: PruneUnit) => Promise<Pruned>, before: number, itemsMax: number) {
  const removed = { ...NOTHING };
  let after: string | null = null;
  for (let steps = 1; steps < 1_000; steps += 1) {
    const pruned = await step({ before, after, itemsMax });
    removed.events += pruned.removed.events;
    removed.deliveries += pruned.removed.deliveries;
    removed.attempts += pruned.removed.attempts;
    if (!pruned.more) return { removed, steps };
    after = pruned.after;
  }
  throw new Error('the run never ended');
}

async function keysOf(store: Store, owner: Parameters<typeof acceptedEvent>[0]): Promise<string[]> {
  return (await store.reader.events(owner, PAGE)).items.map(({ key }) => key).toSorted();
}

/** One event of the property below. */
const plan = fc.record({
  ageDays: fc.integer({ min: 0, max: 12 }),
  hasOwnId: fc.boolean(),
  ends: fc.array(fc.constantFrom('succeeded', 'dead', 'retrying', 'waiting'), { maxLength: 3 }),
});
type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

export function retentionContract(withStore: WithStore): void {
  describe('retention', () => {
    it('removes old events with all that hangs on them, never one that is still owed', () =>
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
        const unit = { before: START + 1, after: null, itemsMax: 10 };
        const { removed, more } = await store.prune(unit);
        expect([removed, more]).toEqual([{ events: 1, deliveries: 1, attempts: 1 }, false]);
        expect(await keysOf(store, owner.id)).toEqual([owing.event.key, fresh.event.key].toSorted());
        expect(await store.reader.delivery(owner.id, done.id)).toBeNull();
        expect((await store.reader.attemptsOfEndpoint(one.id, PAGE)).items.map(({ deliveryId }) => deliveryId)).toEqual(
          [young.id],
        );
        await store.record({ incarnation: store.incarnation, outcomes: [succeeded(owed)], health: [] });
        expect((await store.prune(unit)).removed.events).toBe(1);
      }));

    it('goes in bounded steps, and goes on where it stopped', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        for (let index = 0; index < 5; index += 1) {
          const deliveries = index === 0 ? [leased(one.id)] : [];
          await acceptOne(store, acceptedEvent(owner.id, deliveries));
        }
        const unit = { before: START + 1, itemsMax: 2 };
        const first = await store.prune({ ...unit, after: null });
        const second = await store.prune({ ...unit, after: first.after });
        const third = await store.prune({ ...unit, after: second.after });
        expect([first, second, third].map(({ removed, more }) => [removed.events, more])).toEqual([
          [1, true],
          [2, true],
          [1, false],
        ]);
        expect((await store.reader.events(owner.id, PAGE)).items).toHaveLength(1);
      }));

    it('takes an event with many deliveries in several steps', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const deliveries = Array.from({ length: 450 }, () => leased(one.id));
        await acceptOne(store, acceptedEvent(owner.id, deliveries));
        const outcomes = deliveries.map((delivery) => succeeded(delivery));
        await store.record({ incarnation: store.incarnation, outcomes, health: [] });
        const step = await store.prune({ before: START + 1, after: null, itemsMax: 100 });
        expect([step.removed, step.more]).toEqual([{ events: 0, deliveries: 200, attempts: 200 }, true]);
        const rest = await walk(async (unit) => await store.prune(unit), START + 1, 100);
        expect(rest).toEqual({ removed: { events: 1, deliveries: 250, attempts: 250 }, steps: 2 });
        expect(await store.reader.event(owner.id, String(step.after))).toBeNull();
        expect((await store.reader.attemptsOfEndpoint(one.id, PAGE)).items).toEqual([]);
      }));

    it('stops in the middle of an event that is owed again by then', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const deliveries = Array.from({ length: 450 }, () => leased(one.id));
        const event = acceptedEvent(owner.id, deliveries);
        await acceptOne(store, event);
        const outcomes = deliveries.map((delivery) => succeeded(delivery));
        await store.record({ incarnation: store.incarnation, outcomes, health: [] });
        const unit = { before: START + 1, after: null, itemsMax: 100 };
        expect((await store.prune(unit)).removed.deliveries).toBe(200);
        const again = { id: newId('dlv'), organizationId: owner.id, endpointId: one.id, eventKey: event.event.key };
        await store.apply([{ kind: 'delivery.insert', deliveries: [{ ...again, resendOf: null, createdAt: START }] }]);
        expect(await store.prune(unit)).toMatchObject({ removed: { deliveries: 0 }, more: false });
        expect((await store.reader.delivery(owner.id, again.id))?.shown).toBe('pending');
        const { deliveries: sent } = await store.claim(claimUnit(store, one.id, START));
        expect(sent).toHaveLength(1);
      }));

    it('keeps an event whose id its client must not use again yet', () =>
      withStore(async ({ store, clock }) => {
        const { organization: owner } = await populate(store, 0);
        await acceptOne(store, acceptedEvent(owner.id, [], { event: { id: 'x' }, fingerprint: 'a' }));
        const unit = { before: START + 1, after: null, itemsMax: 10 };
        clock.time = START + 7 * DAY - 1;
        expect((await store.prune(unit)).removed.events).toBe(0);
        clock.time = START + 7 * DAY;
        expect((await store.prune(unit)).removed.events).toBe(1);
        expect(await store.reader.event(owner.id, 'x')).toBeNull();
      }));

    it('removes exactly what is old, owed to nobody and free of a taken id; a dry run counts exactly that', () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(plan, { minLength: 4, maxLength: 16 }),
          fc.integer({ min: 1, max: 12 }),
          fc.integer({ min: 1, max: 9 }),
          async (plans, retentionDays, itemsMax) => {
            await withStore(async ({ store, clock }) => {
              const now = START + 20 * DAY;
              const { organization: owner, endpoint: one } = await populate(store, 1);
              const given = plans.toSorted((a, b) => b.ageDays - a.ageDays);
              const events: AcceptedEvent[] = [];
              for (const each of given) events.push(await put(store, owner.id, one.id, each, now));
              clock.time = now;
              const before = now - retentionDays * DAY;
              const isRemovable = ({ ageDays, hasOwnId, ends }: Plan): boolean =>
                ageDays > retentionDays &&
                (!hasOwnId || ageDays >= 7) &&
                ends.every((end) => end === 'succeeded' || end === 'dead');
              const gone = given.filter(isRemovable);
              const expected = {
                events: gone.length,
                deliveries: gone.flatMap(({ ends }) => ends).length,
                attempts: gone.flatMap(({ ends }) => ends).length,
              };
              const counted = await walk(async (unit) => await store.reader.prunable(unit, now), before, itemsMax);
              expect(counted.removed).toEqual(expected);
              const pruned = await walk(async (unit) => await store.prune(unit), before, itemsMax);
              expect(pruned.removed).toEqual(expected);
              const isGone = given.map(isRemovable);
              const stay = events.filter((_event, index) => isGone[index] === false).map(({ event }) => event.key);
              expect(await keysOf(store, owner.id)).toEqual(stay.toSorted());
              const owed = given.flatMap(({ ends }) => ends).filter((end) => end === 'retrying' || end === 'waiting');
              expect((await store.reader.figures(START)).queued).toBe(owed.length);
            });
          },
        ),
        { numRuns: RUNS },
      ));
  });
}

async function put(
  store: Store,
  organizationId: Parameters<typeof acceptedEvent>[0],
  endpointId: Parameters<typeof leased>[0],
  { ageDays, hasOwnId, ends }: Plan,
  now: number,
): Promise<AcceptedEvent> {
  const deliveries: AcceptedDelivery[] = ends.map((end) => (end === 'waiting' ? waiting : leased)(endpointId));
  const createdAt = now - ageDays * DAY;
  const id = hasOwnId ? { id: `own-${Math.random()}`.replace('.', '') } : {};
  const event = acceptedEvent(organizationId, deliveries, {
    event: { createdAt, occurredAt: createdAt, ...id },
    ...(hasOwnId ? { fingerprint: 'f' } : {}),
  });
  await acceptOne(store, event);
  const outcomes = deliveries.flatMap((delivery, index) => {
    if (ends[index] === 'succeeded') return [succeeded(delivery)];
    if (ends[index] === 'dead') return [failed(delivery, { kind: 'dead', at: now, reason: 'retries_exhausted' })];
    return ends[index] === 'retrying' ? [failed(delivery, { kind: 'retry', dueAt: now + DAY })] : [];
  });
  if (outcomes.length > 0) await store.record({ incarnation: store.incarnation, outcomes, health: [] });
  return event;
}
