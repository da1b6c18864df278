import { describe, expect, it } from 'vitest';
import {
  ARCHIVED,
  acceptedEvent,
  acceptOne,
  HOUR,
  leased,
  populate,
  ring,
  START,
  SUSPENDED,
  secret,
  statusChange,
  succeeded,
  type WithStore,
  waiting,
} from './fixtures.ts';

export function figuresContract(withStore: WithStore): void {
  describe('figures', () => {
    it('are nothing in an empty store', () =>
      withStore(async ({ store }) => {
        expect(await store.reader.figures(START)).toEqual({
          queued: 0,
          oldestDueAt: null,
          dueEndpoints: 0,
          held: 0,
          suspendedEndpoints: [],
          secrets: { living: 0, ringsInGrace: 0, nextEndAt: null, oldestActiveSince: null },
        });
      }));

    it('tell what is queued, what of it is due, and what is held', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoints } = await populate(store, 3);
        const [one, two, three] = endpoints;
        if (one === undefined || two === undefined || three === undefined) throw new Error('three endpoints');
        const sending = leased(one.id);
        await acceptOne(store, acceptedEvent(owner.id, [sending, waiting(two.id), waiting(three.id)]));
        const later = { event: { createdAt: START + HOUR } };
        await acceptOne(store, acceptedEvent(owner.id, [waiting(one.id), waiting(three.id)], later));
        expect(await store.reader.figures(START)).toMatchObject({
          queued: 5,
          oldestDueAt: START,
          dueEndpoints: 2,
          held: 0,
        });
        expect(await store.reader.figures(START + HOUR)).toMatchObject({ dueEndpoints: 3 });
        await store.apply([statusChange(three, { kind: 'suspended', reason: 'failing', at: START })]);
        // From now on a node answers for what was due.
        await store.takeDue({ now: START, itemsMax: 10 });
        expect(await store.reader.figures(START + HOUR)).toMatchObject({
          queued: 5,
          oldestDueAt: START + HOUR,
          held: 2,
          suspendedEndpoints: [{ reason: 'failing', endpoints: 1 }],
        });
        await store.record({ incarnation: store.incarnation, outcomes: [succeeded(sending)], health: [] });
        expect((await store.reader.figures(START)).queued).toBe(4);
        await store.apply([statusChange(two, SUSPENDED), statusChange(three, ARCHIVED, 2)]);
        expect(await store.reader.figures(START)).toMatchObject({
          held: 1,
          suspendedEndpoints: [{ reason: 'manual', endpoints: 1 }],
        });
      }));

    it('tell how many secrets live, which ends next, and since when the oldest is active', () =>
      withStore(async ({ store }) => {
        const { endpoints } = await populate(store, 2);
        const [one, two] = endpoints;
        if (one === undefined || two === undefined) throw new Error('two endpoints');
        const active = secret(2, { activatesAt: START + 10 });
        const ending = { supersededAt: START + 10, expiresAt: START + HOUR };
        const superseded = secret(1, ending);
        const staged = secret(2, { activatesAt: null, signsFrom: null });
        await store.apply([
          { kind: 'keyring.insert', ring: ring(one.id, 2, [active, superseded]) },
          { kind: 'keyring.insert', ring: ring(two.id, 2, [secret(1, { activatesAt: START + 20 }), staged]) },
        ]);
        expect((await store.reader.figures(START + 30)).secrets).toEqual({
          living: 4,
          ringsInGrace: 1,
          nextEndAt: START + HOUR,
          oldestActiveSince: START + 10,
        });
        // It has ended, whether or not anything has removed it yet.
        expect((await store.reader.figures(START + HOUR)).secrets).toMatchObject({
          living: 3,
          ringsInGrace: 0,
          nextEndAt: null,
        });
      }));
  });

  describe('space', () => {
    it('is told, or that nobody knows', () =>
      withStore(async ({ store }) => {
        const { databaseBytes, logBytes, diskFreeRatio } = await store.space();
        for (const value of [databaseBytes, logBytes]) expect(value === null || value >= 0).toBe(true);
        expect(diskFreeRatio === null || (diskFreeRatio >= 0 && diskFreeRatio <= 1)).toBe(true);
      }));
  });
}
