import { describe, expect, it } from 'vitest';
import { FAULT_KINDS } from './faults.ts';
import { INVARIANTS } from './model/violation.ts';
import { recordText } from './record.ts';
import { Tally } from './totals.ts';

describe('what a page tells of a run', () => {
  it('is how often each fault struck and each promise was looked at, and how to see it again', () => {
    const totals = new Tally(42).totals();
    const checks = Object.fromEntries(Object.keys(INVARIANTS).map((name) => [name, 7_000])) as typeof totals.checks;
    const duplicates = { 'the answer was lost': 3 };
    const full = { ...totals, deliveries: 1_234_567, checks, duplicates };
    const text = recordText({ totals: full, seconds: 90, workers: 2, date: '2030-01-31' }, 'a machine');
    expect(text.split('\n')[0]).toBe(`2030-01-31, a machine, 2 processes. Seed 42, trace \`${totals.traceHash}\`.`);
    expect(text).toContain('| deliveries | 1,234,567 |');
    expect(text).toContain('| real time | 1.5 minutes, 13,717 deliveries a second |');
    for (const kind of FAULT_KINDS) expect(text).toContain(`| ${kind} | 0 |`);
    for (const name of Object.keys(INVARIANTS)) expect(text).toContain(`| ${name} | 7,000 |`);
    expect(text).toContain('| the answer was lost | 3 |');
  });
});
