import type { Clock, Random, Timers } from '../domain/clock.ts';
import type { IdSource } from '../domain/ids.ts';
import type { Sender } from '../net/sender.ts';
import type { Change, Store } from '../store/port.ts';
import type { Vault } from '../store/vault.ts';
import { Accept } from './accept.ts';
import { Attempts } from './attempts.ts';
import { CurrencyGate } from './currency-gate.ts';
import { Deferrals } from './deferrals.ts';
import { type Directory, EngineDirectory } from './directory.ts';
import { Dispatch } from './dispatch.ts';
import type { EndpointState } from './endpoint-state.ts';
import type { Engine, StopOptions } from './engine.ts';
import { housekeepingJobs } from './housekeeping.ts';
import type { Lane, LiveDelivery } from './lane.ts';
import { laneFigures } from './lane-figures.ts';
import { Lanes } from './lanes.ts';
import { Recorder } from './recorder.ts';
import { Refill } from './refill.ts';
import { Returns } from './returns.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import type { EngineSettings } from './settings.ts';
import { Suspension } from './suspension.ts';
import type { EngineTelemetry } from './telemetry.ts';
import { testSend } from './test-send.ts';
import { type EngineTracing, tracedAccept } from './tracing.ts';

export type EngineOptions = {
  readonly store: Store;
  readonly vault: Vault;
  readonly sender: Sender;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** The share of the time since its last call that this thread worked, 0 to 1; without it the thread is never busy. */
  readonly loopLoad?: () => number;
  readonly ids: IdSource;
  readonly settings: EngineSettings;
  readonly telemetry: EngineTelemetry;
  readonly tracing?: EngineTracing | null;
  /** False: this node accepts and answers, and leaves sending and the jobs to others. */
  readonly sends?: boolean;
};

export type EngineWithParts = Engine & { readonly directory: Directory; readonly scheduler: Scheduler };

/** Between two looks at the store, at silent lanes and at idle ones. */
const PULSE_MS = 1_000;
/** The share of the time of this thread from which it is taken for busy. */
const BUSY_LOAD_MIN = 0.85;
/** A delivery whose result cannot be stored is sent again after this long; the receiver has most likely seen it. */
const UNSTORABLE_PAUSE_MS = 15 * 60_000;

/**
 * Builds the engine of a node and ties its parts together.
 *
 * It is new, running or stopped. New, it answers and accepts, and what it accepts goes out; `start` adds what the store
 * already holds, and the jobs. `stop` leads through a fixed order: accepting ends, then claims, then sends; results are
 * stored, what was not sent is released, and nothing is left in memory. A stopped engine stays so.
 */
