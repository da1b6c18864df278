import type { FaultKind } from './faults.ts';
import { type Plan, planOf } from './plan.ts';

/** Found by trying: what `tests/mutations` breaks shows in these, most of it in several. */
const SEED = 4_711;
const CHAPTERS = [0, 1, 2, 3, 4, 5];
const DELIVERIES = 3_000;
const SIEGE_DELIVERIES = 4_000;
const SILENCE_DELIVERIES = 6_000;
/** Whoever is silent for so long was taken for dead. */
const SILENCE: readonly FaultKind[] = ['event loop held up past the lease', 'node cut off from the database'];
/** Small worlds see as many changes as large ones. */
const DELIVERIES_PER_CHANGE = 25;

/**
 * Small worlds that are always the same: one whose nodes are silent for longer than their leases while much waits in their
 * memory, one at peace in which a quarter of all receivers hangs, and some where everything happens at once.
 */
export function fixedWorlds(seed = SEED): readonly Plan[] {
  const busy = CHAPTERS.map((chapter) => ({
    ...planOf(seed, chapter, { deliveries: DELIVERIES }),
    deliveriesPerChange: DELIVERIES_PER_CHANGE,
  }));
  const siege: Plan = {
    ...planOf(seed, CHAPTERS.length, { deliveries: SIEGE_DELIVERIES, nodes: 1, endpoints: 100, faults: [] }),
    deliveriesPerSecond: 800,
    isBesieged: true,
    isCramped: false,
  };
  const silence: Plan = {
    ...planOf(seed, CHAPTERS.length + 1, { deliveries: SILENCE_DELIVERIES, nodes: 3, endpoints: 20, faults: SILENCE }),
    deliveriesPerSecond: 300,
    deliveriesPerChange: 10 * SILENCE_DELIVERIES,
    faultRate: 50,
    isBesieged: true,
    isCramped: false,
  };
  return [silence, siege, ...busy];
}
