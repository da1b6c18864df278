import { type Fault, type Stage, type StoreKind, UNRECORDED } from '../fault.ts';
import type { Node, NodePlan, Role } from '../nodes.ts';
import type { Scene } from '../scene.ts';

const ROUNDS = 5;
const ROUNDS_SHORT = 1;
const LIFE_MS_MIN = 300;
const LIFE_MS_MAX = 1_500;
const DOWN_MS_MAX = 600;

const NODES: Readonly<Record<Role, readonly NodePlan[]>> = {
  all: [{ role: 'all' }, { role: 'all' }],
  api: [{ role: 'api' }, { role: 'api' }, { role: 'worker' }],
  worker: [{ role: 'api' }, { role: 'worker' }, { role: 'worker' }],
};

async function killAtRandom(scene: Scene, victims: readonly Node[]): Promise<void> {
  const rounds = scene.isShort ? ROUNDS_SHORT : ROUNDS;
  for (let round = 0; round < rounds; round += 1) {
    await scene.pause(LIFE_MS_MIN + Math.random() * (LIFE_MS_MAX - LIFE_MS_MIN));
    const victim = victims[Math.floor(Math.random() * victims.length)];
    if (victim === undefined) throw new Error('nobody to kill');
    scene.strike();
    await victim.kill();
    await scene.pause(Math.random() * DOWN_MS_MAX);
    await victim.start();
    scene.heal();
  }
}

function killing(role: Role, stores: readonly StoreKind[]): Fault {
  return {
    name: `kill-${role}`,
    breaks: `\`kill -9\` of a node with the role \`${role}\`, ${ROUNDS} times at random moments`,
    stores,
    stage: (store): Stage => (store === 'sqlite' ? {} : { nodes: NODES[role] }),
    duplicatesMax: UNRECORDED,
    run: async (scene) => {
      await killAtRandom(
        scene,
        scene.nodes.filter((node) => node.role === role),
      );
    },
  };
}

export const KILLS: readonly Fault[] = [
  killing('all', ['sqlite', 'postgres']),
  killing('api', ['postgres']),
  killing('worker', ['postgres']),
];
