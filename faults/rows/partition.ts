import { type Fault, LEASES_LOST, type Stage } from '../fault.ts';
import { cannotMakeNetworks } from '../machine.ts';
import { makeNodeNetwork, type NodeNetwork } from '../network.ts';
import { type Relay, startRelay } from '../relay.ts';

/** Longer than a lease. */
const CUT_MS = 20_000;
const ALL_CUT_MS = 12_000;

let network: NodeNetwork | null = null;
let relay: Promise<Relay> | null = null;

export const PARTITION: Fault = {
  name: 'partition',
  breaks: `one of two nodes is cut off from PostgreSQL for ${CUT_MS / 1_000} s, longer than a lease: packets go nowhere (a network namespace)`,
  stores: ['postgres'],
  cannot: cannotMakeNetworks,
  stage: (): Stage => {
    const made = makeNodeNetwork();
    network = made;
    const { prefix, nodeHost, outsideHost, databaseHost, databaseRange } = made;
    return {
      nodes: [
        {
          role: 'all',
          prefix,
          environment: { HOOKRING_HOST: nodeHost },
          database: async (port) => ({ host: databaseHost, port }),
        },
        { role: 'all' },
      ],
      environment: { HOOKRING_ALLOW_PRIVATE: `${outsideHost}/32` },
      receiverHost: outsideHost,
      postgresFlags: ['-c', `listen_addresses=127.0.0.1,${databaseHost}`],
      postgresAccess: `host all all ${databaseRange} password`,
      remove: () => made.remove(),
    };
  },
  duplicatesMax: LEASES_LOST,
  run: async (scene) => {
    scene.strike();
    network?.cut();
    await scene.hold(CUT_MS);
    network?.mend();
    scene.heal();
  },
};

export const PARTITION_ALL: Fault = {
  name: 'partition-all',
  breaks: `all nodes are cut off from PostgreSQL for ${ALL_CUT_MS / 1_000} s: bytes stay in the wire (a relay that stops reading)`,
  stores: ['postgres'],
  stage: (): Stage => {
    const database = async (port: number): Promise<Relay> => await (relay ??= startRelay({ host: '127.0.0.1', port }));
    return {
      nodes: [
        { role: 'all', database },
        { role: 'all', database },
      ],
      remove: async () => {
        await (await relay)?.stop();
        relay = null;
      },
    };
  },
  duplicatesMax: LEASES_LOST,
  run: async (scene) => {
    scene.strike();
    const wire = await relay;
    wire?.cut();
    await scene.hold(ALL_CUT_MS);
    wire?.mend();
    scene.heal();
  },
};
