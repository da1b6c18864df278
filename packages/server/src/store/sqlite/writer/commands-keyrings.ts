import type { StoredKeyring, StoredSecret } from '../../port.ts';
import { text } from '../cells.ts';
import type { WriteContext } from './context.ts';
import { createSecretWriter } from './secrets.ts';

export type KeyringCommands = {
  /** Whether the ring has that version. */
  has(owner: string, version: number): boolean;
  insert(ring: StoredKeyring): boolean;
  put(ring: StoredKeyring, retired: readonly StoredSecret[], expectedVersion: number): boolean;
};

export function createKeyringCommands({ db }: WriteContext): KeyringCommands {
  const secrets = createSecretWriter(db);
  const insert = db.prepare('INSERT INTO keyrings (owner, version) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const put = db.prepare('UPDATE keyrings SET version = ? WHERE owner = ? AND version = ?');
  const selectVersion = db.prepare('SELECT 1 FROM keyrings WHERE owner = ? AND version = ?');
  const selectIds = db.prepare('SELECT id FROM secrets WHERE owner = ?');
  const selectForeign = db.prepare(`
    SELECT 1 AS found FROM secrets WHERE id = ?1 AND owner <> ?2
    UNION ALL SELECT 1 FROM secret_history WHERE id = ?1 AND owner <> ?2`);

  function putSecrets(ring: StoredKeyring): void {
    for (const [position, secret] of ring.secrets.entries()) {
      if (selectForeign.get(secret.id, ring.owner) !== undefined) {
        throw new Error(`secret ${secret.id} belongs to another ring than ${ring.owner}`);
      }
      secrets.putLiving(secret, ring.owner, position);
      secrets.deleteHistory(secret.id);
    }
  }

  return {
    has: (owner, version) => selectVersion.get(owner, version) !== undefined,

    insert(ring) {
      if (insert.run(ring.owner, ring.version).changes !== 1) return false;
      putSecrets(ring);
      return true;
    },

    put(ring, retired, expectedVersion) {
      if (put.run(ring.version, ring.owner, expectedVersion).changes !== 1) return false;
      const kept = new Set<string>([...ring.secrets, ...retired].map((secret) => secret.id));
      for (const row of selectIds.all(ring.owner)) {
        const id = text(row['id']);
        // A secret that somebody was given must never just vanish.
        if (!kept.has(id)) throw new Error(`secret ${id} would vanish from the ring of ${ring.owner}`);
      }
      for (const secret of retired) {
        secrets.putHistory(secret, ring.owner, 0);
        secrets.deleteLiving(secret.id);
      }
      putSecrets(ring);
      return true;
    },
  };
}
