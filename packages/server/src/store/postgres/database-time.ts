/**
 * The time that leases, partitions and changes go by: the database's, which all nodes share. Tests that move a clock by
 * hand give theirs instead.
 */
export type GivenTime = () => number | null;

const DATABASE_MS = 'floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

/** Milliseconds in a statement whose parameter of that number is the given time. */
export function nowMs(parameter: number): string {
  return `coalesce($${parameter}::bigint, ${DATABASE_MS})`;
}

/** The same in a statement without parameters. */
export function nowMsText(given: number | null): string {
  return given === null ? DATABASE_MS : `${Math.floor(given)}::bigint`;
}
