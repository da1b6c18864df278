import { DatabaseError } from 'pg';
import type { StoreUnavailableReason } from '../port.ts';

/**
 * What an error of a statement that is a transaction of its own says.
 *
 * - `again`: others were in the way; nothing was stored, and the next try may well work.
 * - `outage`: the server takes nothing for a moment. Where `isOpen` is true nobody said whether the statement was committed.
 * - `refused`: the server takes nothing until somebody does something about it; nothing was stored.
 * - `broken`: a value of the statement can never be stored; nothing was.
 * - `no_partition`: a day has no room yet; nothing was stored.
 */
export type Fault =
  | { readonly kind: 'again' }
  | { readonly kind: 'outage'; readonly isOpen: boolean }
  | { readonly kind: 'refused'; readonly reason: StoreUnavailableReason }
  | { readonly kind: 'broken' }
  | { readonly kind: 'no_partition' };

const AGAIN: Fault = { kind: 'again' };
const BROKEN: Fault = { kind: 'broken' };
const NO_PARTITION: Fault = { kind: 'no_partition' };
const OPEN_OUTAGE: Fault = { kind: 'outage', isOpen: true };
const OUTAGE: Fault = { kind: 'outage', isOpen: false };
const REFUSED: Fault = { kind: 'refused', reason: 'commit_failed' };
const DISK_FULL: Fault = { kind: 'refused', reason: 'disk_low' };

/** By the whole state first, then by its class: the first two characters. Everything else is `refused`. */
const FAULTS: Readonly<Record<string, Fault>> = {
  // Serialization failure, deadlock, a lock that was not given in time.
  '40001': AGAIN,
  '40P01': AGAIN,
  '55P03': AGAIN,
  // The commit was under way when something happened to it.
  '40003': OPEN_OUTAGE,
  // It took too long, or somebody cancelled it.
  '57014': OUTAGE,
  // The connection is ended, perhaps after the commit: by an administrator, by a crash of another backend, by idleness.
  '57P01': OPEN_OUTAGE,
  '57P02': OPEN_OUTAGE,
  '57P05': OPEN_OUTAGE,
  // The server starts, stops, or has no connection or memory to give.
  '57P03': OUTAGE,
  '53200': OUTAGE,
  '53300': OUTAGE,
  '53100': DISK_FULL,
  // No row fits the index, or it is nested too deeply: of this value alone.
  '54': BROKEN,
  '08': OPEN_OUTAGE,
  '21': BROKEN,
  '22': BROKEN,
  '23': BROKEN,
};

const CHECK_VIOLATION = '23514';

export function faultOf(error: unknown): Fault {
  // Whatever is no word of the server's comes from the connection: it was not had, or broke, or brought no answer in time.
  if (!(error instanceof DatabaseError) || error.code === undefined) return OPEN_OUTAGE;
  const { code } = error;
  // A check of a table names its constraint; that there is no partition does not. The message may be in any language.
  if (code === CHECK_VIOLATION && error.constraint === undefined) return NO_PARTITION;
  return FAULTS[code] ?? FAULTS[code.slice(0, 2)] ?? REFUSED;
}

/** At most so many tries of what others were in the way of. */
export const AGAIN_MAX = 5;
/** An outage is waited for as long as this. */
export const OUTAGE_MS_MAX = 10_000;
const PAUSE_MS_MIN = 5;
const PAUSE_MS_MAX = 500;

/** Grows from try to try, and differs between those who were in each other's way. `tries` counts from 1. */
export function pauseMs(tries: number, random: () => number): number {
  const most = Math.min(PAUSE_MS_MAX, PAUSE_MS_MIN * 2 ** tries);
  return most * (0.5 + random() / 2);
}
