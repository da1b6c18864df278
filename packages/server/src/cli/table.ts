import { stripVTControlCharacters, styleText } from 'node:util';
import type { Io } from './io.ts';

export type Column<Row> = {
  readonly title: string;
  readonly text: (row: Row) => string;
  /** May be shortened when the terminal is too narrow; ids never are, because people copy them. */
  readonly shrinks?: boolean;
};

const GAP = '  ';
const CHARACTERS = new Intl.Segmenter('en', { granularity: 'grapheme' });
const SHRUNK_LENGTH_MIN = 12;

/** Rows in columns as wide as their content; on a terminal the columns that may shrink give way. */
export function table<Row>(
  io: Pick<Io, 'columns' | 'color'>,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): string {
  const cells = rows.map((row) => columns.map(({ text }) => clean(text(row))));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((line) => width(line[index] ?? ''))),
  );
  if (io.columns !== null) shrink(widths, columns, io.columns);
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, index) => fit(text, widths[index] ?? 0))
      .join(GAP)
      .trimEnd();
  const heading = line(columns.map(({ title }) => title));
  return [io.color ? styleText('bold', heading, { validateStream: false }) : heading, ...cells.map(line)].join('\n');
}

/** `name  value` lines, names in one column. */
export function facts(pairs: readonly (readonly [string, string])[]): string {
  const nameWidth = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(nameWidth)}${GAP}${clean(value)}`.trimEnd()).join('\n');
}

function shrink<Row>(widths: number[], columns: readonly Column<Row>[], terminal: number): void {
  const total = (): number => widths.reduce((sum, each) => sum + each, 0) + GAP.length * (widths.length - 1);
  for (;;) {
    let widest = -1;
    for (const [index, column] of columns.entries()) {
      const here = widths[index] ?? 0;
      if (column.shrinks === true && here > SHRUNK_LENGTH_MIN && here > (widths[widest] ?? 0)) widest = index;
    }
    if (widest === -1 || total() <= terminal) return;
    widths[widest] = Math.max(SHRUNK_LENGTH_MIN, (widths[widest] ?? 0) - Math.max(1, total() - terminal));
  }
}

/** Exactly so long: filled with blanks, or shortened. */
export function fit(text: string, length: number): string {
  const here = width(text);
  if (here <= length) return text + ' '.repeat(length - here);
  return `${charactersOf(text)
    .slice(0, length - 1)
    .join('')}…`;
}

export function width(text: string): number {
  return charactersOf(text).length;
}

function charactersOf(text: string): string[] {
  return Array.from(CHARACTERS.segment(text), ({ segment }) => segment);
}

/** Control characters, and those that turn the direction of writing around. */
const STEERING = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** What a tenant wrote must not move the cursor or colour the terminal of an operator. */
export function clean(text: string): string {
  return stripVTControlCharacters(text).replace(STEERING, ' ');
}
