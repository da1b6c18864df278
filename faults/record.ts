import { fileURLToPath } from 'node:url';
import { MACHINE } from '../bench/figures.ts';
import { writeSection } from '../testbed/page-section.ts';
import type { Outcome } from './measure.ts';
import { markdownRows, markdownTable } from './table.ts';

const PAGE = fileURLToPath(new URL('../docs/faults.md', import.meta.url));

/** Puts what a whole run found into the page. Answers its path. */
export function record(outcomes: readonly Outcome[], skipped: readonly string[], date: string): string {
  const sums = (of: (outcome: Outcome) => number): string =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0).toLocaleString('en');
  const head = [
    `${date}, ${MACHINE}. ${sums(({ accepted }) => accepted)} events accepted, ${sums(({ arrivals }) => arrivals)} requests verified,`,
    `${sums(({ rotations }) => rotations)} rotations, in ${sums(({ seconds }) => Math.round(seconds))} s.`,
    ...skipped.map((line) => `\n${line}`),
  ].join('\n');
  writeSection(PAGE, 'table', `${head}\n\n${markdownTable(outcomes)}`);
  return writeSection(PAGE, 'rows', markdownRows());
}
