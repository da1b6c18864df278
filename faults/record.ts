import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MACHINE } from '../bench/figures.ts';
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
  writeSection('table', `${head}\n\n${markdownTable(outcomes)}`);
  writeSection('rows', markdownRows());
  return PAGE;
}

/** What stands between the two marks of a section is this now. */
function writeSection(name: string, content: string): void {
  const text = readFileSync(PAGE, 'utf8');
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`${PAGE} has no place for its ${name}`);
  writeFileSync(PAGE, `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`);
}
