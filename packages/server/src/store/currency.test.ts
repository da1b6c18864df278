import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualTime } from '../engine/testing/virtual-time.ts';
import { type ChangesRead, createCurrency, GOOD_MS, READ_MS_MAX } from './currency.ts';
import type { Change } from './port.ts';

const START_AT = Date.UTC(2030, 0, 1);
const DUE: Change = { kind: 'due' };

/** A store whose changes are numbers, and which answers as it is told to. */
class Source {
  readonly time = new VirtualTime(START_AT);
  readonly asked: { readonly at: number; readonly after: number | null }[] = [];
  readonly told: Change[] = [];
  readonly stale: string[] = [];
  readonly current: number[] = [];
  committed = 0;
  perRead = 100;
  behaviour: 'answers' | 'hangs' | 'fails' | 'throws' = 'answers';
  delayMs = 1;
  readonly limit = {
    goodUntil: Number.POSITIVE_INFINITY,
    cause: 'the other',
    renewed: 0,
    renew: async () => void (this.limit.renewed += 1),
  };
  /** Of reads that hang. */
  readonly hung: (() => void)[] = [];

  readonly currency = createCurrency({
    clock: this.time,
    timers: this.time,
    readChanges: (after) => this.#read(after),
    tell: (changes) => void this.told.push(...changes),
    limits: [this.limit],
    telemetry: {
      memoryStale: (cause) => void this.stale.push(cause),
      memoryCurrent: (staleMs) => void this.current.push(staleMs),
    },
  });

  get isGood(): boolean {
    return this.time.monotonic() < this.currency.goodUntil;
  }

  async begin(): Promise<this> {
    const started = this.currency.start();
    await this.time.advance(1);
    await started;
    return this;
  }

  #read(after: number | null): Promise<ChangesRead> {
    this.asked.push({ at: this.time.monotonic() - START_AT, after });
    if (this.behaviour === 'throws') throw new Error('thrown at once');
    const lastNumber = after === null ? this.committed : Math.min(this.committed, after + this.perRead);
    const changes = after === null ? [] : Array.from({ length: lastNumber - after }, () => DUE);
    const answer = { changes, lastNumber, more: lastNumber < this.committed, databaseTime: this.time.now() };
    const { behaviour } = this;
    return new Promise((resolve, reject) => {
      const end = (): void => (behaviour === 'fails' ? reject(new Error('refused')) : resolve(answer));
      if (behaviour === 'hangs') this.hung.push(end);
      else this.time.setTimeout(end, this.delayMs);
    });
  }
}

