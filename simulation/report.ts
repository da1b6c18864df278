import type { ChapterResult } from './chapter.ts';
import type { Plan } from './plan.ts';
import type { RunProgress } from './run.ts';
import { commandFor } from './shrink.ts';
import type { Totals } from './totals.ts';

const STEPS_SHOWN = 30;

export function grouped(value: number): string {
  return value.toLocaleString('en');
}

function rows(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  const wide = Math.max(...entries.map(([, value]) => value.length));
  return entries.map(([name, value]) => `  ${name.padEnd(width)}  ${value.padStart(wide)}`).join('\n');
}

function counts(record: Readonly<Record<string, number>>): string {
  return rows(Object.entries(record).map(([name, count]) => [name, grouped(count)] as const));
}

export function progressText({ ended, worlds, deliveries, faults }: RunProgress, seconds: number): string {
  const rate = Math.round(deliveries / Math.max(seconds, 0.1));
  return `${grouped(ended)} of ${grouped(worlds)} worlds, ${grouped(deliveries)} deliveries, ${grouped(faults)} faults, ${grouped(rate)} a second`;
}

/** What a run came to, for people. */
export function tableOf(totals: Totals, seconds: number): string {
  const perSecond = Math.round(totals.deliveries / Math.max(seconds, 0.001));
  const main: readonly (readonly [string, string])[] = [
    ['events', grouped(totals.events)],
    ['deliveries', grouped(totals.deliveries)],
    ['attempts', grouped(totals.attempts)],
    ['succeeded, dead, cancelled', [totals.succeeded, totals.dead, totals.cancelled].map(grouped).join(', ')],
    ['sent again by hand', grouped(totals.resent)],
    ['rotations', grouped(totals.rotations)],
    ['crashes of nodes', grouped(totals.crashes)],
    ['leases taken over', grouped(totals.takenOver)],
    ['signatures verified by receivers', grouped(totals.verified)],
    ['virtual time', `${grouped(totals.virtualSeconds)} s in ${grouped(totals.chapters)} worlds`],
    ['real time', `${seconds.toFixed(1)} s, ${grouped(perSecond)} deliveries a second`],
  ];
  const duplicates = Object.keys(totals.duplicates).length === 0 ? '  none' : counts(totals.duplicates);
  return [
    rows(main),
    `faults: ${grouped(totals.faultsInAll)}`,
    counts(totals.faults),
    'a receiver saw a delivery again that it had taken, because',
    duplicates,
    `checks: ${grouped(totals.checksInAll)}`,
    counts(totals.checks),
    `violations: ${totals.violations}`,
    `seed ${totals.seed}, trace ${totals.traceHash}`,
  ].join('\n');
}

/** What went wrong, and how to see it again. */
export function failureText({ plan, failure, lastSteps }: ChapterResult): string {
  return [
    `VIOLATION in chapter ${plan.chapter} of seed ${plan.seed}`,
    failure?.stack ?? String(failure),
    'the last steps:',
    ...lastSteps.slice(-STEPS_SHOWN),
    `again: ${commandFor(plan)}`,
  ].join('\n');
}

export function smallerText(plan: Plan, failure: Error | null): string {
  return [`smaller: ${commandFor(plan)}`, failure?.message ?? ''].join('\n');
}
