import { describe, expect, it } from 'vitest';
import type { Pruned, PruneUnit, Removed } from '../store/port.ts';
import { retentionJob } from './retention.ts';
import { inWorld } from './testing/in-world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = 100 * DAY_MS;

/** A job over a store whose answers are given, which remembers what it was asked. */
function scripted(retentionDays: number, answers: readonly Partial<Pruned>[], retentionUnitMs = 1) {
  const asked: { ageDays: number; after: string | null }[] = [];
  const sizes: number[] = [];
  const reports: Removed[] = [];
  const clock = { time: NOW, now: () => clock.time, monotonic: () => clock.time };
  const rest = [...answers];
  const store = {
    retentionUnitMs,
    prune: async ({ before, after, itemsMax }: PruneUnit): Promise<Pruned> => {
      sizes.push(itemsMax);
      asked.push({ ageDays: (clock.time - before) / DAY_MS, after });
      return { removed: { events: 0, deliveries: 0, attempts: 0 }, after: null, more: false, ...rest.shift() };
    },
  };
  const telemetry = {
    retentionRemoved: () => undefined,
    retentionReport: (report: Removed) => void reports.push(report),
  };
  const job = retentionJob({ store: store as never, clock, telemetry, retentionDays });
  return { job, asked, sizes, reports, clock };
}

describe('retention by schedule', () => {
  it('goes on where a step stopped, and begins with the oldest in the next run', async () => {
    const { job, asked } = scripted(30, [{ after: '5', more: true }, { after: '9' }, {}]);
    expect((await job.step()).more).toBe(true);
    expect((await job.step()).more).toBe(false);
    await job.step();
    expect(asked).toEqual([
      { ageDays: 30, after: null },
      { ageDays: 30, after: '5' },
      { ageDays: 30, after: null },
    ]);
  });

  it('looks at younger events once when ids are taken for longer than events are kept', async () => {
    const { job, asked } = scripted(1, [{}, { after: '7', more: true }, { after: '9' }, {}, {}, {}, { after: '12' }]);
    for (let step = 0; step < 7; step += 1) await job.step();
    expect(asked).toEqual([
      { ageDays: 7, after: null },
      { ageDays: 1, after: null },
      { ageDays: 1, after: '7' },
      { ageDays: 7, after: null },
      { ageDays: 1, after: '9' },
      { ageDays: 7, after: null },
      { ageDays: 1, after: '9' },
    ]);
  });

  it('asks for whole units of the store, so that nothing of one is removed before all of it is due', async () => {
    const { job, asked, clock } = scripted(30, [{}, {}], DAY_MS);
    clock.time = NOW + 5 * HOUR_MS;
    await job.step();
    expect(asked).toEqual([{ ageDays: 30 + 5 / 24, after: null }]);
  });

  it('takes larger steps while it is far behind', async () => {
    const answers = Array.from({ length: 200 }, (_none, index) => ({ after: '1', more: index !== 150 }));
    const { job, sizes } = scripted(30, answers);
    for (let step = 0; step < 200; step += 1) await job.step();
    expect([sizes[0], sizes[127], sizes[128], sizes[150], sizes[151]]).toEqual([400, 400, 1_600, 1_600, 400]);
  });

  it('tells what it removed at most once an hour, and leaves nothing out', async () => {
    const removed = { events: 2, deliveries: 3, attempts: 4 };
    const { job, reports, clock } = scripted(30, [{}, { removed }, { removed }, { removed }, { removed }]);
    for (let step = 0; step < 4; step += 1) await job.step();
    expect(reports).toEqual([{ ...removed, retentionDays: 30 }]);
    clock.time += HOUR_MS;
    await job.step();
    expect(reports[1]).toMatchObject({ events: 6, deliveries: 9, attempts: 12 });
  });

  it(
    'keeps up with events that came in while it was busy, without being asked',
    inWorld({ settings: { retentionDays: 1 } }, async (world) => {
      for (let batch = 0; batch < 20; batch += 1) {
        await world.accept(...Array.from({ length: 500 }, () => world.event()));
      }
      await world.time.leap(2 * DAY_MS);
      await world.time.advance(15_000);
      const { items } = await world.store.reader.events(world.organizationId, { after: null, itemsMax: 10 });
      expect(items).toEqual([]);
    }),
  );
});
