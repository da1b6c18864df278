import { MATRIX } from './matrix.ts';
import type { Outcome } from './measure.ts';

const HEADS = [
  'fault',
  'store',
  'accepted',
  'delivered',
  'lost',
  'wrongly signed',
  'duplicates',
  'at most',
  'recovers',
  'owed',
  'refused',
  'no answer',
] as const;

export function problemsOf({ violations, excess }: Outcome): readonly string[] {
  return excess === null ? violations : [...violations, excess];
}

function seconds(ms: number | null): string {
  return ms === null ? '-' : `${(ms / 1_000).toFixed(ms < 9_950 ? 1 : 0)} s`;
}

function cellsOf(outcome: Outcome): readonly string[] {
  const { name, store, recoverMs, owedMs } = outcome;
  const { accepted, delivered, lost, wronglySigned, duplicates, duplicatesMax, refused, unanswered } = outcome;
  const counts = [accepted, delivered, lost, wronglySigned, duplicates, duplicatesMax].map((count) =>
    count.toLocaleString('en'),
  );
  return [name, store, ...counts, seconds(recoverMs), seconds(owedMs), String(refused), String(unanswered)];
}

/** For a terminal; what must never be stands below it in words. */
export function plainTable(outcomes: readonly Outcome[]): string {
  const rows = [HEADS, ...outcomes.map(cellsOf)];
  const widths = HEADS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const isWord = (column: number): boolean => column < 2;
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (isWord(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  const problems = outcomes.flatMap((outcome) =>
    problemsOf(outcome).map((problem) => `${outcome.name} on ${outcome.store}: ${problem}`),
  );
  return [...lines, ...problems].join('\n');
}

export function markdownTable(outcomes: readonly Outcome[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const aligned = HEADS.map((_, column) => (column < 2 ? '---' : '---:'));
  return [row(HEADS), row(aligned), ...outcomes.map((outcome) => row(cellsOf(outcome)))].join('\n');
}

/** What each row breaks, and why an event may come twice then. */
export function markdownRows(): string {
  return MATRIX.map(({ name, stores, breaks, duplicatesMax }) => {
    const where = stores.length === 1 ? ` (${stores[0]} only)` : '';
    return `- **${name}**${where}: ${breaks}. Duplicates: ${duplicatesMax.words}.`;
  }).join('\n');
}
