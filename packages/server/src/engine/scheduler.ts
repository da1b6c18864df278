import type { Clock, Random, Timers } from '../domain/clock.ts';
import type { Store } from '../store/port.ts';
import type { EngineTelemetry } from './telemetry.ts';

/** What a job did in one bounded step; `more` says that another step would find work. */
export type JobStep = { readonly changed: number; readonly more: boolean };

export type Job = {
  readonly name: string;
  readonly periodMs: number;
  /** How much it does before it rests, and for how long; as all others do unless given. */
  readonly burst?: { readonly steps: number; readonly restMs: number };
  step(): Promise<JobStep>;
};

export interface Scheduler {
  /** Names are unique. A job that is added after the start begins at once to count its period. */
  add(job: Job): void;
  start(): void;
  /** Starts no further step and waits for those that run. */
  stop(): Promise<void>;
  /** Runs a job now, after a run that is under way; rejects when it fails. */
  runNow(name: string): Promise<void>;
}

/** A run that finds more work than this many steps goes on after a short rest, so that one job never fills the store. */
const BURST = { steps: 50, restMs: 1_000 };
/** A job is this node's until its next run may have begun, so that it stays where it is; and at least so long. */
const HOLD_PERIODS = 2;
const HOLD_MS_MIN = 10_000;
/** Nodes that start together spread their jobs over this share of the period. */
const PERIOD_JITTER_RATIO = 0.1;

/**
 * Runs named jobs. Each job is resting or running. Resting ends when its period is over or `runNow` asks; running ends
 * when a step finds nothing more, fails, or the steps of a run are used up. A job never runs twice at the same time:
 * `runNow` during a run waits for its end and runs again. Of all nodes of a store one runs a job: the one that holds it.
 */
export function createScheduler(options: {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly telemetry: EngineTelemetry;
  readonly store: Pick<Store, 'takeJob'>;
}): Scheduler {
  const { clock, timers, random, telemetry, store } = options;
  const jobs = new Map<string, ScheduledJob>();
  let started = false;
  let stopped = false;

  function isStopped(): boolean {
    return stopped;
  }

  function rest(scheduled: ScheduledJob, delayMs: number): void {
    scheduled.timer?.cancel();
    if (stopped) return;
    scheduled.timer = timers.setTimeout(() => void runQuietly(scheduled), delayMs);
  }

  function restForPeriod(scheduled: ScheduledJob): void {
    rest(scheduled, scheduled.job.periodMs * (1 - PERIOD_JITTER_RATIO * random()));
  }

  async function runQuietly(scheduled: ScheduledJob): Promise<void> {
    try {
      const more = await run(scheduled);
      if (started && more) rest(scheduled, (scheduled.job.burst ?? BURST).restMs);
      else if (started) restForPeriod(scheduled);
    } catch (error) {
      telemetry.jobFailed(scheduled.job.name, error);
      if (started) restForPeriod(scheduled);
    }
  }

  async function run(scheduled: ScheduledJob): Promise<boolean> {
    while (scheduled.running !== null) await scheduled.running.catch(() => false);
    scheduled.running = runSteps(scheduled.job);
    try {
      return await scheduled.running;
    } finally {
      scheduled.running = null;
    }
  }

  async function runSteps(job: Job): Promise<boolean> {
    const startedAt = clock.monotonic();
    const holdMs = Math.max(HOLD_MS_MIN, HOLD_PERIODS * job.periodMs);
    let heldUntil = Number.NEGATIVE_INFINITY;
    let changed = 0;
    let more = true;
    const { steps: stepsMax } = job.burst ?? BURST;
    for (let steps = 0; more && steps < stepsMax && !isStopped(); steps += 1) {
      const now = clock.monotonic();
      if (now >= heldUntil) {
        if (!(await store.takeJob(job.name, holdMs))) {
          if (steps === 0) return false;
          break;
        }
        // Taken again long before it ends.
        heldUntil = now + holdMs / 2;
      }
      const step = await job.step();
      changed += step.changed;
      more = step.more;
    }
    telemetry.jobFinished(job.name, changed, clock.monotonic() - startedAt);
    return more;
  }

  return {
    add(job) {
      if (jobs.has(job.name)) throw new Error(`A job named ${job.name} exists`);
      const scheduled: ScheduledJob = { job, timer: null, running: null };
      jobs.set(job.name, scheduled);
      if (started) restForPeriod(scheduled);
    },
    start() {
      started = true;
      for (const scheduled of jobs.values()) restForPeriod(scheduled);
    },
    async stop() {
      stopped = true;
      for (const scheduled of jobs.values()) scheduled.timer?.cancel();
      for (const scheduled of jobs.values()) await scheduled.running?.catch(() => false);
    },
    async runNow(name) {
      const scheduled = jobs.get(name);
      if (scheduled === undefined) throw new Error(`No job is named ${name}`);
      await run(scheduled);
    },
  };
}

type ScheduledJob = {
  readonly job: Job;
  timer: { cancel(): void } | null;
  running: Promise<boolean> | null;
};
