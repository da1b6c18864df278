import type { FaultKind } from './faults.ts';
import { audit, auditDue, auditRings } from './model/audit.ts';
import type { Model } from './model/model.ts';
import { type Invariant, Violation } from './model/violation.ts';
import { SimulatedNode } from './node.ts';
import type { Plan } from './plan.ts';
import { inTurns } from './time/turns.ts';
import { STEP } from './trace.ts';
import { Weather } from './weather.ts';
import { Arrivals } from './workload/arrivals.ts';
import { Changes } from './workload/changes.ts';
import { Clients } from './workload/clients.ts';
import { Population } from './workload/population.ts';
import { createWorld, type World } from './world.ts';

/** What came of one world. */
export type ChapterResult = {
  readonly plan: Plan;
  /** Null: everything held. */
  readonly failure: Error | null;
  readonly totals: World['model']['totals'];
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly crashes: number;
  readonly reaped: number;
  readonly duplicates: ReadonlyMap<string, number>;
  readonly checks: Readonly<Record<Invariant, number>>;
  readonly virtualMs: number;
  readonly steps: number;
  readonly hash: string;
  readonly lastSteps: readonly string[];
};

const AUDIT_EVERY_MS = 60_000;
/** In a kind world everything that is owed goes out within so long, unless a rate makes it wait. */
const REST_MS_MAX = 240_000;
const START_MS_MAX = 120_000;
const STOP_MS_MAX = 60_000;
/** Of the deliveries of a world. */
const PEACEFUL_SHARE = 0.03;
const ALWAYS_HASHED_DELIVERIES_MAX = 20_000;
const HASHED_EVERY = 8;
const FOR_EVER = Number.MAX_SAFE_INTEGER;

/** Runs one world from its beginning to its rest. */
export async function runChapter(
  plan: Plan,
  onProgress: (deliveries: number, faults: number) => void = () => {},
): Promise<ChapterResult> {
  const world = await createWorld(plan);
  const nodes = world.machines.map((machine) => new SimulatedNode(world, machine));
  const clients = new Clients(world, nodes);
  const population = new Population(world, clients);
  const arrivals = new Arrivals(world, clients, population);
  const changes = new Changes(world, clients, population, arrivals);
  const weather = new Weather(world, nodes);
  const story = tell({ world, nodes, population, arrivals, changes, weather });
  let told = false;
  story.then(
    () => (told = true),
    (error: unknown) => world.fail(error),
  );
  const { agenda, guards, model } = world;
  let turns = 0;
  try {
    await inTurns(() => {
      if (told || world.failure !== null) return false;
      turns += 1;
      if (turns % 50_000 === 0) onProgress(model.totals.deliveries, world.faults.inAll);
      const run = agenda.next(FOR_EVER);
      if (run === null) throw new Error('nothing more happens in the simulated world');
      run();
      return true;
    }, guards);
  } catch (error) {
    world.fail(error);
  }
  const { trace, faults, registry, failure } = world;
  if (failure === null) hashTables(world);
  world.database.close();
  return {
    plan,
    failure,
    totals: model.totals,
    faults: faults.counts,
    crashes: nodes.reduce((sum, node) => sum + node.crashes, 0),
    reaped: registry.reaped,
    duplicates: model.duplicates,
    checks: model.checks.counts,
    virtualMs: agenda.now,
    steps: trace.steps,
    hash: trace.digest(),
    lastSteps: trace.last(60),
  };
}

type Cast = {
  readonly world: World;
  readonly nodes: readonly SimulatedNode[];
  readonly population: Population;
  readonly arrivals: Arrivals;
  readonly changes: Changes;
  readonly weather: Weather;
};

