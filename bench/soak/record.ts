import { fileURLToPath } from 'node:url';
import { writeSection } from '../../testbed/page-section.ts';
import { MACHINE } from '../figures.ts';
import { writeResult } from '../record.ts';
import { markdownTable } from '../table.ts';
import type { Line } from '../targets.ts';
import type { Plan } from './plan.ts';

const README = fileURLToPath(new URL('../README.md', import.meta.url));

/** Writes the verdict beside those of the benchmarks, and into their page. Answers the paths. */
export function recordSoak(plan: Plan, lines: readonly Line[]): readonly string[] {
  const name = `soak-${plan.store}`;
  const date = new Date().toISOString().slice(0, 10);
  const nodes = `${plan.nodes} node${plan.nodes === 1 ? '' : 's'}`;
  const head = `${date}, ${MACHINE}, ${plan.store}, ${nodes}, ${plan.perSecond} events a second for ${plan.seconds / 60} minutes`;
  return [
    writeResult(name, { date, machine: MACHINE, plan, lines }),
    writeSection(README, name, `${head}\n\n${markdownTable(lines)}`),
  ];
}
