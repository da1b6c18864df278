import { tool } from './tool.ts';

/** A network namespace for one node, with one cable to its callers and receivers and another one to its database. */
export type NodeNetwork = {
  /** A command runs inside behind these words. */
  readonly prefix: readonly string[];
  /** Where the node is reached. */
  readonly nodeHost: string;
  /** This machine, on the cable of callers and receivers. */
  readonly outsideHost: string;
  /** This machine, on the cable of the database; and which addresses come from there. */
  readonly databaseHost: string;
  readonly databaseRange: string;
  /** Packets to the database go nowhere from now on, and nobody says so. */
  cut(): void;
  mend(): void;
  remove(): void;
};

// Reserved for tests of networks (RFC 2544), so nothing else on a machine has them.
const OUTSIDE = { here: '198.18.71.1', there: '198.18.71.2' };
const DATABASE = { here: '198.18.72.1', there: '198.18.72.2', range: '198.18.72.0/30' };

export function makeNodeNetwork(): NodeNetwork {
  const name = `hookring-${process.pid}`;
  const inside = ['ip', 'netns', 'exec', name];
  const cables = [
    { ...OUTSIDE, near: 'hkr-out0', far: 'hkr-out1' },
    { ...DATABASE, near: 'hkr-db0', far: 'hkr-db1' },
  ];
  tool('ip', 'netns', 'add', name);
  try {
    tool('ip', '-n', name, 'link', 'set', 'lo', 'up');
    for (const { here, there, near, far } of cables) {
      tool('ip', 'link', 'add', near, 'type', 'veth', 'peer', 'name', far);
      tool('ip', 'link', 'set', far, 'netns', name);
      tool('ip', 'addr', 'add', `${here}/30`, 'dev', near);
      tool('ip', 'link', 'set', near, 'up');
      tool('ip', '-n', name, 'addr', 'add', `${there}/30`, 'dev', far);
      tool('ip', '-n', name, 'link', 'set', far, 'up');
    }
  } catch (error) {
    remove(name);
    throw error;
  }
  return {
    prefix: inside,
    nodeHost: OUTSIDE.there,
    outsideHost: OUTSIDE.here,
    databaseHost: DATABASE.here,
    databaseRange: DATABASE.range,
    // The node's own end stays up, with its route: what it sends is dropped.
    cut: () => tool('ip', 'link', 'set', 'hkr-db0', 'down'),
    mend: () => tool('ip', 'link', 'set', 'hkr-db0', 'up'),
    remove: () => remove(name),
  };
}

/** The cables go with it. */
function remove(name: string): void {
  tool('ip', 'netns', 'del', name);
}