async function tell(cast: Cast): Promise<void> {
  const { world, nodes, arrivals, changes, weather } = cast;
  const { plan, model, faults } = world;
  faults.on = false;
  for (const node of nodes) node.start();
  await until(
    world,
    START_MS_MAX,
    () => nodes.every(({ running }) => running !== null),
    'sound',
    () => 'the nodes did not start',
  );
  await populate(cast);
  arrivals.start();
  changes.start();
  // Every world begins in peace: some promises are only made while nothing is wrong.
  const { totals } = model;
  await until(
    world,
    FOR_EVER,
    () => totals.deliveries >= plan.deliveries * PEACEFUL_SHARE,
    'sound',
    () => '',
  );
  faults.on = true;
  weather.start();
  auditNowAndThen(world);
  await until(
    world,
    FOR_EVER,
    () => model.totals.deliveries >= plan.deliveries,
    'sound',
    () => '',
  );
  // From here on the world is kind.
  arrivals.stop();
  changes.stop();
  weather.stop();
  faults.on = false;
  world.isKind = true;
  world.receivers.isKind = true;
  const isUp = (): boolean => nodes.every(({ running }) => running !== null) && weather.isCalm && changes.isIdle;
  await until(world, REST_MS_MAX, isUp, 'sound', () => 'the nodes did not come up again');
  const isAtRest = (): boolean => {
    // What failed before the world was kind may still suspend an endpoint.
    changes.resumeAll();
    const { deliveries, succeeded, dead, cancelled } = model.totals;
    return succeeded + dead + cancelled === deliveries;
  };
  await until(
    world,
    REST_MS_MAX + longestByRateMs(model),
    isAtRest,
    'durable',
    () => `still owed in a world where nothing goes wrong: ${owed(model)}`,
  );
  fullAudit(world, true);
  for (const node of nodes) await node.stop();
  await until(
    world,
    STOP_MS_MAX,
    () => true,
    'sound',
    () => 'the nodes did not stop',
  );
  fullAudit(world, true);
}

/** How long the endpoint that needs longest is sent what it is owed, no faster than its rate. */
function longestByRateMs({ endpoints }: Model): number {
  let longest = 0;
  for (const { owedCount, row } of endpoints.values()) {
    if (row.ratePerSecond !== null) longest = Math.max(longest, (owedCount * 1_000) / row.ratePerSecond);
  }
  return longest;
}

/** Some of what is owed, and how it stands. */
function owed(model: Model): string {
  const all = [...model.deliveries.values()].filter(({ end }) => end === null);
  const some = all.slice(0, 3).map(({ id, endpoint, lease, dueAt, requests }) => {
    return `${id} to ${endpoint.id} (${endpoint.row.status.kind}), lease ${lease}, due ${dueAt - model.options.ringNow()} ms from now, ${requests?.count ?? 0} requests`;
  });
  return `${all.length}: ${some.join('; ')}`;
}

async function populate({ world, population }: Cast): Promise<void> {
  const { plan, random } = world;
  let made = 0;
  for (let index = 0; index < plan.organizations; index += 1) population.addOrganization(() => (made += 1));
  await until(
    world,
    START_MS_MAX,
    () => made === plan.organizations,
    'sound',
    () => 'the organizations were not made',
  );
  let endpoints = 0;
  for (let index = 0; index < plan.endpoints; index += 1) {
    const tenant = population.tenants[index] ?? random.pick(population.tenants);
    population.addEndpoint(tenant, () => (endpoints += 1));
  }
  await until(
    world,
    START_MS_MAX,
    () => endpoints === plan.endpoints,
    'sound',
    () => 'the endpoints were not made',
  );
}

/** Resolves once it holds; looks at it now and then. */
function until(
  { agenda, fail }: World,
  withinMs: number,
  holds: () => boolean,
  invariant: Invariant,
  problem: () => string,
): Promise<void> {
  const deadline = agenda.now + withinMs;
  return new Promise((resolve) => {
    function look(): void {
      if (holds()) resolve();
      else if (agenda.now >= deadline) fail(new Violation(invariant, problem()));
      else agenda.after(20, look);
    }
    look();
  });
}

function auditNowAndThen(world: World): void {
  world.agenda.after(AUDIT_EVERY_MS, () => {
    if (world.isKind) return;
    fullAudit(world, false);
    auditNowAndThen(world);
  });
}

function fullAudit(world: World, isLast: boolean): void {
  const { model, database, registry, trace, agenda, plan } = world;
  trace.add(agenda.now, STEP.audit, model.totals.deliveries, model.totals.attempts);
  audit(model, database);
  if (isLast) auditRings(model, database);
  if (plan.kind === 'cluster') auditDue(model, database, (endpointId) => registry.answererOf(endpointId) !== null);
}

/**
 * Every row that is left, so that two runs are known to be the same to the last byte; of most large worlds what changed them
 * must do.
 */
function hashTables({ database, trace, plan }: World): void {
  if (plan.deliveries > ALWAYS_HASHED_DELIVERIES_MAX && plan.chapter % HASHED_EVERY !== 0) return;
  for (const table of ['events', 'deliveries', 'attempts', 'endpoints', 'secrets', 'secret_history', 'audit']) {
    const select = database.db.prepare(`SELECT * FROM ${table} ORDER BY 1`);
    select.setReturnArrays(true);
    for (const row of select.iterate()) trace.text(Object.values(row).join('\u001f'));
  }
}
