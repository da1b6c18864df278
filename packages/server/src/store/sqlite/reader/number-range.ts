import type { DatabaseSync } from 'node:sqlite';
import { number, numberOrNull } from '../cells.ts';

/**
 * Rows are numbered when they are written, which may be so much later than what they tell of: a send takes its time,
 * and what is to be written waits while the store takes no writes. A clock that steps back is within it too.
 */
const WRITTEN_LATE_MS_MAX = 600_000;

export type NumberRange = { readonly from: number; readonly to: number };

/** The numbers between which every row lies that is of a range of time, found by halving: no index by time is kept. */
export function createNumberRange(
  db: DatabaseSync,
  { table, time }: { readonly table: 'attempts' | 'audit'; readonly time: 'started_at' | 'at' },
): (since: number | null, until: number | null) => NumberRange {
  const highest = db.prepare(`SELECT max(number) AS number FROM ${table}`);
  const next = db.prepare(`SELECT number, ${time} FROM ${table} WHERE number >= ? ORDER BY number LIMIT 1`);

  function numberAt(at: number, end: number): number {
    let low = 0;
    let high = end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const row = next.get(middle);
      if (row !== undefined && number(row[time]) < at) low = number(row['number']) + 1;
      else high = middle;
    }
    return low;
  }

  return (since, until) => {
    if (since === null && until === null) return { from: 0, to: Number.MAX_SAFE_INTEGER };
    const end = (numberOrNull(highest.get()?.['number'] ?? null) ?? 0) + 1;
    return {
      from: since === null ? 0 : numberAt(since - WRITTEN_LATE_MS_MAX, end),
      to: until === null ? Number.MAX_SAFE_INTEGER : numberAt(until + WRITTEN_LATE_MS_MAX, end),
    };
  };
}
