import type { Line } from './targets.ts';

const HEADS = ['measure', 'figure', 'ratio', 'target', ''] as const;

function cellsOf({ measure, figure, ratio, target, met }: Line): readonly string[] {
  return [measure, figure, ratio, target, met === null ? '' : met ? 'met' : 'missed'];
}

/** For a terminal. */
export function plainTable(lines: readonly Line[]): string {
  const rows = [HEADS, ...lines.map(cellsOf)];
  const widths = HEADS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function markdownTable(lines: readonly Line[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [row(HEADS), row(HEADS.map(() => '---')), ...lines.map((line) => row(cellsOf(line)))].join('\n');
}
