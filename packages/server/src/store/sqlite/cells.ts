import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';

/**
 * Values of a row, or of a batch on its way between threads. A batch is one flat array of these: it clones several
 * times faster than the same values in nested objects.
 */
export type Cell = string | number | null;

export type Row = Readonly<Record<string, SQLOutputValue>>;

export function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`expected text, found ${typeof value}`);
  return value;
}

export function textOrNull(value: unknown): string | null {
  return value === null ? null : text(value);
}

export function number(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError(`expected a number, found ${typeof value}`);
  return value;
}

export function numberOrNull(value: unknown): number | null {
  return value === null ? null : number(value);
}

export function bytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError(`expected bytes, found ${typeof value}`);
  return value;
}

export function bytesOrNull(value: unknown): Uint8Array | null {
  return value === null ? null : bytes(value);
}

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
