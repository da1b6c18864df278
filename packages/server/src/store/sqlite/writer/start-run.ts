import type { DatabaseSync } from 'node:sqlite';
import { number } from '../cells.ts';
import type { Numbers } from './context.ts';

/**
 * Begins a new incarnation. Leases of earlier ones are taken off their rows: there are at most as many as a node keeps
 * in memory, and it is what lets a leased delivery stay out of the index of waiting ones, which saves two index writes
 * for each delivery that is sent at once.
 */
export function startRun(db: DatabaseSync, now: number): { incarnation: number; numbers: Numbers } {
  db.exec('BEGIN IMMEDIATE');
  try {
    const inserted = db.prepare('INSERT INTO nodes (started_at, seen_at) VALUES (?, ?)').run(now, now);
    // Nobody asks for runs that are over; the last number stays, so that none is given twice.
    db.prepare('DELETE FROM nodes WHERE incarnation < ?').run(inserted.lastInsertRowid);
    db.exec(`
      UPDATE queue SET lease = NULL WHERE lease IS NOT NULL;
      DELETE FROM due_endpoints;
      INSERT INTO due_endpoints (endpoint, due_at)
        SELECT w.endpoint, w.due_at
        FROM (SELECT endpoint, min(due_at) AS due_at FROM queue WHERE lease IS NULL GROUP BY endpoint) w
        JOIN endpoints e ON e.number = w.endpoint WHERE e.status = 'active';
      UPDATE endpoints SET draining = 1 WHERE status = 'archived' AND draining = 0
        AND EXISTS (SELECT 1 FROM queue WHERE queue.endpoint = endpoints.number AND queue.lease IS NULL);
    `);
    const numbers = {
      event: nextNumber(db, 'events'),
      delivery: nextNumber(db, 'deliveries'),
      attempt: nextNumber(db, 'attempts'),
    };
    db.exec('COMMIT');
    return { incarnation: Number(inserted.lastInsertRowid), numbers };
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

function nextNumber(db: DatabaseSync, table: 'events' | 'deliveries' | 'attempts'): number {
  const row = db.prepare(`SELECT coalesce(max(number), 0) AS highest FROM ${table}`).get();
  return number(row?.['highest']) + 1;
}
