import type { Attempt } from '../domain/attempt.ts';
import type { Clock, Timers } from '../domain/clock.ts';
import {
  type HealthChange,
  type Incarnation,
  type Outcome,
  type RecordUnit,
  type Store,
  StoreUnavailable,
} from '../store/port.ts';
import { SIGNING } from './attempt-outcome.ts';
import { Company } from './company.ts';
import type { EndpointState } from './endpoint-state.ts';
import type { LiveDelivery } from './lane.ts';
import type { EngineTelemetry } from './telemetry.ts';

/** Outcomes in one unit; what comes meanwhile waits for the next. */
const OUTCOMES_PER_UNIT_MAX = 1_000;
const BACKOFF_MS_MIN = 50;
const BACKOFF_MS_MAX = 5_000;
/** At shutdown a store that refuses is asked this often; results lost then are sent again by the next run. */
const LAST_TRIES_MAX = 6;

/** After each commit: the deliveries of the unit need their place in memory no more. */
export type OnRecorded = (deliveries: readonly (LiveDelivery | null)[], outcomes: readonly Outcome[]) => void;

/** After the commit of the others: the store cannot take these results, so their deliveries are still owed. */
export type OnUnstorable = (deliveries: readonly LiveDelivery[]) => void;

/** What became of a unit: `defect` says that something in it can never be stored. */
type Committed = { readonly kind: 'done' } | { readonly kind: 'defect'; readonly error: unknown };

const DONE: Committed = { kind: 'done' };

/** Results that wait for their unit. */
type Gathered = {
  readonly lease: Incarnation;
  readonly outcomes: Outcome[];
  /** One for each outcome: the delivery that leaves memory with it, or null when it stays. */
  readonly deliveries: (LiveDelivery | null)[];
};

/**
 * Brings results back to the store, one unit at a time: while one commits, the next gathers, and where a commit costs
 * much it goes on to do so for a moment.
 *
 * It is idle, or writing. It becomes writing with the first result and idle when none is left. A unit that the store
 * refuses stays as it is and is tried again with growing pauses; results behind it wait, and past a bound the engine
 * stops sending. Results of deliveries that were leased to an earlier incarnation of this node go in units of their own.
 * A unit that the store cannot process at all is taken apart until what is broken stands alone; that is
 * dropped, and the rest is stored. After `drain` began, it gives up on a unit after a few tries, so that shutdown ends.
 */
export class Recorder {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #telemetry: EngineTelemetry;
  readonly #unrecordedMax: number;
  readonly #company: Company;
  readonly #onRecorded: OnRecorded;
  readonly #onUnstorable: OnUnstorable;
  /** By the lease of their deliveries, oldest first: most often of one alone. Empty while nothing waits. */
  #gathered: Gathered[] = [];
  #touched: EndpointState[] = [];
  /** In the unit that is being written. */
  #writing = 0;
  #work: Promise<void> | null = null;
  #draining = false;

  constructor(
    tools: {
      readonly store: Store;
      readonly clock: Clock;
      readonly timers: Timers;
      readonly telemetry: EngineTelemetry;
    },
    unrecordedMax: number,
    onRecorded: OnRecorded,
    onUnstorable: OnUnstorable,
  ) {
    this.#store = tools.store;
    this.#clock = tools.clock;
    this.#timers = tools.timers;
    this.#telemetry = tools.telemetry;
    this.#unrecordedMax = unrecordedMax;
    this.#company = new Company(tools, tools.store.recordWaitMs, unrecordedMax);
    this.#onRecorded = onRecorded;
    this.#onUnstorable = onUnstorable;
  }

  get isFull(): boolean {
    return this.#waiting + this.#writing >= this.#unrecordedMax;
  }

  get #waiting(): number {
    let count = 0;
    for (const { outcomes } of this.#gathered) count += outcomes.length;
    return count;
  }

  /** `lost` is an attempt before the one that decided. */
  add(live: LiveDelivery, outcome: Outcome, lost: Attempt | null): void {
    const { outcomes, deliveries } = this.#gatheredOf(live.lease);
    if (lost !== null) {
      outcomes.push({ attempt: lost, next: { kind: 'unchanged' } });
      deliveries.push(null);
    }
    const { state } = live.lane;
    const success = outcome.next.kind === 'succeeded';
    const at = success ? outcome.next.at : outcome.attempt.startedAt;
    // What this node could not sign says nothing about the receiver.
    if (outcome.attempt.errorKind !== SIGNING && state.count(success, at)) this.#touched.push(state);
    outcomes.push(outcome);
    deliveries.push(live);
    // What is to be tried again, or failed for good, has somebody who waits for it. A lost attempt makes two outcomes of
    // one result, of which the company knows nothing.
    this.#company.add(live.bytes, success && lost === null);
    this.#work ??= this.#write();
  }

