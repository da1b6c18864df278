import { STORE_BATCH_UNITS_MAX } from '../../domain/limits.ts';
import { StoreUnavailable } from '../port.ts';
import { CellReader } from './cells.ts';
import type { WriterLink } from './link.ts';
import { type Answer, type AnswerReader, BatchEncoder, DEFECT, type UnitCodec } from './wire/batch.ts';

/** One batch commits while the next one travels, so that the writer never waits for this thread to come around. */
const BATCHES_IN_FLIGHT_MAX = 2;
/** The second batch is worth its own commit only when it holds this many units. */
const SECOND_BATCH_UNITS_MIN = 32;
const BATCH_BYTES_MAX = 8 * 1024 * 1024;

/** A unit that waits for its commit. */
class Pending<Unit, Result> {
  readonly bytes: number;
  readonly slabBytes: number;
  readonly #codec: UnitCodec<Unit, Result>;
  readonly #unit: Unit;
  readonly #resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;

  constructor(
    codec: UnitCodec<Unit, Result>,
    unit: Unit,
    bytes: number,
    slabBytes: number,
    resolve: (result: Result) => void,
    reject: (error: Error) => void,
  ) {
    this.#codec = codec;
    this.#unit = unit;
    this.bytes = bytes;
    this.slabBytes = slabBytes;
    this.#resolve = resolve;
    this.reject = reject;
  }

  encode(out: BatchEncoder): void {
    out.begin();
    this.#codec.encode(this.#unit, out);
  }

  /** Never throws: an answer that cannot be read is a defect of this unit alone. */
  settle(answer: AnswerReader): void {
    try {
      if (answer.cells.number() === DEFECT) this.reject(new Error(answer.cells.text()));
      else this.#resolve(this.#codec.decode(this.#unit, answer));
    } catch (error) {
      this.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

/** What the queue asks of a waiting unit, whatever its kind. */
type AnyPending = Pick<Pending<never, never>, 'bytes' | 'slabBytes' | 'encode' | 'settle' | 'reject'>;

/** Is told of every batch that the writer answered, and how long it took from here to there and back. */
export type CommitWatch = { monotonic(): number; committed(units: number, durationMs: number): void };

/**
 * Groups units into batches: what is submitted while the writer is busy travels together. Units keep their order.
 *
 * Modes: open → closing (takes nothing new, commits what waits) → closed. A writer that is gone closes it at once.
 */
export class GroupCommit {
  readonly #link: WriterLink;
  /** Runs a callback after the current turn of events, so that everything submitted in it travels together. */
  readonly #defer: (callback: () => void) => void;
  readonly #watch: CommitWatch;
  #mode: 'open' | 'closing' | 'closed' = 'open';
  #waiting: AnyPending[] = [];
  #inFlight: { readonly units: readonly AnyPending[]; readonly postedAt: number }[] = [];
  #isDeferred = false;
  #onDrained: (() => void) | null = null;
  units = 0;
  bytes = 0;

  constructor(link: WriterLink, defer: (callback: () => void) => void, watch: CommitWatch) {
    this.#link = link;
    this.#defer = defer;
    this.#watch = watch;
    link.onAnswer((answer) => this.#answered(answer));
    link.onGone((cause) => this.#gone(cause));
  }

  get isOpen(): boolean {
    return this.#mode === 'open';
  }

  submit<Unit, Result>(codec: UnitCodec<Unit, Result>, unit: Unit, overheadBytes: number): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#mode !== 'open') {
        reject(new StoreUnavailable('closed'));
        return;
      }
      const slabBytes = codec.slabBytes(unit);
      const pending = new Pending(codec, unit, slabBytes + overheadBytes, slabBytes, resolve, reject);
      this.units += 1;
      this.bytes += pending.bytes;
      this.#waiting.push(pending);
      this.#flushLater();
    });
  }

  /** Commits what waits. */
  async drain(): Promise<void> {
    if (this.#mode === 'closed') return;
    this.#mode = 'closing';
    if (this.units > 0) {
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve;
        this.#flushLater();
      });
    }
    this.#mode = 'closed';
  }

  #flushLater(): void {
    if (this.#isDeferred || this.#inFlight.length >= BATCHES_IN_FLIGHT_MAX) return;
    this.#isDeferred = true;
    this.#defer(() => {
      this.#isDeferred = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#waiting.length >= (this.#inFlight.length === 0 ? 1 : SECOND_BATCH_UNITS_MIN)) {
      if (this.#inFlight.length >= BATCHES_IN_FLIGHT_MAX) return;
      const units = this.#take();
      let slabBytes = 0;
      for (const unit of units) slabBytes += unit.slabBytes;
      const encoder = new BatchEncoder(slabBytes);
      for (const unit of units) unit.encode(encoder);
      this.#inFlight.push({ units, postedAt: this.#watch.monotonic() });
      this.#link.post(encoder);
    }
  }

  /** The units of the next batch. */
  #take(): AnyPending[] {
    let count = 0;
    let bytes = 0;
    for (const unit of this.#waiting) {
      if (count === STORE_BATCH_UNITS_MAX || (count > 0 && bytes + unit.bytes > BATCH_BYTES_MAX)) break;
      count += 1;
      bytes += unit.bytes;
    }
    if (count < this.#waiting.length) return this.#waiting.splice(0, count);
    const all = this.#waiting;
    this.#waiting = [];
    return all;
  }

  #answered(answer: Answer): void {
    const batch = this.#inFlight.shift();
    if (batch === undefined) throw new Error('an answer without a batch');
    const { units, postedAt } = batch;
    const durationMs = this.#watch.monotonic() - postedAt;
    for (const unit of units) this.bytes -= unit.bytes;
    this.units -= units.length;
    if (answer.failure === null) {
      const reader = { cells: new CellReader(answer.cells), slab: answer.slab };
      for (const [index, unit] of units.entries()) {
        reader.cells.at = answer.starts[index] ?? answer.cells.length;
        unit.settle(reader);
      }
    } else {
      rejectAll(units, new StoreUnavailable('commit_failed', { cause: new Error(answer.failure) }));
    }
    this.#flush();
    if (this.units === 0) this.#onDrained?.();
    // Last: whatever a listener does, every unit has its answer.
    this.#watch.committed(units.length, durationMs);
  }

  #gone(cause: Error): void {
    this.#mode = 'closed';
    const lost = [...this.#inFlight.flatMap((batch) => batch.units), ...this.#waiting];
    this.#inFlight = [];
    this.#waiting = [];
    this.units = 0;
    this.bytes = 0;
    rejectAll(lost, new StoreUnavailable('closed', { cause }));
    this.#onDrained?.();
  }
}

function rejectAll(units: readonly AnyPending[], error: Error): void {
  for (const unit of units) unit.reject(error);
}
