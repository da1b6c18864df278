import { readFileSync } from 'node:fs';
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

/** Reserved for tests of networks (RFC 2544), so nothing else on a machine has them; two runs at once have others. */
const BLOCK = `198.18.${process.pid % 256}`;
const OUTSIDE = { here: `${BLOCK}.1`, there: `${BLOCK}.2`, near: `hk${process.pid}o0`, far: `hk${process.pid}o1` };
const DATABASE = { here: `${BLOCK}.5`, there: `${BLOCK}.6`, near: `hk${process.pid}d0`, far: `hk${process.pid}d1` };
const DATABASE_RANGE = `${BLOCK}.4/30`;

export function makeNodeNetwork(): NodeNetwork {
  const name = `hookring-${process.pid}`;
  const inside = ['ip', 'netns', 'exec', name];
  tool('ip', 'netns', 'add', name);
  try {
    tool('ip', '-n', name, 'link', 'set', 'lo', 'up');
    for (const { here, there, near, far } of [OUTSIDE, DATABASE]) {
      tool('ip', 'link', 'add', near, 'type', 'veth', 'peer', 'name', far);
      tool('ip', 'link', 'set', far, 'netns', name);
      tool('ip', 'addr', 'add', `${here}/30`, 'dev', near);
      tool('ip', 'link', 'set', near, 'up');
      tool('ip', '-n', name, 'addr', 'add', `${there}/30`, 'dev', far);
      tool('ip', '-n', name, 'link', 'set', far, 'up');
    }
    // Known for good: a machine that is asked for and does not answer would be told of as unreachable.
    const address = readFileSync(`/sys/class/net/${DATABASE.near}/address`, 'utf8').trim();
    tool(
      'ip',
      '-n',
      name,
      'neigh',
      'replace',
      DATABASE.here,
      'lladdr',
      address,
      'dev',
      DATABASE.far,
      'nud',
      'permanent',
    );
  } catch (error) {
    remove(name);
    throw error;
  }
  return {
    prefix: inside,
    nodeHost: OUTSIDE.there,
    outsideHost: OUTSIDE.here,
    databaseHost: DATABASE.here,
    databaseRange: DATABASE_RANGE,
    // The node's own end stays up, with its route: what it sends is dropped.
    cut: () => tool('ip', 'link', 'set', DATABASE.near, 'down'),
    mend: () => tool('ip', 'link', 'set', DATABASE.near, 'up'),
    remove: () => remove(name),
  };
}

/** The cables go with it. */
function remove(name: string): void {
  tool('ip', 'netns', 'del', name);
}
