import { FAULT_KINDS, slugOf } from './faults.ts';
import type { Plan } from './plan.ts';

/** What may be made smaller of a world that fails. */
export type Shrinkable = Pick<Plan, 'deliveries' | 'endpoints' | 'nodes' | 'faults'>;

const DELIVERIES_MIN = 50;
const ENDPOINTS_MIN = 2;

/**
 * Makes a failing world smaller as long as it still fails: fewer deliveries, endpoints and nodes, fewer kinds of faults. Each
 * step is tried once and kept when the same invariant breaks; `stillFails` runs a world.
 */
export async function shrink<T extends Shrinkable>(
  plan: T,
  stillFails: (plan: T) => Promise<boolean>,
  triesMax: number,
): Promise<T> {
  let best = plan;
  let tries = 0;
  async function tryIt(smaller: Partial<Shrinkable>): Promise<boolean> {
    if (tries >= triesMax) return false;
    tries += 1;
    const candidate = { ...best, ...smaller };
    if (!(await stillFails(candidate))) return false;
    best = candidate;
    return true;
  }
  for (let before: T | null = null; before !== best && tries < triesMax; ) {
    before = best;
    while (best.deliveries > DELIVERIES_MIN && (await tryIt({ deliveries: Math.ceil(best.deliveries / 2) })));
    await withoutFaults(
      () => best.faults,
      (faults) => tryIt({ faults }),
    );
    while (best.nodes > 1 && (await tryIt({ nodes: best.nodes - 1 })));
    while (best.endpoints > ENDPOINTS_MIN && (await tryIt({ endpoints: Math.ceil(best.endpoints / 2) })));
  }
  return best;
}

/** Leaves kinds out: half of them at a time, then fewer and fewer, down to single ones. */
async function withoutFaults(
  current: () => Plan['faults'],
  tryIt: (faults: Plan['faults']) => Promise<boolean>,
): Promise<void> {
  for (let size = Math.ceil(current().size / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < current().size; ) {
      const kinds = [...current()];
      const rest = new Set([...kinds.slice(0, from), ...kinds.slice(from + size)]);
      if (!(await tryIt(rest))) from += size;
    }
  }
}

/** The command that runs just this world again. */
export function commandFor({ seed, chapter, deliveries, nodes, endpoints, faults }: Plan): string {
  const slugs = FAULT_KINDS.filter((kind) => faults.has(kind)).map(slugOf);
  const only = slugs.length === 0 ? 'none' : slugs.join(',');
  return `npm run simulate -- --seed ${seed} --chapter ${chapter} --deliveries ${deliveries} --nodes ${nodes} --endpoints ${endpoints} --faults ${only}`;
}