export function createEngine(options: EngineOptions): EngineWithParts {
  const { store, clock, timers, settings, telemetry, loopLoad = () => 0, sends = true } = options;
  const isShared = store.spreadMs > 0;
  const directory = new EngineDirectory(store.reader, options.vault, settings.limits.endpointsKept, isShared);
  const { endpoints } = directory;
  const lanes = new Lanes(settings.limits, endpoints);
  const scheduler = createScheduler(options);
  for (const job of housekeepingJobs(options, settings.retentionDays)) scheduler.add(job);
  const tracing = options.tracing ?? null;
  const gate = new CurrencyGate(options, () => dispatch.pump());
  const tools = { ...options, tracing, directory, endpoints, lanes, gate };
  const attempts = new Attempts(tools);
  const deferrals = new Deferrals(options);
  lanes.onClosedBehind = ({ state }) => deferrals.add(state.id);

  const recorder = new Recorder(
    options,
    settings.limits.unrecorded,
    (deliveries, outcomes) => {
      for (const live of deliveries) if (live !== null) leave(live.lane, live);
      for (const { next } of outcomes) if (next.kind === 'retry') refill.wakeAt(next.dueAt);
      refill.pump();
      dispatch.pump();
    },
    (deliveries) => {
      for (const live of deliveries) returns.add(live.lane, [live], UNSTORABLE_PAUSE_MS);
    },
  );
  const returns = new Returns(options, (lane, deliveries) => {
    for (const live of deliveries) leave(lane, live);
    if (lane.state.isActive) refill.fallBehind(lane, clock.now());
    refill.pump();
  });
  const dispatch = new Dispatch(lanes, clock, timers, {
    attempt: (live) => attempts.run(live),
    isBlocked: () => {
      const { isOpen } = gate;
      if (!isOpen) gate.awaitOpen();
      return !isOpen || recorder.isFull;
    },
    onFinished: (live, end) => {
      const { attempt } = end.outcome;
      recorder.add(live, end.outcome, end.lost);
      if (end.class !== 'success') suspension.consider(live.lane.state, attempt.responseStatus, end.at);
    },
    onUnsent: giveBack,
    onLost: (lane, deliveries) => {
      for (const live of deliveries) leave(lane, live);
      refill.pump();
    },
    onAwake: (lane) => {
      refill.offer(lane);
      refill.pump();
    },
    onFault: (where, error) => telemetry.fault(where, error),
  });
  const refill = new Refill(options, lanes, endpoints, {
    onClaimed: (deliveries) => {
      for (const live of deliveries) dispatch.add(live);
      dispatch.pump();
    },
    onLate: giveBack,
    onInactive: (id) => deferrals.giveUp(id),
  });
  const rule = { attempts: settings.autoSuspendAttempts, hours: settings.autoSuspendHours };
  const suspension = new Suspension(options, rule, (state) => {
    const lane = lanes.peek(state.id);
    if (lane === null) return;
    dispatch.offer(lane);
    dispatch.pump();
  });
  const accept = new Accept({ ...tools, dispatch, refill, sends, onLate: giveBack });
  let pulse: { cancel(): void } | null = null;

  function giveBack(lane: Lane, deliveries: readonly LiveDelivery[]): void {
    returns.add(lane, deliveries);
  }

  function leave(lane: Lane, live: LiveDelivery): void {
    lanes.giveBack(lane, 1, live.bytes);
    refill.offer(lane);
  }

  function onEndpointChanged(state: EndpointState): void {
    const lane = lanes.peek(state.id);
    if (lane === null) return;
    lanes.configure(lane);
    if (state.isActive) {
      dispatch.offer(lane);
      dispatch.pump();
    } else {
      // Held and cancelled deliveries wait in the store, not here.
      if (lane.backlog) deferrals.giveUp(state.id);
      lane.backlog = false;
      dispatch.trim(lane, 0);
    }
  }

  store.onChange((changes: readonly Change[]) => {
    for (const change of changes) {
      const state = directory.apply(change);
      if (state !== null) onEndpointChanged(state);
      if (sends && (change.kind === 'queued' || change.kind === 'due')) refill.wakeAt(clock.now());
    }
  });
  // Others have it by now. Results of what is in flight are stored under the lease that it went out with.
  store.onLeasesLost(() => {
    // First of all: the room that forgetting makes would be claimed for.
    refill.holdWhile(lateOnesSettled());
    dispatch.loseWaiting();
  });

  /**
   * What was being accepted or claimed under the lost lease is given back under the new one, since nobody can tell under
   * which it was stored. Claimed again before that, it would be taken from under the feet of whoever sends it.
   */
  async function lateOnesSettled(): Promise<void> {
    await Promise.all([accept.settled(), refill.settled()]);
    await returns.settled();
  }

  function beat(): void {
    pulse = timers.setTimeout(beat, PULSE_MS);
    dispatch.isLoopBusy = loopLoad() >= BUSY_LOAD_MIN;
    refill.poll();
    dispatch.findStalled();
    lanes.sweepIdle(clock.now());
  }

  /** Waits for the sends in flight, with no patience left after the given time. */
  async function within(
    forceAfterMs: number | undefined,
    abort: (() => Promise<void>) | undefined,
    landed: Promise<void>,
  ): Promise<void> {
    if (forceAfterMs === undefined || abort === undefined) return landed;
    const force = timers.setTimeout(() => {
      abort().catch((error: unknown) => telemetry.fault('abort', error));
    }, forceAfterMs);
    await landed;
    force.cancel();
  }

  return {
    directory,
    scheduler,
    async start() {
      if (!sends) return;
      pulse = timers.setTimeout(beat, PULSE_MS);
      scheduler.start();
      await refill.start();
    },
    async stop({ forceAfterMs, abort }: StopOptions = {}) {
      pulse?.cancel();
      gate.stop();
      const jobsEnded = scheduler.stop();
      await accept.stop();
      await refill.stop();
      await within(forceAfterMs, abort, dispatch.stop());
      await suspension.drain();
      await recorder.drain();
      await returns.drain();
      await deferrals.drain();
      await jobsEnded;
      const { total } = lanes.deliveries;
      if (total !== 0 || dispatch.inFlight !== 0)
        throw new Error(`The engine stopped with ${total} deliveries in memory`);
    },
    accept: tracedAccept(
      (organizationId, events, idempotency) => accept.run(organizationId, events, idempotency),
      tracing,
    ),
    testSend: (endpoint, event) => testSend(tools, endpoint, event),
    figures: () => ({
      inFlight: dispatch.inFlight,
      inMemory: lanes.deliveries.total,
      inMemoryBytes: lanes.bytes.total,
      lanes: lanes.size,
    }),
    laneFigures: () =>
      laneFigures(lanes.all(), () => new Promise<void>((resolve) => void timers.setTimeout(resolve, 0))),
  };
}
