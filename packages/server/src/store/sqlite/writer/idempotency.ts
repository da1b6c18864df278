import type { DatabaseSync } from 'node:sqlite';
import type { IdempotencyRow } from '../../port.ts';

/** Answers whether the row could be inserted; one that has expired makes room. */
export type InsertIdempotency = {
  isTaken(row: IdempotencyRow): boolean;
  insert(row: IdempotencyRow): void;
};

export function createInsertIdempotency(db: DatabaseSync): InsertIdempotency {
  const select = db.prepare(
    'SELECT 1 AS taken FROM idempotency WHERE principal = ? AND route = ? AND key = ? AND expires_at > ?',
  );
  const insert = db.prepare(`
    INSERT OR REPLACE INTO idempotency (principal, route, key, fingerprint, reference, created_at, expires_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)`);
  return {
    isTaken: (row) => select.get(row.principal, row.route, row.key, row.createdAt) !== undefined,
    insert(row) {
      insert.run(row.principal, row.route, row.key, row.fingerprint, row.reference, row.createdAt, row.expiresAt);
    },
  };
}
