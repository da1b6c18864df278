import { cpus } from 'node:os';

export const MACHINE = `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.versions.node}`;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1] ?? 0, sorted[Math.floor(sorted.length / 2)] ?? 0];
  return (low + high) / 2;
}

/** Of values in order; the share is between 0 and 1. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))] ?? 0;
}

export function rate(value: number): string {
  return `${wholeOf(value)}/s`;
}

export function wholeOf(value: number): string {
  return Math.round(value).toLocaleString('en');
}

export function twoDigits(value: number): string {
  return value.toFixed(2);
}

export function threeDigits(value: number): string {
  return value.toFixed(3);
}

export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1_024 / 1_024)} MiB`;
}
