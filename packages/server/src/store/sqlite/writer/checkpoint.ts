import type { DatabaseSync } from 'node:sqlite';
import { numberOrNull } from '../cells.ts';
import { BUSY_TIMEOUT_MS } from '../connection.ts';

/** The length of the log is looked at once in so many commits. */
const LOOK_EVERY_COMMITS = 16;

/**
 * Nothing here throws: what is committed stays committed whether or not the log can be copied, and a full disk often
 * lets nothing be copied for a while. The log stays as long as it is then, and the next call tries again.
 */
export type Checkpoint = {
  /** Frames in the log now and then, else null. */
  frames(): number | null;
  /** A checkpoint that also empties the file of the log is to follow this batch. */
  ask(): void;
  runIfAsked(): void;
  run(): void;
};

export function createCheckpoint(db: DatabaseSync): Checkpoint {
  let commits = 0;
  let asked = false;
  // Looks without copying anything. A SQLite that does not know the word (before 3.51) copies, which is right but slower.
  const look = db.prepare('PRAGMA wal_checkpoint(NOOP)');
  const passive = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  const truncate = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  return {
    frames() {
      commits += 1;
      if (commits % LOOK_EVERY_COMMITS !== 0) return null;
      return orNull(() => numberOrNull(look.get()?.['log'] ?? null));
    },
    ask() {
      asked = true;
    },
    runIfAsked() {
      if (!asked) return;
      asked = false;
      // A reader in the middle of a long list must not hold up the next commit: then the file stays as long as it is.
      orNull(() => db.exec('PRAGMA busy_timeout = 0'));
      orNull(() => truncate.get());
      orNull(() => db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`));
    },
    run() {
      orNull(() => passive.get());
    },
  };
}

function orNull<Result>(work: () => Result): Result | null {
  try {
    return work();
  } catch {
    return null;
  }
}
