import type { DatabaseSync } from 'node:sqlite';

/**
 * Does work that removes payloads so that nothing of them is left, also in the pages that become free. Removing rows moves
 * their neighbours from page to page, too: whatever takes rows of events or attempts away must do it through this.
 */
export function overwriting<Result>(db: DatabaseSync, work: () => Result): Result {
  db.exec('PRAGMA secure_delete = ON');
  try {
    return work();
  } finally {
    // As the connection was opened.
    db.exec('PRAGMA secure_delete = FAST');
  }
}
