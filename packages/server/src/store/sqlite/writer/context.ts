import type { DatabaseSync } from 'node:sqlite';
import type { Cell } from '../cells.ts';
import type { Directory } from './directory.ts';
import type { DueIndex } from './due-index.ts';
import type { Leased } from './leased.ts';

/** What every writer of units is given. */
export type WriteContext = {
  readonly db: DatabaseSync;
  readonly directory: Directory;
  readonly due: DueIndex;
  readonly leased: Leased;
  readonly numbers: Numbers;
  /** The run whose units are being written. */
  incarnation: number;
};

/** The numbers that the next rows are given. They may skip, never repeat. */
export type Numbers = { event: number; delivery: number; attempt: number };

/** Where the answers of one batch are put. */
export class AnswerBuilder {
  readonly cells: Cell[] = [];
  readonly starts: number[] = [];
  #parts: Uint8Array[] = [];
  #bytes = 0;

  /** The cells that follow answer the next unit. Answers where they begin. */
  begin(): number {
    const start = this.cells.length;
    this.starts.push(start);
    return start;
  }

  /** Where the next bytes will lie in the slab. */
  get slabAt(): number {
    return this.#bytes;
  }

  putBytes(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
  }

  /** Forgets what was put after `length` cells. Bytes that were put stay, unread. */
  truncate(length: number): void {
    this.cells.length = length;
  }

  slab(): Uint8Array<ArrayBuffer> {
    const slab = new Uint8Array(this.#bytes);
    let at = 0;
    for (const part of this.#parts) {
      slab.set(part, at);
      at += part.length;
    }
    return slab;
  }
}
