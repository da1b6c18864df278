import { type AppContext, SILENT_APP_TELEMETRY } from '../packages/server/src/app/context.ts';
import { createApp } from '../packages/server/src/app/create-app.ts';
import { createIdSource } from '../packages/server/src/domain/ids.ts';
import { NATIVE_ROTATION_LIMITS } from '../packages/server/src/domain/policy-choice.ts';
import { createEngine, type EngineWithParts } from '../packages/server/src/engine/create-engine.ts';
import { DEFAULT_ENGINE_SETTINGS, type EngineSettings } from '../packages/server/src/engine/settings.ts';
import { SILENT_TELEMETRY } from '../packages/server/src/engine/telemetry.ts';
import { type Store, StoreUnavailable } from '../packages/server/src/store/port.ts';
import { createVault } from '../packages/server/src/store/vault.ts';
import { type OpenedStore, openStore } from './database/open-store.ts';
import { Violation } from './model/violation.ts';
import { SimulatedSender } from './network/simulated-sender.ts';
import type { Plan } from './plan.ts';
import { type Machine, SimulatedProcess } from './time/process.ts';
import { STEP } from './trace.ts';
import type { World } from './world.ts';

/** So that what is owed no more is gone after a minute and a half. */
const RETENTION_DAYS = 0.001;
const LONG_RETENTION_DAYS = 30;
const RETRY_SCHEDULE = [1, 2, 5, 10, 20];
/** Whoever watches over it most often starts it again at once. */
const RESTART_MS_MAX = 8_000;
const QUICK_RESTART_MS_MAX = 600;
const SLOW_RESTART_SHARE = 0.2;

const CRAMPED = {
  inFlight: 96,
  memoryDeliveries: 800,
  memoryBytes: 4 * 1_024 * 1_024,
  lanes: 150,
  unrecorded: 300,
  endpointsKept: 60,
};

const BESIEGED = { inFlight: 256 };

/** A program that runs. */
export type Running = {
  readonly process: SimulatedProcess;
  readonly opened: OpenedStore;
  readonly store: Store;
  readonly engine: EngineWithParts;
  readonly app: AppContext;
  readonly sender: SimulatedSender;
};

/** One place where the program runs, dies, and is started again. */
export class SimulatedNode {
  readonly machine: Machine;
  running: Running | null = null;
  /** Also while it starts. */
  process: SimulatedProcess | null = null;
  crashes = 0;
  /** The last program that was started here ended by itself, and another is on its way. */
  hasCrashed = false;
  readonly #world: World;
  readonly #onDown = new Set<() => void>();

  constructor(world: World, machine: Machine) {
    this.#world = world;
    this.machine = machine;
  }

