import type { IdempotencyRow } from '../../port.ts';
import type { Runner, Statement } from '../database.ts';

// One that has expired makes room. Of two at the same time the second waits for the first, and finds its row.
const INSERT: Statement = {
  name: 'idempotency_insert',
  text: `
    INSERT INTO idempotency (principal, route, key, fingerprint, reference, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (principal, route, key) DO UPDATE SET fingerprint = excluded.fingerprint,
      reference = excluded.reference, created_at = excluded.created_at, expires_at = excluded.expires_at
    WHERE idempotency.expires_at <= excluded.created_at`,
};

/** Answers whether the key was free. */
export async function insertIdempotency(runner: Runner, row: IdempotencyRow): Promise<boolean> {
  const { principal, route, key, fingerprint, reference, createdAt, expiresAt } = row;
  const values = [principal, route, key, fingerprint, reference, createdAt, expiresAt];
  return (await runner.run(INSERT, values)).count === 1;
}
