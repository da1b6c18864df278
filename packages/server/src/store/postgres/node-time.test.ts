import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualTime } from '../../engine/testing/virtual-time.ts';
import { CLOCK_ERROR_MS_MAX, NodeTime } from './node-time.ts';

const START_AT = Date.UTC(2030, 0, 1);
const AHEAD_MS = 7 * 60_000;

/** A database whose clock is minutes ahead of this machine's. */
class Machines {
  readonly machine = new VirtualTime(START_AT);
  databaseAheadMs = AHEAD_MS;
  readonly time = new NodeTime(this.machine);

  get databaseTime(): number {
    return Math.floor(this.machine.monotonic() + this.databaseAheadMs);
  }

  /** A statement that takes so long to get there, and back. */
  async ask(thereMs: number, backMs: number): Promise<void> {
    const sentAt = this.machine.monotonic();
    await this.machine.advance(thereMs);
    const { databaseTime } = this;
    await this.machine.advance(backMs);
    this.time.add({ sentAt, receivedAt: this.machine.monotonic(), databaseTime });
  }
}

describe('the time of a node', () => {
  it('is the machine’s until the database was asked, and cannot vouch', () => {
    const { time, machine } = new Machines();
    expect(time.now()).toBe(machine.now());
    expect(time.goodUntil).toBe(Number.NEGATIVE_INFINITY);
  });

  it('is the database’s from then on, however wrong the machine’s clock is', async () => {
    const all = new Machines();
    await all.ask(1, 1);
    expect(all.time.now()).toBe(all.databaseTime);
    all.machine.stepWall(-3_600_000);
    expect(all.time.now()).toBe(all.databaseTime);
    expect(all.time.errorMs).toBeLessThanOrEqual(1.5);
    expect(all.time.goodUntil).toBeGreaterThan(all.machine.monotonic() + 60_000);
  });

  it('keeps the sample of the quickest answer, and takes another when that is a minute old', async () => {
    const all = new Machines();
    await all.ask(1, 1);
    for (let index = 0; index < 50; index += 1) {
      await all.ask(0, 80);
      await all.machine.advance(1_000);
    }
    expect(all.time.errorMs).toBeLessThan(20);
    expect(Math.abs(all.time.now() - all.databaseTime)).toBeLessThan(2);
    await all.machine.advance(20_000);
    await all.ask(0, 80);
    expect(all.time.errorMs).toBeGreaterThan(39);
  });

  it('cannot vouch when no answer was quick enough', async () => {
    const all = new Machines();
    await all.ask(0, 2 * CLOCK_ERROR_MS_MAX + 10);
    expect(all.time.goodUntil).toBe(Number.NEGATIVE_INFINITY);
  });

  it('never goes back for a small correction', async () => {
    const all = new Machines();
    await all.ask(0, 90);
    const before = all.time.now();
    const shown = [before];
    await all.ask(45, 0);
    await all.ask(1, 1);
    for (let index = 0; index < 120; index += 1) {
      shown.push(all.time.now());
      await all.machine.advance(1);
    }
    expect(shown.toSorted((a, b) => a - b)).toEqual(shown);
    expect(Math.abs(all.time.now() - all.databaseTime)).toBeLessThan(2);
  });

  it('cannot vouch while it stands still far ahead of the database', async () => {
    const all = new Machines();
    await all.ask(300, 0);
    // Taken too far: the statement was late on its way there, not half and half.
    expect(all.time.now() - all.databaseTime).toBeGreaterThan(CLOCK_ERROR_MS_MAX);
    await all.ask(0, 0);
    expect(all.time.now() - all.databaseTime).toBeGreaterThan(CLOCK_ERROR_MS_MAX);
    expect(all.time.goodUntil).toBe(Number.NEGATIVE_INFINITY);
    await all.machine.advance(100);
    expect(all.time.goodUntil).toBeGreaterThan(all.machine.monotonic());
    expect(all.time.now() - all.databaseTime).toBeLessThan(CLOCK_ERROR_MS_MAX);
  });

  it.each([-3_600_000, -2_000, 2_000, 3_600_000])(
    'follows at once when the database’s clock is set by %i ms',
    async (byMs) => {
      const all = new Machines();
      await all.ask(1, 1);
      all.time.now();
      all.databaseAheadMs += byMs;
      await all.ask(1, 1);
      expect(all.time.now()).toBe(all.databaseTime);
    },
  );

  it('is never further from the database’s clock than it says', async () => {
    const trip = fc.record({
      there: fc.integer({ min: 0, max: 400 }),
      back: fc.integer({ min: 0, max: 400 }),
      rest: fc.integer({ min: 0, max: 90_000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(trip, { minLength: 1, maxLength: 8 }), async (trips) => {
        const all = new Machines();
        for (const { there, back, rest } of trips) {
          await all.ask(there, back);
          expect(Math.abs(all.time.now() - all.databaseTime)).toBeLessThanOrEqual(all.time.errorMs + 1);
          await all.machine.advance(rest);
        }
      }),
      { numRuns: 200 },
    );
  });
});