  /** Starts it, again and again until it runs. */
  start(): void {
    const { agenda, faults, random, trace, plan } = this.#world;
    this.#world.processes += 1;
    const number = this.#world.processes;
    const process = new SimulatedProcess({
      number,
      machine: this.machine,
      agenda,
      faults,
      random: random.fork(100, number),
    });
    this.process = process;
    this.hasCrashed = false;
    trace.add(agenda.now, STEP.start, this.machine.index, process.number);
    process.onCrash = () => {
      this.crashes += 1;
      this.hasCrashed = true;
      trace.add(agenda.now, STEP.crash, this.machine.index, process.number);
      this.#down();
      if (plan.kind === 'file') this.#world.model.allTold();
      const mostMs = random.chance(SLOW_RESTART_SHARE) ? RESTART_MS_MAX : QUICK_RESTART_MS_MAX;
      agenda.after(random.between(50, mostMs), () => this.start());
    };
    this.#boot(process).then(
      (running) => {
        if (process.alive) this.running = running;
        return null;
      },
      (error: unknown) => {
        // A program that cannot have its database ends, and is started again.
        if (!(error instanceof StoreUnavailable)) this.#world.fail(error);
        process.crash();
        return null;
      },
    );
  }

  /** Ends it as an operator does. Resolves when it has ended, however. */
  async stop(): Promise<void> {
    const { running } = this;
    if (running === null) return;
    const { process, engine, store, sender } = running;
    const { agenda, trace } = this.#world;
    trace.add(agenda.now, STEP.stop, this.machine.index, process.number);
    this.running = null;
    const ended = (async () => {
      // A signal is heard when the event loop is free.
      await new Promise<void>((heard) => process.wake(heard));
      await engine.stop({ forceAfterMs: 8_000, abort: async () => await sender.destroy() });
      await store.close();
    })();
    const crashed = new Promise<void>((resolve) => this.#onDown.add(resolve));
    try {
      await Promise.race([ended, crashed]);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) this.#world.fail(error);
    }
    process.alive = false;
    if (this.#world.plan.kind === 'file') this.#world.model.allTold();
  }

  /** Is called once when the program ends in any way. */
  onceDown(listener: () => void): () => void {
    this.#onDown.add(listener);
    return () => this.#onDown.delete(listener);
  }

  #down(): void {
    this.running = null;
    const listeners = [...this.#onDown];
    this.#onDown.clear();
    for (const listener of listeners) listener();
  }

  async #boot(process: SimulatedProcess): Promise<Running> {
    const { plan, commits, masterKeys, notifications } = this.#world;
    const opened = await openStore({
      ...this.#world,
      kind: plan.kind,
      process,
      latencyMsMax: plan.latencyMsMax,
      onTold: (works) => commits.told(works),
    });
    const { store, notify } = opened;
    if (notify !== null) notifications.listen({ process, notify });
    const { clock } = store;
    const random = process.random;
    const vault = createVault(masterKeys, random.fillBytes);
    const ids = createIdSource({ now: clock.now, fillRandom: random.fillBytes });
    const onFault = (error: unknown): void => this.#world.fail(error);
    const incarnation = (): number => store.incarnation;
    const { isCramped } = plan;
    const sender = new SimulatedSender({ ...this.#world, process, incarnation, now: clock.now, isCramped, onFault });
    const fault = (where: string, error: unknown): void => {
      // What the store refuses is told in this way, too.
      if (error instanceof StoreUnavailable || !process.alive) return;
      onFault(new Violation('sound', `${where}: ${error instanceof Error ? error.stack : String(error)}`));
    };
    const tools = { store, vault, clock, timers: process, ids };
    const engine = createEngine({
      ...tools,
      sender,
      random: random.next,
      settings: settingsOf(plan),
      telemetry: { ...SILENT_TELEMETRY, fault },
    });
    const app = await createApp({
      ...tools,
      engine,
      directory: engine.directory,
      masterKeys,
      fillRandom: random.fillBytes,
      telemetry: SILENT_APP_TELEMETRY,
      settings: {
        urlRules: { allowHttp: false, allowPrivate: { isEmpty: true, matches: () => false } },
        rotationLimits: NATIVE_ROTATION_LIMITS,
        retentionDays: retentionDaysOf(plan),
      },
      bootstrapKey: null,
      localToken: null,
      sessionJwts: null,
      readDocument: async () => {
        throw new Error('no key set is read here');
      },
      onFault: fault,
    });
    await engine.start();
    return { process, opened, store, engine, app, sender };
  }
}

function retentionDaysOf({ forgets }: Plan): number {
  return forgets ? RETENTION_DAYS : LONG_RETENTION_DAYS;
}

function settingsOf(plan: Plan): EngineSettings {
  const { limits } = DEFAULT_ENGINE_SETTINGS;
  return {
    ...DEFAULT_ENGINE_SETTINGS,
    retrySchedule: RETRY_SCHEDULE,
    sendDeadlineSeconds: 6,
    autoSuspendAttempts: 40,
    autoSuspendHours: 0.02,
    retentionDays: retentionDaysOf(plan),
    limits: { ...limits, ...(plan.isCramped ? CRAMPED : {}), ...(plan.isBesieged ? BESIEGED : {}) },
  };
}
