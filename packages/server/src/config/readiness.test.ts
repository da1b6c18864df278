import { expect, it } from 'vitest';
import type { Store } from '../store/port.ts';
import { readiness } from './readiness.ts';

/** As much of a store as is asked. */
function storeWith(given: { goodUntil?: number; renews?: boolean; pings?: boolean }): Store {
  const { goodUntil = Number.POSITIVE_INFINITY, renews = true, pings = true } = given;
  return {
    clock: { now: () => 0, monotonic: () => 100 },
    currency: { goodUntil, renew: async () => renews },
    ping: async () => {
      if (!pings) throw new Error('down');
    },
  } as Partial<Store> as Store; // Nothing else of it is looked at.
}

it('is not ready before it works, nor once it stops', async () => {
  const ready = readiness(storeWith({}));
  expect(await ready.check()).toEqual({ ok: false, reason: 'not sending' });
  ready.become('working');
  expect(await ready.check()).toEqual({ ok: true });
  ready.become('stopping');
  expect(await ready.check()).toEqual({ ok: false, reason: 'stopping' });
});

it('looks again when memory is old, and is not ready when that fails', async () => {
  const check = async (store: Store) => {
    const ready = readiness(store);
    ready.become('working');
    return await ready.check();
  };
  expect(await check(storeWith({ goodUntil: 101, renews: false }))).toEqual({ ok: true });
  expect(await check(storeWith({ goodUntil: 100, renews: true }))).toEqual({ ok: true });
  expect(await check(storeWith({ goodUntil: 100, renews: false }))).toMatchObject({ ok: false });
  await expect(check(storeWith({ pings: false }))).rejects.toThrow('down');
});
