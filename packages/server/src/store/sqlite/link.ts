import type { Reader } from '../port.ts';
import type { Answer, Batch } from './wire/batch.ts';

/** The way to the writer, in this thread or in one of its own. */
export type WriterLink = {
  readonly incarnation: number;
  /** Answers come in the order of batches, through `onAnswer`. */
  post(batch: Batch): void;
  onAnswer(listener: (answer: Answer) => void): void;
  /** The writer is gone; no answer will come. */
  onGone(listener: (cause: Error) => void): void;
  /** Copies the write-ahead log into the database, off the way of batches where that is possible. */
  checkpoint(): void;
  close(): Promise<void>;
};

/** The way to the reader. */
export type ReaderLink = {
  readonly reader: Reader;
  /** The reader is gone; whatever it is asked rejects. */
  onGone(listener: (cause: Error) => void): void;
  close(): Promise<void>;
};
