import { number, type Row } from './cells.ts';
import type { Page } from './port.ts';

/** Above every number of a row. */
export const NUMBER_MAX = Number.MAX_SAFE_INTEGER;
/** Above every id: ids are ASCII. */
export const TEXT_MAX = '\u{10ffff}';

/** A cursor made of a row's number; an unreadable one begins at the newest row. */
export function numberCursor(after: string | null): number {
  if (after === null) return NUMBER_MAX;
  const parsed = Number(after);
  return Number.isSafeInteger(parsed) ? parsed : NUMBER_MAX;
}

/** A page of rows of which one more than `itemsMax` was asked for. */
export function pageOf<T>(
  rows: readonly Row[],
  itemsMax: number,
  itemOf: (row: Row) => T,
  cursorOf: (row: Row) => string,
): Page<T> {
  const kept = rows.length > itemsMax ? rows.slice(0, itemsMax) : rows;
  const last = kept.at(-1);
  const nextCursor = rows.length > itemsMax && last !== undefined ? cursorOf(last) : null;
  return { items: kept.map(itemOf), nextCursor };
}

export function numberOf(row: Row): string {
  return String(number(row['number']));
}
