import type { StoreKind } from './database/open-store.ts';
import { DELIVERIES_BETWEEN, FAULT_KINDS, type FaultKind } from './faults.ts';
import { Random } from './random.ts';

/** One world, from its beginning to its rest. Everything in it follows from this and nothing else. */
export type Plan = {
  readonly seed: number;
  readonly chapter: number;
  readonly kind: StoreKind;
  readonly nodes: number;
  readonly organizations: number;
  readonly endpoints: number;
  /** It comes to rest once so many were made. */
  readonly deliveries: number;
  /** Of virtual time. */
  readonly deliveriesPerSecond: number;
  readonly latencyMsMax: number;
  readonly faults: ReadonlySet<FaultKind>;
  /** How much more often than usual things go wrong. */
  readonly faultRate: number;
  /** The same of crashes, which cost a node all that it remembered. */
  readonly crashRate: number;
  /** Customers change something once in so many deliveries. */
  readonly deliveriesPerChange: number;
  /** History is removed after a while, as it is after weeks in the real world. */
  readonly forgets: boolean;
  /** Small bounds of a node's memory, so that what is rare on a large one happens often. */
  readonly isCramped: boolean;
  /** Many receivers hang, and a node has not many requests in flight: those who answer must not notice. */
  readonly isBesieged: boolean;
};

/** What the command line fixes; what it leaves open is drawn from the seed. */
export type PlanOverrides = {
  readonly nodes?: number | undefined;
  readonly deliveries?: number | undefined;
  readonly endpoints?: number | undefined;
  /** These and no others. */
  readonly faults?: readonly FaultKind[] | undefined;
};

export const CHAPTER_DELIVERIES = 200_000;
/** So many see enough changes, also when these are rarer. */
const LARGE_DELIVERIES = 100_000;
const NODES_MAX = 6;
/** One world in so many is at peace, so that what must hold then is looked at as well. */
const PEACEFUL_SHARE = 0.07;
/** What really arrives of the deliveries that a world shall have in a second: not everybody subscribes to everything. */
export const ARRIVING_SHARE = 0.45;
/** Crashes that each node of a world bears in a virtual second, and endpoints that it soon knows again after one. */
const CRASHES_PER_NODE_SECOND_MAX = 0.3;
const EASY_ENDPOINTS = 800;
const FILE_SHARE = 0.2;
/** A kind of fault is left out of a world so often: some mistakes show only where others do not hide them. */
const LEFT_OUT_SHARE = 0.15;

const CRAMPED_SHARE = 0.12;
const BESIEGED_SHARE = 0.12;

/** What can happen only where the database is somewhere else. */
const NOT_OF_FILES: ReadonlySet<FaultKind> = new Set<FaultKind>([
  "store's answer late after its commit",
  "store's answer lost after its commit",
  'event loop held up past the lease',
  'node cut off from the database',
  'notification lost',
  'change feed delayed',
  'read refused',
]);

/** Besieged ones are slow, so that what goes to those who answer fits into their half of the requests in flight. */
function kindOfNode(random: Random): Pick<Plan, 'isCramped' | 'isBesieged'> {
  const kind = random.next();
  return { isCramped: kind < CRAMPED_SHARE, isBesieged: kind >= 1 - BESIEGED_SHARE };
}

/** Every chapter is another world: how many nodes, how large, how slow, and what goes wrong there. */
export function planOf(seed: number, chapter: number, overrides: PlanOverrides = {}): Plan {
  const random = new Random(seed, chapter, 1);
  const isFile = random.chance(FILE_SHARE) && (overrides.nodes ?? 1) === 1;
  const kind: StoreKind = isFile ? 'file' : 'cluster';
  const drawnNodes = random.between(2, NODES_MAX);
  const isPeaceful = random.chance(PEACEFUL_SHARE);
  const drawnEndpoints = random.chance(0.3) ? random.between(800, 3_000) : random.between(40, 500);
  const endpoints = overrides.endpoints ?? drawnEndpoints;
  const deliveries = overrides.deliveries ?? CHAPTER_DELIVERIES;
  const nodes = overrides.nodes ?? (isFile ? 1 : drawnNodes);
  const deliveriesPerSecond = random.pick([200, 400, 800, 1_600]);
  const possible = FAULT_KINDS.filter((fault) => !(isFile && NOT_OF_FILES.has(fault)));
  const drawnFaults = possible.filter(() => !random.chance(LEFT_OUT_SHARE));
  return {
    seed,
    chapter,
    kind,
    nodes,
    organizations: Math.max(
      2,
      Math.floor(endpoints / (random.chance(0.5) ? random.between(2, 12) : random.between(12, 40))),
    ),
    endpoints,
    deliveries,
    deliveriesPerSecond,
    latencyMsMax: random.pick([1, 3, 8]),
    faults: new Set(overrides.faults ?? (isPeaceful ? [] : drawnFaults)),
    faultRate: random.pick([0.5, 1, 1, 2]),
    crashRate: crashRateOf(nodes, endpoints, deliveriesPerSecond),
    deliveriesPerChange: random.pick(deliveries < LARGE_DELIVERIES ? [150, 300, 1_000] : [400, 1_000, 2_500]),
    forgets: random.chance(0.5),
    ...kindOfNode(random),
  };
}

/** Where deliveries come fast there is less time for crashes; after one, a node must read what it knew of its endpoints. */
function crashRateOf(nodes: number, endpoints: number, deliveriesPerSecond: number): number {
  const kinds = FAULT_KINDS.filter((kind) => kind.startsWith('crash'));
  const perDelivery = kinds.reduce((sum, kind) => sum + 1 / DELIVERIES_BETWEEN[kind], 0);
  const perSecond = perDelivery * deliveriesPerSecond * ARRIVING_SHARE;
  const borne = Math.min(1, (nodes * CRASHES_PER_NODE_SECOND_MAX) / perSecond);
  return borne * Math.min(1, EASY_ENDPOINTS / endpoints);
}