describe('how long memory is good', () => {
  it('is not good before the first read', () => {
    expect(new Source().isGood).toBe(false);
  });

  it('is good until its time, counted from the beginning of the last good read', async () => {
    const source = new Source();
    source.delayMs = 300;
    const started = source.currency.start();
    await source.time.advance(300);
    expect(await started).toBe(true);
    expect(source.currency.goodUntil).toBe(START_AT + GOOD_MS);
  });

  it('reads every 250 ms and tells what it read', async () => {
    const source = await new Source().begin();
    source.committed = 3;
    await source.time.advance(1_000);
    expect(source.asked.map(({ at }) => at)).toEqual([0, 250, 500, 750, 1_000]);
    expect(source.asked.map(({ after }) => after)).toEqual([null, 0, 3, 3, 3]);
    expect(source.told).toHaveLength(3);
  });

  it('tells nothing of what committed before the first read', async () => {
    const source = new Source();
    source.committed = 7;
    await source.begin();
    source.committed = 8;
    await source.time.advance(300);
    expect(source.told).toHaveLength(1);
  });

  it('has what was remembered forgotten when the first read went well only after others failed', async () => {
    const source = new Source();
    source.behaviour = 'fails';
    await source.begin();
    source.behaviour = 'answers';
    await source.time.advance(600);
    expect(source.told).toEqual([{ kind: 'everything' }]);
    expect(source.isGood).toBe(true);
  });

  it('reads at once when it is told that something changed', async () => {
    const source = await new Source().begin();
    await source.time.advance(100);
    source.currency.nudge();
    await source.time.advance(0);
    expect(source.asked.at(-1)?.at).toBe(101);
  });

  it('reads again after a read that was under way when something changed', async () => {
    const source = await new Source().begin();
    source.delayMs = 50;
    await source.time.advance(260);
    source.committed = 1;
    source.currency.nudge();
    await source.time.advance(100);
    expect(source.asked.map(({ at }) => at)).toEqual([0, 250, 300]);
    expect(source.told).toHaveLength(1);
  });

  it('does not read once for each of very many notifications', async () => {
    const source = await new Source().begin();
    for (let index = 0; index < 1_000; index += 1) {
      source.currency.nudge();
      await source.time.advance(1);
    }
    expect(source.asked.length).toBeLessThan(60);
  });

  it('reads on at once when there was more than one read brings, and is good by the last of these reads alone', async () => {
    const source = await new Source().begin();
    source.perRead = 1;
    source.committed = 3;
    source.delayMs = 10;
    source.currency.nudge();
    await source.time.advance(60);
    expect(source.told).toHaveLength(3);
    const lastBegan = source.asked.at(-1)?.at ?? 0;
    expect(source.currency.goodUntil).toBe(START_AT + lastBegan + GOOD_MS);
  });

  it('one read serves all who ask at one time', async () => {
    const source = await new Source().begin();
    const reads = source.asked.length;
    const asked = [source.currency.renew(), source.currency.renew(), source.currency.renew()];
    await source.time.advance(5);
    expect(await Promise.all(asked)).toEqual([true, true, true]);
    expect(source.asked).toHaveLength(reads + 1);
  });

  it.each(['fails', 'throws'] as const)('runs out when every read %s, and says so once', async (behaviour) => {
    const source = await new Source().begin();
    source.behaviour = behaviour;
    await source.time.advance(GOOD_MS - 2);
    expect(source.isGood).toBe(true);
    await source.time.advance(2);
    expect(source.isGood).toBe(false);
    await source.time.advance(5_000);
    expect(source.isGood).toBe(false);
    expect(source.stale).toEqual([behaviour === 'fails' ? 'refused' : 'thrown at once']);
    source.behaviour = 'answers';
    await source.time.advance(300);
    expect(source.isGood).toBe(true);
    expect(source.current).toHaveLength(1);
  });

  it('gives up on a read that hangs, asks again, and does not hear what comes after all', async () => {
    const source = await new Source().begin();
    source.behaviour = 'hangs';
    source.committed = 2;
    await source.time.advance(300);
    const asked = source.currency.renew();
    await source.time.advance(READ_MS_MAX);
    expect(await asked).toBe(false);
    source.behaviour = 'answers';
    await source.time.advance(READ_MS_MAX);
    expect(source.told).toHaveLength(2);
    expect(source.isGood).toBe(true);
    const good = source.currency.goodUntil;
    for (const answer of source.hung) answer();
    await source.time.advance(0);
    expect(source.told).toHaveLength(2);
    expect(source.currency.goodUntil).toBe(good);
  });

  it('is not good after a stall of the thread, and is again after the next read', async () => {
    const source = await new Source().begin();
    source.delayMs = 5;
    await source.time.leap(5_000);
    expect(source.stale).toEqual(['this process was held up']);
    expect(source.isGood).toBe(true);
  });

  it('is not good after the machine was suspended, of which the monotonic clock knows nothing, before the next read', async () => {
    const source = await new Source().begin();
    source.time.stepWall(2_000);
    expect(source.isGood).toBe(false);
    const renewed = source.currency.renew();
    await source.time.advance(1);
    expect(await renewed).toBe(true);
  });

  it('nor by a read that was under way when the machine was suspended', async () => {
    const source = await new Source().begin();
    source.delayMs = 50;
    const renewed = source.currency.renew();
    await source.time.advance(10);
    source.time.stepWall(2_000);
    await source.time.advance(40);
    expect(await renewed).toBe(false);
    await source.time.advance(300);
    expect(source.isGood).toBe(true);
  });

  it('stays good while the wall clock is set right by a little, or back', async () => {
    const source = await new Source().begin();
    source.time.stepWall(60);
    expect(source.isGood).toBe(true);
    source.time.stepWall(-3_600_000);
    expect(source.isGood).toBe(true);
  });

  it('an answer that comes after its time makes nothing good', async () => {
    const source = await new Source().begin();
    source.delayMs = GOOD_MS + 100;
    const asked = source.currency.renew();
    await source.time.advance(GOOD_MS + 100);
    expect(await asked).toBe(false);
  });

  it('is good no longer than what else must hold', async () => {
    const source = await new Source().begin();
    source.limit.goodUntil = source.time.monotonic() + 10;
    expect(source.isGood).toBe(true);
    await source.time.advance(10);
    expect(source.isGood).toBe(false);
    expect(source.limit.renewed).toBe(0);
    expect(await renewed(source)).toBe(false);
    expect(source.limit.renewed).toBe(1);
    expect(source.stale).toEqual(['the other']);
    source.limit.goodUntil = Number.POSITIVE_INFINITY;
    expect(source.isGood).toBe(true);
  });

  it('does not ask a store that refuses once for each who asks', async () => {
    const source = await new Source().begin();
    source.behaviour = 'fails';
    await source.time.advance(1_000);
    const before = source.asked.length;
    for (let index = 0; index < 100; index += 1) {
      void source.currency.renew();
      await source.time.advance(1);
    }
    expect(source.asked.length - before).toBeLessThan(5);
  });

  it('reads no more once it was stopped', async () => {
    const source = await new Source().begin();
    source.currency.stop();
    source.currency.nudge();
    const reads = source.asked.length;
    await source.time.advance(10_000);
    expect(source.asked).toHaveLength(reads);
    expect(await renewed(source)).toBe(false);
    expect(source.time.pending).toBe(0);
  });
});

