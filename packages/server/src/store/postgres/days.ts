import { uuidAt } from './uuids.ts';

/** A day in UTC, as it stands in the names of partitions: `20270115`. */
export type Day = string & { readonly day: unique symbol };

export const DAY_MS = 24 * 3_600 * 1_000;
const FIRST_MS = Date.UTC(2020, 0, 1);
const LAST_MS = Date.UTC(2100, 0, 1);
const DAY = /^(\d{4})(\d{2})(\d{2})$/;

/** Null for a time at which nothing of this program can have been made: nobody can have such partitions made. */
export function dayAt(ms: number): Day | null {
  if (!(ms >= FIRST_MS && ms < LAST_MS)) return null;
  return dayOf(ms);
}

export function parseDay(name: string): Day | null {
  const parts = DAY.exec(name);
  if (parts === null) return null;
  const day = dayAt(Date.UTC(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3])));
  return day === name ? day : null;
}

export function startOf(day: Day): number {
  return Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6)));
}

export function endOf(day: Day): number {
  return startOf(day) + DAY_MS;
}

/** Ids of a day: from the first, below the second. */
export function boundsOf(day: Day): readonly [string, string] {
  return [uuidAt(startOf(day)), uuidAt(endOf(day))];
}

function dayOf(ms: number): Day {
  return new Date(ms).toISOString().slice(0, 10).replaceAll('-', '') as Day; // Eight digits.
}
