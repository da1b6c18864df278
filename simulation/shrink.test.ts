import { describe, expect, it } from 'vitest';
import { FAULT_KINDS, type FaultKind } from './faults.ts';
import { planOf } from './plan.ts';
import { commandFor, type Shrinkable, shrink } from './shrink.ts';

const LARGE: Shrinkable = { deliveries: 200_000, endpoints: 900, nodes: 5, faults: new Set(FAULT_KINDS) };
const CULPRITS: readonly FaultKind[] = ['store refused', 'event loop held up'];

describe('shrinking', () => {
  it('leaves what the failure needs and nothing else', async () => {
    let runs = 0;
    const smallest = await shrink(
      LARGE,
      async ({ deliveries, endpoints, nodes, faults }) => {
        runs += 1;
        return deliveries >= 700 && endpoints >= 30 && nodes >= 2 && CULPRITS.every((kind) => faults.has(kind));
      },
      200,
    );
    expect([...smallest.faults].toSorted()).toEqual(CULPRITS.toSorted());
    expect(smallest.nodes).toBe(2);
    expect(smallest.deliveries).toBeLessThan(1_400);
    expect(smallest.endpoints).toBeLessThan(60);
    expect(runs).toBeLessThan(120);
  });

  it('tries no more often than it may', async () => {
    let runs = 0;
    await shrink(LARGE, async () => (runs += 1) > 0, 7);
    expect(runs).toBe(7);
  });

  it('tells how to run that world again', () => {
    const plan = planOf(12, 3, { deliveries: 500, nodes: 2, endpoints: 9, faults: CULPRITS });
    expect(commandFor(plan)).toBe(
      'npm run simulate -- --seed 12 --chapter 3 --deliveries 500 --nodes 2 --endpoints 9 --faults store-refused,event-loop-held-up',
    );
    expect(planOf(12, 3, { deliveries: 500, nodes: 2, endpoints: 9, faults: CULPRITS })).toEqual(plan);
  });
});
