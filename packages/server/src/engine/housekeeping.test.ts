import { expect, it } from 'vitest';
import type { HousekeepingResult, HousekeepingStep, Store } from '../store/port.ts';
import { housekeepingJobs } from './housekeeping.ts';
import { SILENT_TELEMETRY } from './telemetry.ts';

it('tells of what nodes that are gone had leased once, in however many steps it was taken over', async () => {
  const results: HousekeepingResult[] = [
    { changed: 0, more: false },
    { changed: 500, more: true },
    { changed: 20, more: false },
    { changed: 0, more: false },
  ];
  const asked: HousekeepingStep['kind'][] = [];
  const store = {
    async housekeep({ kind }: HousekeepingStep) {
      asked.push(kind);
      return results.shift() ?? { changed: 0, more: false };
    },
  } as Partial<Store> as Store; // This job asks for nothing else.
  const told: number[] = [];
  const telemetry = { ...SILENT_TELEMETRY, takenOver: (rows: number) => void told.push(rows) };
  const jobs = housekeepingJobs({ store, clock: { now: () => 0, monotonic: () => 0 }, telemetry }, 30);
  const job = jobs.find(({ name }) => name === 'reap_leases');
  for (let step = 0; step < 4; step += 1) await job?.step();
  expect(asked).toEqual(['reap_leases', 'reap_leases', 'reap_leases', 'reap_leases']);
  expect(told).toEqual([520]);
});
