import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Agenda } from './agenda.ts';

function runAll(agenda: Agenda, until: number): void {
  for (let run = agenda.next(until); run !== null; run = agenda.next(until)) run();
}

describe('the agenda', () => {
  it('runs everything once, by time and then in the order in which it was put there', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 200 }), (times) => {
        const agenda = new Agenda();
        const seen: [number, number][] = [];
        for (const [index, time] of times.entries()) agenda.at(time, () => void seen.push([agenda.now, index]));
        runAll(agenda, 50_000);
        const expected = [...times.entries()].map(([index, time]): [number, number] => [time, index]);
        expected.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
        expect(seen).toEqual(expected);
        expect(agenda.now).toBe(50_000);
      }),
    );
  });

  it('takes what is put there on the way, also for now and for long after', () => {
    const agenda = new Agenda();
    const seen: string[] = [];
    agenda.at(10, () => {
      agenda.after(0, () => void seen.push(`now ${agenda.now}`));
      agenda.after(20_000, () => void seen.push(`later ${agenda.now}`));
      agenda.after(0.5, () => void seen.push(`soon ${agenda.now}`));
    });
    runAll(agenda, 100_000);
    expect(seen).toEqual(['now 10', 'soon 11', 'later 20010']);
  });

  it('leaves out what was called off', () => {
    const agenda = new Agenda();
    const seen: number[] = [];
    const entries = [5, 9_000].map((time) => agenda.at(time, () => void seen.push(time)));
    agenda.at(6, () => void seen.push(6));
    for (const entry of entries) entry.cancel();
    runAll(agenda, 20_000);
    expect(seen).toEqual([6]);
  });
});
