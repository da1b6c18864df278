import { describe, expect, it } from 'vitest';
import { openDatabase } from './database.ts';
import { Heartbeat } from './heartbeat.ts';
import { createMigratedDatabase } from './testing/migrated-database.ts';

const START = Date.UTC(2030, 0, 1);
const SILENT = { setTimeout: () => ({ cancel() {} }) };

describe('the beat of a node', () => {
  it('says nothing of leases after the machine was suspended, of which the monotonic clock knows nothing, before the next', async () => {
    const database = await createMigratedDatabase(START);
    const db = openDatabase({ url: database.url, pooler: 'none', connections: { control: 1 } });
    try {
      const machine = { awakeMs: 0, asleepMs: 0 };
      const clock = { monotonic: () => machine.awakeMs, now: () => START + machine.awakeMs + machine.asleepMs };
      const beat = await Heartbeat.start({ db, clock, timers: SILENT, time: clock.now });
      machine.awakeMs += 1_000;
      expect(beat.goodUntil).toBe(10_000);
      machine.asleepMs += 30_000;
      expect(beat.goodUntil).toBe(Number.NEGATIVE_INFINITY);
      expect(await beat.renew()).toBe(true);
      expect(beat.goodUntil).toBe(11_000);
      await beat.stop();
    } finally {
      await db.close();
      await database.drop();
    }
  });
});
