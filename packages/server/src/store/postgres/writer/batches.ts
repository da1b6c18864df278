import type { Clock, Random, Timers } from '../../../domain/clock.ts';
import { number, text } from '../../cells.ts';
import { StoreUnavailable } from '../../port.ts';
import type { Database, Row, Statement, Value } from '../database.ts';
import type { Day } from '../days.ts';
import { AGAIN_MAX, faultOf, OUTAGE_MS_MAX, pauseMs } from '../retry.ts';
import { BigintColumn } from '../values.ts';
import { makeDays, missingDayOf } from './partitions.ts';

/**
 * Each statement that carries a batch ends with this insertion, so its row is there exactly when the batch was committed.
 * Whoever lost the answer puts a void row there: either that finds the row of the batch, with the answer, or the batch
 * can never be committed any more, however late it arrives. `$1`, `$2` and `$3` of every such statement are its writer, its
 * number, and the numbers of earlier ones whose answers arrived: nobody will ask for those again.
 */
export function batchRow(numbers: string, deliveries = 'NULL::uuid[]'): string {
  return `answered AS (DELETE FROM batches WHERE writer = $1::integer AND number = ANY ($3::bigint[])),
    batch AS (
      INSERT INTO batches (writer, number, numbers, deliveries)
      SELECT $1::integer, $2::bigint, ${numbers}, ${deliveries}
      RETURNING numbers)`;
}

/** How many parameters stand before those of the batch itself. */
export const BATCH_PARAMETERS = 3;

const VOID: Statement = {
  name: 'batch_void',
  text: 'INSERT INTO batches (writer, number) VALUES ($1, $2) ON CONFLICT DO NOTHING',
};
const FIND: Statement = {
  name: 'batch_find',
  text: `SELECT array_to_string(numbers, ','), array_to_string(deliveries, ',') FROM batches
    WHERE writer = $1 AND number = $2`,
};
/** Days that one batch can have made, one after the other. */
const DAYS_MADE_MAX = 8;
/** Far more than batches that are under way. */
const ANSWERED_MAX = 100;

/** What a batch left behind in its row. */
export type Left = { readonly numbers: readonly number[]; readonly deliveries: readonly string[] };

export type Sent =
  | { readonly kind: 'answered'; readonly rows: readonly Row[] }
  /** It was committed, but its answer was lost. */
  | { readonly kind: 'recovered'; readonly batch: number; readonly left: Left };

/** Something in the batch can never be stored. */
export class BrokenBatch extends Error {
  override readonly name = 'BrokenBatch';
}

/** A value could not even be put into the form that is sent. */
export function brokenBy(error: unknown): BrokenBatch {
  return new BrokenBatch(error instanceof Error ? error.message : String(error), { cause: error });
}

/** The store takes nothing now, and nobody knows whether this batch was committed. */
export class OpenBatch extends StoreUnavailable {
  readonly batch: number;
  constructor(batch: number, options: ErrorOptions) {
    super('commit_failed', options);
    this.batch = batch;
  }
}

/** Reads again what a batch had brought. Where that fails, its caller gives it up like one that nobody knows of. */
export async function recovering<T>(batch: number, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof StoreUnavailable) throw new OpenBatch(batch, { cause: error });
    throw error;
  }
}

export type BatchesParts = {
  readonly db: Database;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly timers: Timers;
  readonly random: Random;
  /** Of this writer alone, among all that ever were. */
  readonly writer: number;
  /** Is told of each statement that failed, and of each that worked. */
  readonly onFailed: (cause: Error) => void;
  readonly onWorked: () => void;
};

export type Batch = {
  readonly statement: Statement;
  readonly values: readonly Value[];
};

/** Undoes for a batch that was given up what nobody knows of. */
export type Undo = (left: Left) => Promise<void>;

/** Sends batches so that each is committed once or not at all, whatever becomes of connections. */
export class Batches {
  readonly #parts: BatchesParts;
  #last = 0;
  #answered: number[] = [];
  /** Batches that were given up while nobody knew whether they were committed. */
  readonly #open = new Map<number, Undo>();
  /** Since when nothing works, by the time that never steps back; null: it does. */
  #failingSince: number | null = null;
  #closing: Promise<void> | null = null;

  constructor(parts: BatchesParts) {
    this.#parts = parts;
  }

