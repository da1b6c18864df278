import { type MasterKeys, openMasterKeys } from '../packages/server/src/store/master-key.ts';
import type { DatabaseWeather } from './database/database-line.ts';
import { NodeRegistry } from './database/node-registry.ts';
import { Notifications } from './database/notifications.ts';
import { SharedDatabase } from './database/shared-database.ts';
import { Faults } from './faults.ts';
import { Commits } from './model/commits.ts';
import { Model } from './model/model.ts';
import { Violation } from './model/violation.ts';
import { Receivers } from './network/receivers.ts';
import type { Plan } from './plan.ts';
import { Random } from './random.ts';
import { Agenda } from './time/agenda.ts';
import { Guards } from './time/forbidden.ts';
import { type Machine, WALL_START } from './time/process.ts';
import { Trace } from './trace.ts';

/** All that is not a node: the database, the network, time, and what was promised. */
export type World = {
  readonly plan: Plan;
  readonly random: Random;
  readonly agenda: Agenda;
  readonly trace: Trace;
  readonly faults: Faults;
  readonly guards: Guards;
  readonly database: SharedDatabase;
  readonly registry: NodeRegistry;
  readonly notifications: Notifications;
  readonly weather: DatabaseWeather;
  readonly model: Model;
  readonly commits: Commits;
  readonly receivers: Receivers;
  readonly masterKeys: MasterKeys;
  readonly machines: readonly Machine[];
  /** Programs that were started. */
  processes: number;
  /** The first thing that was not as it must be. */
  failure: Error | null;
  /** Receivers answer promptly, nothing goes wrong: it shall come to rest. */
  isKind: boolean;
  readonly fail: (error: unknown) => void;
};

export async function createWorld(plan: Plan): Promise<World> {
  const random = new Random(plan.seed, plan.chapter, 2);
  const agenda = new Agenda();
  const trace = new Trace();
  const guards = new Guards();
  const machines = Array.from({ length: plan.nodes }, (_, index) => ({ index, wallAheadMs: 0 }));
  const databaseNow = (): number => WALL_START + agenda.now;
  const database = new SharedDatabase(databaseNow(), plan.forgets);
  database.now = databaseNow;
  const registry = new NodeRegistry(database);
  const [first] = machines;
  const model = new Model({
    worldNow: () => agenda.now,
    ringNow: plan.kind === 'file' ? () => databaseNow() + (first?.wallAheadMs ?? 0) : databaseNow,
    isKnownInTime: plan.kind === 'cluster',
  });
  const commits = new Commits(model, database);
  const { faults: enabled, faultRate, crashRate } = plan;
  const faults = new Faults(random.fork(1), { enabled, faultRate, crashRate }, () => model.totals.deliveries);
  const notifications = new Notifications(agenda, faults);
  database.witness = {
    committed(works, incarnation) {
      commits.committed(works, incarnation);
      registry.committed(works, incarnation);
      notifications.committed(works);
    },
    reopened: () => commits.reopened(),
  };
  const masterKey = new Uint8Array(32);
  random.fork(2).fillBytes(masterKey);
  const configured = [{ id: 'simulated', key: masterKey }];
  const world: World = {
    plan,
    random,
    agenda,
    trace,
    faults,
    guards,
    database,
    registry,
    notifications,
    weather: { diskFullUntil: 0 },
    model,
    commits,
    receivers: new Receivers(model, random.fork(3), guards),
    masterKeys: await openMasterKeys({ configured, databasePath: ':memory:' }),
    machines,
    processes: 0,
    failure: null,
    isKind: false,
    fail(error) {
      world.failure ??= error instanceof Violation ? error : new Violation('sound', String(error), { cause: error });
    },
  };
  model.checks.onViolation = (violation) => world.fail(violation);
  return world;
}