async function renewed(source: Source): Promise<boolean> {
  const asked = source.currency.renew();
  await source.time.advance(5);
  return await asked;
}

describe('whatever happens', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 1_500 }) }),
    fc.record({ kind: fc.constant('leap' as const), ms: fc.integer({ min: 0, max: 6_000 }) }),
    fc.record({ kind: fc.constant('commit' as const) }),
    fc.record({ kind: fc.constant('nudge' as const) }),
    fc.record({ kind: fc.constant('renew' as const) }),
    fc.record({ kind: fc.constant('behave' as const), as: fc.constantFrom('answers', 'hangs', 'fails', 'throws') }),
    fc.record({ kind: fc.constant('delay' as const), ms: fc.integer({ min: 0, max: 2_500 }) }),
  );

  it('memory that is good holds all that committed GOOD_MS ago, each told once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const source = await new Source().begin();
        /** When which number committed. */
        const commits: number[] = [];
        for (const each of steps) {
          if (each.kind === 'wait') await source.time.advance(each.ms);
          else if (each.kind === 'leap') await source.time.leap(each.ms);
          else if (each.kind === 'nudge') source.currency.nudge();
          else if (each.kind === 'renew') void source.currency.renew();
          else if (each.kind === 'delay') source.delayMs = each.ms;
          else if (each.kind === 'behave') source.behaviour = each.as;
          else {
            source.committed += 1;
            commits.push(source.time.monotonic());
          }
          expect(source.told.length).toBeLessThanOrEqual(source.committed);
          if (!source.isGood) continue;
          const old = commits.filter((at) => at <= source.time.monotonic() - GOOD_MS).length;
          expect(source.told.length).toBeGreaterThanOrEqual(old);
        }
        source.currency.stop();
      }),
      { numRuns: 60 },
    );
  });
});
