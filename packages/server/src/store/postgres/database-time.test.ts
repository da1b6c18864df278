import { describe, expect, it } from 'vitest';
import { systemClock } from '../../domain/clock.ts';
import { acceptedEvent, populate, START, SUSPENDED, statusChange } from '../contract/fixtures.ts';
import { openPostgresStore } from './open.ts';
import { createMigratedDatabase } from './testing/migrated-database.ts';

const HOUR_MS = 3_600_000;

describe('the time of the store', () => {
  it('is that of the database, whatever the machine believes', async () => {
    const database = await createMigratedDatabase(START);
    const wrong = { now: () => systemClock.now() + 30 * 24 * HOUR_MS, monotonic: systemClock.monotonic };
    const store = await openPostgresStore({ url: database.url, pooler: 'none', sends: true, clock: wrong });
    try {
      // The server of the tests runs on this machine, so its time is known.
      const apartMs = Math.abs(store.clock.now() - systemClock.now());
      expect(apartMs).toBeLessThan(HOUR_MS);
      const { organization: owner, endpoint: one } = await populate(store, 1);
      const late = await store.apply([statusChange(one, SUSPENDED)], { notAfter: store.clock.now() - HOUR_MS });
      expect(late).toEqual({ kind: 'late' });
      const inTime = await store.apply([statusChange(one, SUSPENDED)], { notAfter: store.clock.now() + HOUR_MS });
      expect(inTime).toEqual({ kind: 'applied' });
      // It is there, for all to see, and there is a day for what is made now.
      expect(await store.housekeep({ kind: 'reap_leases', now: store.clock.now(), itemsMax: 10 })).toEqual({
        changed: 0,
        more: false,
      });
      const now = store.clock.now();
      const event = acceptedEvent(owner.id, [], { event: { createdAt: now, occurredAt: now } });
      expect((await store.accept({ events: [event], idempotency: null })).kind).toBe('accepted');
      expect(await store.currency.renew()).toBe(true);
    } finally {
      await store.close();
      await database.drop();
    }
  });
});
