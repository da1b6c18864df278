import type { Clock } from '../domain/clock.ts';

/**
 * What monotonic clocks may hide. They stand still while a machine is suspended, as when a virtual one is paused, and the
 * wall clock goes on; so do other nodes. Others' patience has this much to spare.
 */
const UNSEEN_MS = 100;

/** A moment by both clocks of a machine. */
export type Moment = { readonly monotonic: number; readonly wall: number };

export function momentOf(clock: Clock): Moment {
  // Held up between the two, it seems to have slept, and never the other way round.
  const wall = clock.now();
  return { monotonic: clock.monotonic(), wall };
}

/**
 * Whether more time has gone by since then than the monotonic clock knows. A wall clock that was set ahead looks the same,
 * and costs a question that was not needed. A pause that a hypervisor hides from both clocks cannot be seen here.
 */
export function sleptSince(clock: Clock, { monotonic, wall }: Moment): boolean {
  const awake = clock.monotonic() - monotonic;
  return clock.now() - wall - awake > UNSEEN_MS;
}
