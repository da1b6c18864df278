import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { number, text } from '../cells.ts';

export { bytes, number, numberOrNull, type Row, text, textOrNull } from '../cells.ts';

/**
 * Values of a row, or of a batch on its way between threads. A batch is one flat array of these: it clones several
 * times faster than the same values in nested objects.
 */
export type Cell = string | number | null;

/** One row as an array. The statement must have been set to return arrays. */
export function arrayOf(statement: StatementSync, ...values: SQLInputValue[]): readonly SQLOutputValue[] | undefined {
  // The types of node:sqlite know rows as objects only; setReturnArrays(true) makes them arrays.
  return statement.get(...values) as unknown as readonly SQLOutputValue[] | undefined;
}

/** All rows as arrays, one at a time. The statement must have been set to return arrays. */
export function arraysOf(statement: StatementSync, ...values: SQLInputValue[]): Iterable<readonly SQLOutputValue[]> {
  // As in arrayOf.
  return statement.iterate(...values) as unknown as Iterable<readonly SQLOutputValue[]>;
}

/** Reads the cells of a batch or of an answer, one after the other. */
export class CellReader {
  readonly #cells: readonly Cell[];
  at = 0;

  constructor(cells: readonly Cell[]) {
    this.#cells = cells;
  }

  any(): Cell {
    return this.#cells[this.at++] ?? null;
  }
  text(): string {
    return text(this.#cells[this.at++]);
  }
  textOrNull(): string | null {
    const value = this.any();
    return value === null ? null : text(value);
  }
  number(): number {
    return number(this.#cells[this.at++]);
  }
  numberOrNull(): number | null {
    const value = this.any();
    return value === null ? null : number(value);
  }
}
