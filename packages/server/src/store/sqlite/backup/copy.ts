import { backup, DatabaseSync } from 'node:sqlite';
import { number } from '../cells.ts';
import { openReaderConnection } from '../connection.ts';
import type { Watched } from './files.ts';
import { cancelIf } from './refusal.ts';

/** 1 MiB: the copy can be stopped, and shows how far it is, after each. */
const PAGES_PER_STEP = 128;

export type Pinned = {
  readonly bytes: number;
  copyTo(destination: string, watched: Watched): Promise<void>;
  close(): void;
};

/**
 * Holds on to the state of a database as of now, whoever goes on writing to it. While it is held the log cannot begin
 * anew, so it grows by all that is written meanwhile; the next checkpoint after `close` takes it back.
 */
export function pin(path: string): Pinned {
  const db = openReaderConnection(path);
  try {
    db.exec('BEGIN');
    // The first read is what takes the snapshot. Within a transaction, copying never starts over.
    const row = db
      .prepare('SELECT page_count AS pages, page_size AS bytes FROM pragma_page_count, pragma_page_size')
      .get();
    const pageBytes = number(row?.['bytes']);
    return {
      bytes: number(row?.['pages']) * pageBytes,
      async copyTo(destination, { onProgress, signal }) {
        await backup(db, destination, {
          rate: PAGES_PER_STEP,
          progress: ({ totalPages, remainingPages }) => {
            cancelIf(signal);
            onProgress((totalPages - remainingPages) * pageBytes);
          },
        });
        cancelIf(signal);
        makeWhole(destination);
      },
      close: () => db.close(),
    };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** A copy says of itself that it has a log beside it, as its original has. Without that it is one file and stays one. */
function makeWhole(path: string): void {
  const copy = new DatabaseSync(path);
  try {
    copy.exec('PRAGMA journal_mode = DELETE');
  } finally {
    copy.close();
  }
}
