import { fileURLToPath } from 'node:url';
import { MACHINE } from '../bench/figures.ts';
import { writeSection } from '../testbed/page-section.ts';
import { grouped } from './report.ts';
import type { Totals } from './totals.ts';

const PAGE = fileURLToPath(new URL('../docs/simulation.md', import.meta.url));

export type Recorded = {
  readonly totals: Totals;
  readonly seconds: number;
  readonly workers: number;
  /** As 2030-01-31. */
  readonly date: string;
};

/** Puts what a run came to into the page. Answers its path. */
export function record(recorded: Recorded): string {
  return writeSection(PAGE, 'run', recordText(recorded, MACHINE));
}

export function recordText({ totals, seconds, workers, date }: Recorded, machine: string): string {
  const minutes = (seconds / 60).toFixed(1);
  const perSecond = grouped(Math.round(totals.deliveries / Math.max(seconds, 0.001)));
  const processes = workers === 1 ? 'one process' : `${workers} processes`;
  const main: readonly (readonly [string, string])[] = [
    ['worlds', grouped(totals.chapters)],
    ['events', grouped(totals.events)],
    ['deliveries', grouped(totals.deliveries)],
    ['requests', grouped(totals.requests)],
    ['attempts in the history', grouped(totals.attempts)],
    ['succeeded, dead, cancelled', [totals.succeeded, totals.dead, totals.cancelled].map(grouped).join(', ')],
    ['rotations', grouped(totals.rotations)],
    ['crashes of nodes', grouped(totals.crashes)],
    ['leases taken over', grouped(totals.takenOver)],
    ['signatures verified by receivers', grouped(totals.verified)],
    ['faults', grouped(totals.faultsInAll)],
    ['checks', grouped(totals.checksInAll)],
    ['violations', grouped(totals.violations)],
    ['virtual time', `${grouped(totals.virtualSeconds)} s`],
    ['real time', `${minutes} minutes, ${perSecond} deliveries a second`],
  ];
  return [
    `${date}, ${machine}, ${processes}. Seed ${totals.seed}, trace \`${totals.traceHash}\`.`,
    table(['', ''], main),
    table(['fault', 'times'], groupedRows(totals.faults)),
    table(['check', 'times'], groupedRows(totals.checks)),
    table(['a receiver saw a delivery again that it had taken, because', 'times'], groupedRows(totals.duplicates)),
  ].join('\n\n');
}

function groupedRows(counts: Readonly<Record<string, number>>): readonly (readonly [string, string])[] {
  return Object.entries(counts).map(([name, count]) => [name, grouped(count)]);
}

function table(heads: readonly [string, string], rows: readonly (readonly [string, string])[]): string {
  return [`| ${heads.join(' | ')} |`, '| --- | ---: |', ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');
}
