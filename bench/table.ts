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

/** Of as many columns as there are heads. */
export function markdownTable(lines: readonly Line[], heads: readonly string[] = HEADS): string {
  const row = (cells: readonly string[]): string => `| ${cells.slice(0, heads.length).join(' | ')} |`;
  return [row(heads), row(heads.map(() => '---')), ...lines.map((line) => row(cellsOf(line)))].join('\n');
}
