import type { DatabaseSync } from 'node:sqlite';
import type { StoredSecret } from '../../port.ts';
import type { Cell } from '../cells.ts';

export const SECRET_COLUMNS = `id, owner, position, number, algorithm, created_at, activates_at, superseded_at, expires_at,
  revoked_at, signs_from, signs_until, ends_at, origin, hint, fingerprint, public_key, actor, reason, sealed`;
const PLACES = Array.from({ length: 20 }, () => '?').join(', ');

export type SecretWriter = {
  putLiving(secret: StoredSecret, owner: string, position: number): void;
  putHistory(secret: StoredSecret, owner: string, position: number): void;
  /** Moves a living row to the history as it is. */
  retire(id: string): void;
  deleteLiving(id: string): void;
  deleteHistory(id: string): void;
};

export function createSecretWriter(db: DatabaseSync): SecretWriter {
  // A sealed text is written once; only a change of master key replaces it. So a change that was decided on a copy
  // read before such a change cannot bring the old text back.
  const putLiving = db.prepare(`
    INSERT INTO secrets (${SECRET_COLUMNS}) VALUES (${PLACES})
    ON CONFLICT (id) DO UPDATE SET position = excluded.position, activates_at = excluded.activates_at,
      superseded_at = excluded.superseded_at, expires_at = excluded.expires_at, revoked_at = excluded.revoked_at,
      signs_from = excluded.signs_from, signs_until = excluded.signs_until, ends_at = excluded.ends_at,
      reason = excluded.reason`);
  const putHistory = db.prepare(`
    INSERT INTO secret_history (${SECRET_COLUMNS}) VALUES (${PLACES})
    ON CONFLICT (id) DO UPDATE SET superseded_at = excluded.superseded_at, expires_at = excluded.expires_at,
      revoked_at = excluded.revoked_at, signs_from = excluded.signs_from, signs_until = excluded.signs_until,
      ends_at = excluded.ends_at, reason = excluded.reason`);
  const copySealed = db.prepare(`
    UPDATE secret_history SET sealed = (SELECT s.sealed FROM secrets s WHERE s.id = secret_history.id)
    WHERE id = ? AND EXISTS (SELECT 1 FROM secrets s WHERE s.id = secret_history.id)`);
  const retire = db.prepare(`
    INSERT OR REPLACE INTO secret_history (${SECRET_COLUMNS}) SELECT ${SECRET_COLUMNS} FROM secrets WHERE id = ?`);
  const deleteLiving = db.prepare('DELETE FROM secrets WHERE id = ?');
  const deleteHistory = db.prepare('DELETE FROM secret_history WHERE id = ?');
  return {
    putLiving: (secret, owner, position) => void putLiving.run(...valuesOf(secret, owner, position)),
    putHistory(secret, owner, position) {
      putHistory.run(...valuesOf(secret, owner, position));
      copySealed.run(secret.id);
    },
    retire(id) {
      retire.run(id);
      deleteLiving.run(id);
    },
    deleteLiving: (id) => void deleteLiving.run(id),
    deleteHistory: (id) => void deleteHistory.run(id),
  };
}

function valuesOf(secret: StoredSecret, owner: string, position: number): Cell[] {
  return [
    secret.id,
    owner,
    position,
    secret.number,
    secret.algorithm,
    secret.createdAt,
    secret.activatesAt,
    secret.supersededAt,
    secret.expiresAt,
    secret.revokedAt,
    secret.signsFrom,
    secret.signsUntil,
    earlier(secret.expiresAt, secret.revokedAt),
    secret.origin,
    secret.hint,
    secret.fingerprint,
    secret.publicKey,
    secret.actor,
    secret.reason,
    secret.sealed,
  ];
}

function earlier(one: number | null, other: number | null): number | null {
  if (one === null) return other;
  return other === null ? one : Math.min(one, other);
}
