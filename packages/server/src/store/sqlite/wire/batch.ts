import type { Cell, CellReader } from '../cells.ts';

/** What the first cell of a unit says. */
export const UNIT = {
  accept: 1,
  record: 2,
  claim: 3,
  takeDue: 4,
  release: 5,
  apply: 6,
  housekeep: 7,
  reseal: 8,
  ping: 9,
  prune: 10,
} as const;

/** What the first cell of a unit's answer says. */
export const ANSWERED = 1;
export const DEFECT = 0;

/** Units on their way to the writer. The slab holds their payloads, end to end; it is handed over, not copied. */
export type Batch = {
  readonly cells: readonly Cell[];
  /** Where each unit begins in `cells`. */
  readonly starts: readonly number[];
  /** Where the bytes of each unit begin in `slab`. */
  readonly slabStarts: readonly number[];
  readonly slab: Uint8Array<ArrayBuffer>;
};

export type Answer = {
  /** One answer per unit, in order; empty when the commit failed. */
  readonly cells: readonly Cell[];
  /** Where the answer of each unit begins in `cells`. */
  readonly starts: readonly number[];
  readonly slab: Uint8Array<ArrayBuffer>;
  /** Why nothing of the batch was kept, or null. */
  readonly failure: string | null;
  /** Frames in the write-ahead log when it was looked at, else null. */
  walFrames: number | null;
};

export const EMPTY_SLAB: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** Collects the units of one batch. */
export class BatchEncoder {
  readonly cells: Cell[] = [];
  readonly starts: number[] = [];
  readonly slabStarts: number[] = [];
  readonly slab: Uint8Array<ArrayBuffer>;
  #slabAt = 0;

  constructor(slabBytes: number) {
    // An allocation of its own, so that it can be handed over; every byte is written below.
    this.slab = slabBytes === 0 ? new Uint8Array(0) : Buffer.allocUnsafeSlow(slabBytes);
  }

  begin(): void {
    this.starts.push(this.cells.length);
    this.slabStarts.push(this.#slabAt);
  }

  putBytes(bytes: Uint8Array): void {
    this.slab.set(bytes, this.#slabAt);
    this.#slabAt += bytes.length;
  }
}

/** How one kind of unit travels, and how its answer is read. */
export type UnitCodec<Unit, Result> = {
  /** Bytes of the unit that travel in the slab. */
  slabBytes(unit: Unit): number;
  encode(unit: Unit, out: BatchEncoder): void;
  decode(unit: Unit, answer: AnswerReader): Result;
};

export type AnswerReader = {
  readonly cells: CellReader;
  readonly slab: Uint8Array;
};
