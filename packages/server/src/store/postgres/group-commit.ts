import { STORE_BATCH_UNITS_MAX, STORE_QUEUE_BYTES_MAX, STORE_QUEUE_UNITS_MAX } from '../../domain/limits.ts';
import { type Store, StoreUnavailable } from '../port.ts';

/** A batch beside another one is worth its own statement only when it holds this many units. */
const SECOND_BATCH_UNITS_MIN = 32;
const BATCH_BYTES_MAX = 8 * 1024 * 1024;

/** What became of a unit of a batch that ran: a broken one rejects alone. */
export type Settled<Result> =
  | { readonly kind: 'done'; readonly result: Result }
  | { readonly kind: 'defect'; readonly error: Error };

/** Commits units; answers for each of them, in their order. Rejects when none of them was kept. */
export type RunBatch<Unit, Result> = (units: readonly Unit[]) => Promise<readonly Settled<Result>[]>;

/** Is told of every batch that was committed, and how long it took from here to there and back. */
export type CommitWatch = { monotonic(): number; committed(units: number, durationMs: number): void };

/** What waits in all lanes of a writer together: that is what has a bound. */
export class WriteQueue {
  units = 0;
  bytes = 0;
  isOpen = true;

  readonly room: Store['room'];

  constructor() {
    const left = (max: number, taken: number): number => (this.isOpen ? Math.max(0, max - taken) : 0);
    const units = (): number => left(STORE_QUEUE_UNITS_MAX, this.units);
    const bytes = (): number => left(STORE_QUEUE_BYTES_MAX, this.bytes);
    this.room = {
      get units() {
        return units();
      },
      get bytes() {
        return bytes();
      },
    };
  }
}

export type LaneParts<Unit, Result> = {
  readonly queue: WriteQueue;
  readonly run: RunBatch<Unit, Result>;
  readonly watch: CommitWatch;
  /** Runs a callback after the current turn of events, so that everything submitted in it travels together. */
  readonly defer: (callback: () => void) => void;
  /** Batches under way at once. One keeps units in their order. */
  readonly inFlightMax: number;
  /** Things of which one unit at a time may be under way, in the order in which they were submitted; null for none. */
  readonly claims?: (unit: Unit) => readonly string[] | null;
};

type Pending<Unit, Result> = {
  readonly unit: Unit;
  readonly bytes: number;
  readonly claims: readonly string[] | null;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
};

/**
 * Groups units of one kind into batches: what is submitted while a batch is under way travels together.
 *
 * Modes: open → closing (takes nothing new, commits what waits) → closed.
 */
export class Lane<Unit, Result> {
  readonly #parts: LaneParts<Unit, Result>;
  #waiting: Pending<Unit, Result>[] = [];
  /** Some of what waits claims something. */
  #claimsWait = 0;
  readonly #claimed = new Set<string>();
  #inFlight = 0;
  #isDeferred = false;
  #isOpen = true;
  #onDrained: (() => void) | null = null;

  constructor(parts: LaneParts<Unit, Result>) {
    this.#parts = parts;
  }

  submit(unit: Unit, bytes: number): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (!this.#isOpen) {
        reject(new StoreUnavailable('closed'));
        return;
      }
      const { queue, claims } = this.#parts;
      const pending = { unit, bytes, claims: claims === undefined ? null : claims(unit), resolve, reject };
      queue.units += 1;
      queue.bytes += bytes;
      if (pending.claims !== null) this.#claimsWait += 1;
      this.#waiting.push(pending);
      this.#flushLater();
    });
  }

  /** Commits what waits. */
  async drain(): Promise<void> {
    this.#isOpen = false;
    if (this.#inFlight === 0 && this.#waiting.length === 0) return;
    await new Promise<void>((resolve) => {
      this.#onDrained = resolve;
      this.#flushLater();
    });
  }

  #flushLater(): void {
    if (this.#isDeferred || this.#inFlight >= this.#parts.inFlightMax) return;
    this.#isDeferred = true;
    this.#parts.defer(() => {
      this.#isDeferred = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#waiting.length >= (this.#inFlight === 0 ? 1 : SECOND_BATCH_UNITS_MIN)) {
      if (this.#inFlight >= this.#parts.inFlightMax) return;
      const batch = this.#claimsWait === 0 ? this.#take() : this.#takeUnclaimed();
      if (batch.length === 0) return;
      this.#inFlight += 1;
      void this.#run(batch);
    }
  }

  /** The units of the next batch. */
  #take(): Pending<Unit, Result>[] {
    let count = 0;
    let bytes = 0;
    for (const pending of this.#waiting) {
      if (count === STORE_BATCH_UNITS_MAX || (count > 0 && bytes + pending.bytes > BATCH_BYTES_MAX)) break;
      count += 1;
      bytes += pending.bytes;
    }
    if (count < this.#waiting.length) return this.#waiting.splice(0, count);
    const all = this.#waiting;
    this.#waiting = [];
    return all;
  }

  /** The same past units whose claims are under way, or come before them in this batch: these wait for the next. */
  #takeUnclaimed(): Pending<Unit, Result>[] {
    const taken: Pending<Unit, Result>[] = [];
    const left: Pending<Unit, Result>[] = [];
    /** Who waits is overtaken by nobody who wants the same. */
    const blocked = new Set<string>();
    let bytes = 0;
    let at = 0;
    for (; at < this.#waiting.length; at += 1) {
      const pending = this.#waiting[at];
      if (pending === undefined || taken.length === STORE_BATCH_UNITS_MAX) break;
      if (taken.length > 0 && bytes + pending.bytes > BATCH_BYTES_MAX) break;
      if (pending.claims?.some((claim) => this.#claimed.has(claim) || blocked.has(claim)) === true) {
        for (const claim of pending.claims) blocked.add(claim);
        left.push(pending);
        continue;
      }
      if (pending.claims !== null) {
        for (const claim of pending.claims) this.#claimed.add(claim);
        this.#claimsWait -= 1;
      }
      taken.push(pending);
      bytes += pending.bytes;
    }
    this.#waiting = left.concat(this.#waiting.slice(at));
    return taken;
  }

  async #run(batch: readonly Pending<Unit, Result>[]): Promise<void> {
    const { queue, run, watch } = this.#parts;
    const startedAt = watch.monotonic();
    let settled: readonly Settled<Result>[] | null = null;
    let failure: Error | null = null;
    try {
      settled = await run(batch.map(({ unit }) => unit));
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    const durationMs = watch.monotonic() - startedAt;
    this.#inFlight -= 1;
    for (const { bytes, claims } of batch) {
      queue.bytes -= bytes;
      if (claims !== null) for (const claim of claims) this.#claimed.delete(claim);
    }
    queue.units -= batch.length;
    for (const [index, { resolve, reject }] of batch.entries()) {
      const answer = settled?.[index];
      if (answer?.kind === 'done') resolve(answer.result);
      else reject(answer?.error ?? failure ?? new Error('a unit without an answer'));
    }
    this.#flush();
    if (this.#inFlight === 0 && this.#waiting.length === 0) this.#onDrained?.();
    // Last: whatever a listener does, every unit has its answer. A database that was away is no slow commit.
    if (settled !== null) watch.committed(batch.length, durationMs);
  }
}
