import { median } from '../figures.ts';

export type Point = { readonly seconds: number; readonly value: number };

/** Medians of the first and of the last third of what was seen after the warm-up. */
export type Trend = { readonly first: number; readonly last: number; readonly perHour: number };

const POINTS_MIN = 6;

/** Null when there are too few points to say anything. */
export function trendOf(points: readonly Point[]): Trend | null {
  if (points.length < POINTS_MIN) return null;
  const third = Math.floor(points.length / 3);
  const [early, late] = [points.slice(0, third), points.slice(-third)];
  const [first, last] = [early, late].map((some) => median(some.map(({ value }) => value)));
  const [from, to] = [early, late].map((some) => median(some.map(({ seconds }) => seconds)));
  if (first === undefined || last === undefined || from === undefined || to === undefined) return null;
  return { first, last, perHour: ((last - first) * 3_600) / (to - from) };
}
