import type { Registry } from 'prom-client';
import { type CounterCell, counterFamily, type HistogramCell, histogramFamily } from './tally.ts';

const NAMES_MAX = 50;

export function single(registry: Registry, name: string, help: string): CounterCell {
  return counterFamily<never>(registry, { name, help })({});
}

export function histogram(registry: Registry, name: string, help: string, bounds: readonly number[]): HistogramCell {
  return histogramFamily<never>(registry, { name, help, bounds })({});
}

export function byName<const Name extends string, Cell>(
  names: readonly Name[],
  make: (name: Name) => Cell,
): Record<Name, Cell> {
  // fromEntries forgets the names it was given.
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Name, Cell>;
}

/**
 * One cell per name, made when it is first needed; past the limit all names share one, so labels stay few. Those `known`
 * are there from the start: a series that begins with its first event hides that event from `increase()`.
 */
export function remembered<Cell>(
  make: (name: string) => Cell,
  known: readonly string[] = [],
  namesMax: number = NAMES_MAX,
): (name: string) => Cell {
  const cells = new Map<string, Cell>(known.map((name) => [name, make(name)]));
  return (name) => {
    const found = cells.get(name) ?? (cells.size >= namesMax ? cells.get('other') : undefined);
    if (found !== undefined) return found;
    const key = cells.size >= namesMax ? 'other' : name;
    const cell = make(key);
    cells.set(key, cell);
    return cell;
  };
}