  async send(batch: Batch): Promise<Sent> {
    const state = this.#tries(this.#next());
    for (let tries = 1; ; tries += 1) {
      try {
        await this.closeOpen();
        if (state.isOpen) {
          const left = await this.settle(state.batch);
          if (left !== null) return { kind: 'recovered', batch: state.batch, left };
          state.batch = this.#next();
          state.isOpen = false;
        }
        return { kind: 'answered', rows: await this.#run(batch, state.batch) };
      } catch (error) {
        await this.#judge(error, state);
      }
      await this.#pause(tries);
    }
  }

  /** A statement that only reads. */
  async read(statement: Statement, values: readonly Value[]): Promise<readonly Row[]> {
    const rows = await this.#untilItWorks(async () => await this.once(statement, values));
    // The server answers. Whether it takes writes is not said by that.
    this.#failingSince = null;
    return rows;
  }

  /** As `settle`, waiting while the server takes nothing. */
  async settleSurely(batch: number): Promise<Left | null> {
    const left = await this.#untilItWorks(async () => await this.settle(batch));
    this.#worked();
    return left;
  }

  /** A statement that may run twice; whoever calls tries again. */
  async once(statement: Statement, values: readonly Value[]): Promise<readonly Row[]> {
    return (await this.#parts.db.on('write').run(statement, values)).rows;
  }

  /** Its caller was told that it failed. If it was committed all the same, `undo` is called before anything else is sent. */
  giveUp(batch: number, undo: Undo): void {
    this.#open.set(batch, undo);
  }

  /** Finds out what became of batches that were given up. Calls at one time share the work. */
  async closeOpen(): Promise<void> {
    if (this.#open.size === 0) return;
    this.#closing ??= this.#closeAll().finally(() => {
      this.#closing = null;
    });
    await this.#closing;
  }

  async #closeAll(): Promise<void> {
    for (const [batch, undo] of this.#open) {
      const left = await this.settle(batch);
      if (left !== null) await undo(left);
      this.#open.delete(batch);
    }
  }

  /** What a batch left whose answer was lost; null when it was not committed, and now never will be. */
  async settle(batch: number): Promise<Left | null> {
    const { db, writer } = this.#parts;
    const write = db.on('write');
    // Waits for one that is still under way.
    if ((await write.run(VOID, [writer, batch])).count === 1) return null;
    const [row] = (await write.run(FIND, [writer, batch])).rows;
    if (row === undefined || row[0] === null) return null;
    return { numbers: splitNumbers(row[0]), deliveries: row[1] === null ? [] : split(text(row[1])) };
  }

  /** For what may run twice. */
  async #untilItWorks<T>(work: () => Promise<T>): Promise<T> {
    const state = this.#tries(null);
    for (let tries = 1; ; tries += 1) {
      try {
        return await work();
      } catch (error) {
        await this.#judge(error, state);
      }
      await this.#pause(tries);
    }
  }

  #worked(): void {
    this.#failingSince = null;
    this.#parts.onWorked();
  }

  #tries<B extends number | null>(batch: B): Tries & { batch: B } {
    return { batch, isOpen: false, again: 0, daysMade: 0 };
  }

  async #pause(tries: number): Promise<void> {
    const { timers, random } = this.#parts;
    await new Promise<void>((resolve) => void timers.setTimeout(resolve, pauseMs(tries, random)));
  }

  #next(): number {
    this.#last += 1;
    return this.#last;
  }

  async #run({ statement, values }: Batch, current: number): Promise<readonly Row[]> {
    const { db, writer } = this.#parts;
    const answered = this.#answered;
    this.#answered = [];
    const numbers = new BigintColumn();
    for (const each of answered) numbers.add(each);
    try {
      const { rows } = await db.on('write').run(statement, [writer, current, numbers.value(), ...values]);
      this.#answered.push(current);
      this.#worked();
      return rows;
    } catch (error) {
      if (this.#answered.length < ANSWERED_MAX) this.#answered.push(...answered);
      throw error;
    }
  }

  /** Returns when it is to be tried again. */
  async #judge(error: unknown, state: Tries): Promise<void> {
    const { db, clock, onFailed } = this.#parts;
    const fault = faultOf(error);
    const cause = error instanceof Error ? error : new Error(String(error));
    if (fault.kind === 'broken') throw new BrokenBatch(cause.message, { cause });
    if (fault.kind === 'no_partition') {
      const day = missingDayOf(error);
      // Nothing of this program was made at such a time.
      if (day === null) throw new BrokenBatch(cause.message, { cause });
      state.daysMade += 1;
      if (state.daysMade <= DAYS_MADE_MAX && (await canMakeDay(db, day))) return;
    }
    if (fault.kind === 'again') {
      state.again += 1;
      if (state.again < AGAIN_MAX) return;
    }
    onFailed(cause);
    if (fault.kind === 'outage') {
      if (fault.isOpen && state.batch !== null) state.isOpen = true;
      // An outage is waited for once, not by each batch that comes while it lasts.
      const now = clock.monotonic();
      this.#failingSince ??= now;
      if (now < this.#failingSince + OUTAGE_MS_MAX) return;
    }
    if (state.isOpen && state.batch !== null) throw new OpenBatch(state.batch, { cause });
    throw new StoreUnavailable(fault.kind === 'refused' ? fault.reason : 'commit_failed', { cause });
  }
}

/** How far the tries of one batch, or of one read, have come. */
type Tries = {
  /** Null for what is no batch. */
  batch: number | null;
  /** Nobody knows whether it was committed. */
  isOpen: boolean;
  again: number;
  daysMade: number;
};

async function canMakeDay(db: Database, day: Day): Promise<boolean> {
  try {
    await makeDays(db, [day]);
    return true;
  } catch {
    return false;
  }
}

export function split(list: string): readonly string[] {
  return list === '' ? [] : list.split(',');
}

/** Of numbers that a statement joined by commas. */
export function splitNumbers(value: unknown): readonly number[] {
  return split(text(value)).map((each) => number(Number(each)));
}
