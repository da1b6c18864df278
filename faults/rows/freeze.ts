import { type Fault, LEASES_LOST } from '../fault.ts';

/** Longer than a lease and than any heart beat may be late. */
const FROZEN_MS = 17_000;
const FROZEN_SHORT_MS = 1_000;

export const FREEZE: Fault = {
  name: 'freeze',
  breaks: `SIGSTOP of a node for ${FROZEN_MS / 1_000} s, longer than a lease, then SIGCONT`,
  stores: ['sqlite', 'postgres'],
  stage: (store) => (store === 'sqlite' ? {} : { nodes: [{ role: 'all' }, { role: 'all' }] }),
  duplicatesMax: LEASES_LOST,
  run: async (scene) => {
    const [node] = scene.nodes;
    scene.strike();
    node?.freeze();
    await scene.hold(FROZEN_MS, FROZEN_SHORT_MS);
    node?.thaw();
    scene.heal();
  },
};
