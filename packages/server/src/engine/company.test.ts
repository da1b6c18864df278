import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Company } from './company.ts';
import { settle, VirtualTime } from './testing/virtual-time.ts';

const WAIT_MS = 50;
const MOST = 5_000;
const SMALL = 1_000;

/** What a recorder does with it: all that gathered leaves together. */
function gathering(waitMs: number, most = MOST) {
  const time = new VirtualTime(0);
  const company = new Company({ clock: time, timers: time }, waitMs, most);
  const left: { readonly at: number; readonly results: number }[] = [];
  let results = 0;
  let work: Promise<void> | null = null;
  const write = async (): Promise<void> => {
    await Promise.resolve();
    while (results > 0) {
      if (!company.isComplete) await company.complete();
      left.push({ at: time.now(), results });
      results = 0;
      company.leave();
    }
    work = null;
  };
  const add = (bytes = SMALL, mayWait = true): void => {
    results += 1;
    company.add(bytes, mayWait);
    work ??= write();
  };
  return { time, company, left, add };
}

describe('results that wait for company', () => {
  it('go together when the time of the first is over, however many came since', async () => {
    const { time, left, add } = gathering(WAIT_MS);
    add();
    for (let index = 0; index < 20; index += 1) {
      await time.advance(10);
      add();
    }
    expect(left).toEqual([50, 100, 150, 200].map((at) => ({ at, results: 5 })));
  });

  it('go at once where nothing is to wait', async () => {
    const { time, left, add } = gathering(0);
    add();
    await settle();
    expect([left, time.pending]).toEqual([[{ at: 0, results: 1 }], 0]);
  });

  it('go at once with one that may not wait, and leave no timer behind', async () => {
    const { time, left, add } = gathering(WAIT_MS);
    add();
    await time.advance(10);
    add(SMALL, false);
    await settle();
    expect([left, time.pending]).toEqual([[{ at: 10, results: 2 }], 0]);
    // The next ones wait again.
    add();
    await time.advance(WAIT_MS - 1);
    expect(left).toHaveLength(1);
    await time.advance(1);
    expect(left).toHaveLength(2);
  });

  it('go at once when they are enough', async () => {
    const { left, add } = gathering(WAIT_MS);
    for (let index = 0; index < 255; index += 1) add();
    await settle();
    expect(left).toEqual([]);
    add();
    await settle();
    expect(left).toEqual([{ at: 0, results: 256 }]);
  });

  it('go at once when what they hold is much', async () => {
    const { left, add } = gathering(WAIT_MS);
    for (let index = 0; index < 3; index += 1) add(300_000);
    await settle();
    expect(left).toEqual([]);
    add(300_000);
    await settle();
    expect(left).toEqual([{ at: 0, results: 4 }]);
  });

  it('go at once when no more may be unrecorded', async () => {
    const { left, add } = gathering(WAIT_MS, 10);
    for (let index = 0; index < 10; index += 1) add();
    await settle();
    expect(left).toEqual([{ at: 0, results: 10 }]);
  });

  it('go at once at the end, as do all that follow', async () => {
    const { time, company, left, add } = gathering(WAIT_MS);
    add();
    await time.advance(10);
    company.end();
    await settle();
    expect([left, time.pending]).toEqual([[{ at: 10, results: 1 }], 0]);
    add();
    await settle();
    expect(left).toHaveLength(2);
  });

  it('never wait longer than they may, and lose nobody, whatever comes when', async () => {
    const step = fc.record({
      afterMs: fc.nat(80),
      bytes: fc.integer({ min: 1, max: 400_000 }),
      mayWait: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { time, left, add } = gathering(WAIT_MS);
        const came: number[] = [];
        for (const { afterMs, bytes, mayWait } of steps) {
          await time.advance(afterMs);
          came.push(time.now());
          add(bytes, mayWait);
        }
        await time.advance(WAIT_MS);
        let index = 0;
        for (const { at, results } of left) {
          for (const cameAt of came.slice(index, index + results)) expect(at - cameAt).toBeLessThanOrEqual(WAIT_MS);
          index += results;
        }
        expect([index, time.pending]).toEqual([came.length, 0]);
      }),
      { numRuns: 50 },
    );
  });
});
