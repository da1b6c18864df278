import { describe, expect, it } from 'vitest';
import type { EventKey, OrganizationId } from '../../domain/ids.ts';
import type { Command, NewDelivery, Store } from '../port.ts';
import {
  ARCHIVED,
  acceptedEvent,
  acceptOne,
  failed,
  HOUR,
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

const AT = START + 77;

function erase(organizationId: OrganizationId, eventKey: EventKey): Command {
  return { kind: 'event.erase', organizationId, eventKey, at: AT };
}

function resend(of: Pick<NewDelivery, 'organizationId' | 'endpointId' | 'eventKey'>): Command {
  const delivery = { ...of, id: newId('dlv'), resendOf: null, createdAt: START + 50 };
  return { kind: 'delivery.insert', deliveries: [delivery] };
}

/** An event with a success, a death and a retry before it, whose receivers answered something. */
async function history(store: Store) {
  const { organization: owner, endpoint: one } = await populate(store, 1);
  const [done, dead] = [leased(one.id), leased(one.id)];
  const event = acceptedEvent(owner.id, [done, dead], { event: { id: 'mine' }, fingerprint: 'print' });
  await acceptOne(store, event);
  const said = { responseHeaders: [['x-echo', 'payload']] as const, responseExcerpt: Buffer.from('payload') };
  const outcomes = [
    failed(dead, { kind: 'unchanged' }, said),
    failed(dead, { kind: 'dead', at: START + 9, reason: 'retries_exhausted' }, { ...said, number: 2 }),
    succeeded(done, said),
  ];
  await store.record({ incarnation: store.incarnation, outcomes, health: [] });
  return { owner, one, event, done, dead };
}

export function erasureContract(withStore: WithStore): void {
  describe('the erasure of a payload', () => {
    it('takes the bytes and what receivers answered, and leaves the history', () =>
      withStore(async ({ store }) => {
        const { owner, event, done, dead } = await history(store);
        const before = await store.reader.event(owner.id, 'mine');
        expect(before).toMatchObject({ payloadErasedAt: null, payload: new Uint8Array(Buffer.from('{"n":1}')) });
        expect(await store.apply([erase(owner.id, event.event.key)])).toEqual({ kind: 'applied' });
        const read = await store.reader.event(owner.id, 'mine');
        expect(read).toEqual({ ...before, payload: new Uint8Array(0), payloadErasedAt: AT });
        const list = await store.reader.events(owner.id, { after: null, itemsMax: 9 });
        expect(list.items).toEqual([read]);
        for (const { id } of [done, dead]) {
          const shown = await store.reader.delivery(owner.id, id);
          expect(shown?.delivery.payloadErasedAt).toBe(AT);
          for (const attempt of await store.reader.attemptsOfDelivery(owner.id, id)) {
            expect(attempt).toMatchObject({ responseHeaders: null, responseExcerpt: null, keyIds: 'sec_a sec_b' });
          }
        }
        expect(await store.reader.attemptsOfDelivery(owner.id, dead.id)).toHaveLength(2);
      }));

    it('happens once', () =>
      withStore(async ({ store }) => {
        const { owner, event } = await history(store);
        await store.apply([erase(owner.id, event.event.key)]);
        expect(await store.apply([erase(owner.id, event.event.key)])).toEqual({
          kind: 'conflict',
          command: 'event.erase',
        });
      }));

    it('leaves other events and other organizations alone', () =>
      withStore(async ({ store }) => {
        const { owner, one, event } = await history(store);
        const neighbour = leased(one.id);
        const other = acceptedEvent(owner.id, [neighbour]);
        await acceptOne(store, other);
        const outcomes = [succeeded(neighbour, { responseExcerpt: Buffer.from('other') })];
        await store.record({ incarnation: store.incarnation, outcomes, health: [] });
        const { organization: stranger } = await populate(store, 0);
        expect((await store.apply([erase(stranger.id, event.event.key)])).kind).toBe('conflict');
        expect((await store.reader.event(owner.id, 'mine'))?.payloadErasedAt).toBeNull();
        await store.apply([erase(owner.id, event.event.key)]);
        expect(await store.reader.event(owner.id, other.event.key)).toMatchObject({ payloadErasedAt: null });
        expect((await store.reader.attemptsOfDelivery(owner.id, neighbour.id))[0]?.responseExcerpt).not.toBeNull();
      }));

    it('is refused while a delivery waits, is out, waits for its next try or is held', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const [queued, out, failing] = [waiting(one.id), leased(one.id), leased(one.id)];
        const events = [queued, out, failing].map((delivery) => acceptedEvent(owner.id, [delivery]));
        for (const event of events) await acceptOne(store, event);
        const outcomes = [failed(failing, { kind: 'retry', dueAt: START + HOUR })];
        await store.record({ incarnation: store.incarnation, outcomes, health: [] });
        const refused = { kind: 'conflict', command: 'event.erase' };
        for (const { event } of events) expect(await store.apply([erase(owner.id, event.key)])).toEqual(refused);
        await store.apply([statusChange(one, SUSPENDED)]);
        for (const { event } of events) expect(await store.apply([erase(owner.id, event.key)])).toEqual(refused);
        // Nobody is owed what waits for an archived endpoint, but the request that is out may still be tried again.
        await store.apply([statusChange(one, ARCHIVED, 2)]);
        const results = [];
        for (const { event } of events) results.push((await store.apply([erase(owner.id, event.key)])).kind);
        expect(results).toEqual(['applied', 'conflict', 'applied']);
        await store.housekeep({ kind: 'cancel_archived', now: START + 5, itemsMax: 10 });
        expect((await store.reader.delivery(owner.id, queued.id))?.shown).toBe('cancelled');
      }));

    it('and a resend of the same event at the same time: exactly one of them happens', () =>
      withStore(async ({ store }) => {
        for (const isErasureFirst of [true, false]) {
          const { owner, one, event } = await history(store);
          const of = { organizationId: owner.id, endpointId: one.id, eventKey: event.event.key };
          const both = [erase(owner.id, event.event.key), resend(of)];
          const commands = isErasureFirst ? both : both.toReversed();
          const results = await Promise.all(commands.map(async (command) => await store.apply([command])));
          expect(results.map(({ kind }) => kind)).toEqual(['applied', 'conflict']);
        }
      }));

    it('is undone with the rest of its command list', () =>
      withStore(async ({ store }) => {
        const { owner, one, event } = await history(store);
        const of = { organizationId: owner.id, endpointId: one.id, eventKey: event.event.key };
        const applied = await store.apply([erase(owner.id, event.event.key), resend(of)]);
        expect(applied).toEqual({ kind: 'conflict', command: 'delivery.insert' });
        const read = await store.reader.event(owner.id, 'mine');
        expect([read?.payloadErasedAt, Buffer.from(read?.payload ?? []).toString()]).toEqual([null, '{"n":1}']);
      }));

    it('leaves the id of the client taken, with the same answer', () =>
      withStore(async ({ store }) => {
        const { owner, event } = await history(store);
        await store.apply([erase(owner.id, event.event.key)]);
        const again = acceptedEvent(owner.id, [], { event: { id: 'mine' }, fingerprint: 'print' });
        expect(await store.accept({ events: [again], idempotency: null })).toEqual({
          kind: 'accepted',
          outcomes: [{ kind: 'duplicate', key: event.event.key, createdAt: START }],
        });
        const other = acceptedEvent(owner.id, [], { event: { id: 'mine' }, fingerprint: 'other' });
        expect((await store.accept({ events: [other], idempotency: null })).kind).toBe('event_id_conflict');
      }));

    it('is counted out of a recovery, whose list says so', () =>
      withStore(async ({ store }) => {
        const { owner, one, event, dead } = await history(store);
        const filter = {
          organizationId: owner.id,
          endpointId: one.id,
          since: START - HOUR,
          until: START + HOUR,
          statuses: ['dead'],
        } as const;
        expect(await store.reader.recoverableCount(filter, 10)).toBe(1);
        await store.apply([erase(owner.id, event.event.key)]);
        const page = await store.reader.recoverable(filter, { after: null, itemsMax: 10 });
        expect(page.items.map(({ id, payloadErasedAt }) => [id, payloadErasedAt])).toEqual([[dead.id, AT]]);
        expect(await store.reader.recoverableCount(filter, 10)).toBe(0);
      }));
  });
}