  /** Resolves when nothing waits any more. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#company.end();
    while (this.#work !== null) await this.#work;
  }

  async #write(): Promise<void> {
    // Results that arrive in the same turn go together.
    await Promise.resolve();
    // Between the last look at what waits and the end of this work nothing may happen.
    for (let first = this.#gathered[0]; first !== undefined; first = this.#gathered[0]) {
      if (!this.#company.isComplete) await this.#company.complete();
      const next = this.#takeSome(first);
      const { deliveries } = next;
      const unit: RecordUnit = { incarnation: next.lease, outcomes: next.outcomes, health: this.#takeHealth() };
      this.#writing = deliveries.length;
      const dropped = new Set<Outcome>();
      await this.#commitSound(unit, dropped);
      this.#writing = 0;
      if (dropped.size === 0) this.#onRecorded(deliveries, unit.outcomes);
      else this.#endWithout(dropped, deliveries, unit.outcomes);
    }
    this.#work = null;
  }

  #endWithout(
    dropped: ReadonlySet<Outcome>,
    deliveries: readonly (LiveDelivery | null)[],
    outcomes: readonly Outcome[],
  ): void {
    const owed: LiveDelivery[] = [];
    const ended: (LiveDelivery | null)[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      const live = deliveries[index] ?? null;
      if (live !== null && dropped.has(outcome)) owed.push(live);
      else ended.push(live);
    }
    this.#onRecorded(
      ended,
      outcomes.filter((outcome) => !dropped.has(outcome)),
    );
    this.#onUnstorable(owed);
  }

  #gatheredOf(lease: Incarnation): Gathered {
    for (const gathered of this.#gathered) if (gathered.lease === lease) return gathered;
    const gathered: Gathered = { lease, outcomes: [], deliveries: [] };
    this.#gathered.push(gathered);
    return gathered;
  }

  /** As much of the first of what waits as one unit may hold. */
  #takeSome(first: Gathered): Gathered {
    const { lease, outcomes, deliveries } = first;
    if (outcomes.length <= OUTCOMES_PER_UNIT_MAX) {
      this.#gathered.shift();
      if (this.#gathered.length === 0) this.#company.leave();
      return first;
    }
    const rest = {
      outcomes: outcomes.splice(OUTCOMES_PER_UNIT_MAX),
      deliveries: deliveries.splice(OUTCOMES_PER_UNIT_MAX),
    };
    this.#gathered[0] = { lease, ...rest };
    return first;
  }

  #takeHealth(): readonly HealthChange[] {
    const health: HealthChange[] = [];
    for (const state of this.#touched) {
      const change = state.takePending();
      if (change !== null) health.push(change);
    }
    this.#touched = [];
    return health;
  }

  /** Commits a unit, without what the store cannot process: that is added to `dropped`. */
  async #commitSound(unit: RecordUnit, dropped: Set<Outcome>): Promise<void> {
    const committed = await this.#commit(unit);
    if (committed.kind === 'done') return;
    const { outcomes, health } = unit;
    if (outcomes.length + health.length <= 1) {
      this.#telemetry.fault('record', committed.error);
      for (const outcome of outcomes) dropped.add(outcome);
      return;
    }
    for (const part of halves(unit)) await this.#commitSound(part, dropped);
  }

  async #commit(unit: RecordUnit): Promise<Committed> {
    const startedAt = this.#clock.monotonic();
    let backoffMs = BACKOFF_MS_MIN;
    let lastTries = 0;
    for (;;) {
      try {
        const { lostLeases } = await this.#store.record(unit);
        this.#telemetry.recordBatch(unit.outcomes.length, this.#clock.monotonic() - startedAt, lostLeases);
        return DONE;
      } catch (error) {
        this.#telemetry.storeRefused('record', error);
        if (!(error instanceof StoreUnavailable)) return { kind: 'defect', error };
      }
      if (this.#draining) {
        lastTries += 1;
        if (lastTries >= LAST_TRIES_MAX) return DONE;
      }
      await new Promise<void>((resolve) => this.#timers.setTimeout(resolve, backoffMs));
      backoffMs = Math.min(BACKOFF_MS_MAX, backoffMs * 2);
    }
  }
}

/** Two smaller units that hold the same: first health apart from outcomes, then each in the middle. */
function halves(unit: RecordUnit): readonly [RecordUnit, RecordUnit] {
  const { outcomes, health } = unit;
  if (outcomes.length > 0 && health.length > 0) {
    return [
      { ...unit, health: [] },
      { ...unit, outcomes: [] },
    ];
  }
  const outcome = Math.ceil(outcomes.length / 2);
  const change = Math.ceil(health.length / 2);
  return [
    { ...unit, outcomes: outcomes.slice(0, outcome), health: health.slice(0, change) },
    { ...unit, outcomes: outcomes.slice(outcome), health: health.slice(change) },
  ];
}
