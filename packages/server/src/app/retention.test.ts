import { expect, it } from 'vitest';
import type { PruneUnit } from '../store/port.ts';
import { pruneStep } from './retention.ts';

const DAY_MS = 86_400_000;
const NOW = 20_000 * DAY_MS + 5_000_000;

/** What the store is asked when such a run begins, or goes on. */
async function askedFor(
  retentionUnitMs: number,
  before: number | null,
  next: { before: number; after: string } | null,
) {
  const asked: PruneUnit[] = [];
  const prunable = async (unit: PruneUnit) => {
    asked.push(unit);
    return { removed: { events: 0, deliveries: 0, attempts: 0 }, after: 'here', more: true };
  };
  const app = {
    clock: { now: () => NOW },
    settings: { retentionDays: 30 },
    store: { retentionUnitMs, reader: { prunable } },
  };
  const caller = { scopes: new Set(['operator']) };
  const outcome = await pruneStep(app as never, caller as never, { before, dryRun: true, next }, null);
  return { asked: asked.map((unit) => unit.before), outcome };
}

it('takes events in whole units of the store, and says up to when', async () => {
  const { asked, outcome } = await askedFor(DAY_MS, NOW - 3 * DAY_MS, null);
  expect(asked).toEqual([19_997 * DAY_MS]);
  expect(outcome).toMatchObject({
    value: { before: 19_997 * DAY_MS, next: { before: 19_997 * DAY_MS, after: 'here' } },
  });
  expect((await askedFor(DAY_MS, null, null)).asked).toEqual([19_970 * DAY_MS]);
  expect((await askedFor(1, NOW - 3 * DAY_MS, null)).asked).toEqual([NOW - 3 * DAY_MS]);
  const place = { before: 19_997 * DAY_MS, after: 'here' };
  expect((await askedFor(DAY_MS, null, place)).asked).toEqual([place.before]);
});

it('refuses a time less than a day ago, whatever the unit', async () => {
  const { asked, outcome } = await askedFor(DAY_MS, NOW - DAY_MS + 1, null);
  expect(asked).toEqual([]);
  expect(JSON.stringify(outcome)).toContain('too_young');
});
