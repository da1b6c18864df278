import type { DatabaseSync } from 'node:sqlite';

/**
 * Does work that removes payloads and overwrites what was there, also the pages that become free. Removing rows moves their
 * neighbours from page to page, too: whatever takes rows of events or attempts away must do it through this. SQLite clears
 * all but one kind of copy: what a row that it moved leaves in the unused part of a page that stays.
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
