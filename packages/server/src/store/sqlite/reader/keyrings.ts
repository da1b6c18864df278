import type { DatabaseSync } from 'node:sqlite';
import type { Secret } from '../../../domain/secret.ts';
import { numberCursor, numberOf, pageOf } from '../../page.ts';
import { ringOwnerOf, secretOf } from '../../rows.ts';
import { number, type Row, text } from '../cells.ts';
import { SECRET_COLUMNS } from '../writer/secrets.ts';
import type { SyncReader } from './sync-reader.ts';

type Reads = Pick<SyncReader, 'keyring' | 'secrets' | 'secret' | 'sealedSecrets'>;

export function createKeyringReads(db: DatabaseSync): Reads {
  const ring = db.prepare('SELECT version FROM keyrings WHERE owner = ?');
  const living = db.prepare(`SELECT ${SECRET_COLUMNS} FROM secrets WHERE owner = ?`);
  const list = db.prepare(`
    SELECT * FROM (
      SELECT ${SECRET_COLUMNS} FROM secrets WHERE owner = ?1 AND number < ?2
      UNION ALL
      SELECT ${SECRET_COLUMNS} FROM secret_history WHERE owner = ?1 AND number < ?2)
    ORDER BY number DESC LIMIT ?3`);
  const one = db.prepare(`
    SELECT ${SECRET_COLUMNS} FROM secrets WHERE id = ?1 AND owner = ?2
    UNION ALL
    SELECT ${SECRET_COLUMNS} FROM secret_history WHERE id = ?1 AND owner = ?2`);
  const sealed = db.prepare(`
    SELECT * FROM (
      SELECT id, owner, sealed FROM secrets WHERE id > ?1 AND sealed IS NOT NULL
      UNION ALL
      SELECT id, owner, sealed FROM secret_history WHERE id > ?1 AND sealed IS NOT NULL)
    ORDER BY id LIMIT ?2`);

  return {
    keyring(owner) {
      const row = ring.get(owner);
      if (row === undefined) return null;
      // A ring has at most a handful of living secrets: sorted here, they need no index for their order.
      const rows = living.all(owner).toSorted((one, other) => number(one['position']) - number(other['position']));
      return { owner, version: number(row['version']), secrets: rows.map(secretOf) };
    },
    secrets(owner, { after, itemsMax }) {
      const rows = list.all(owner, numberCursor(after), itemsMax + 1);
      return pageOf(rows, itemsMax, withoutMaterial, numberOf);
    },
    secret(owner, id) {
      const row = one.get(id, owner);
      return row === undefined ? null : secretOf(row);
    },
    sealedSecrets({ after, itemsMax }) {
      const rows = sealed.all(after ?? '', itemsMax + 1);
      return pageOf(rows, itemsMax, sealedOf, (row) => text(row['id']));
    },
  };
}

function withoutMaterial(row: Row): Secret {
  const { sealed: _sealed, ...secret } = secretOf(row);
  return secret;
}

function sealedOf(row: Row) {
  // Ids and sealed texts of the table's own making, and the statement leaves out nulls.
  return {
    owner: ringOwnerOf(row),
    id: text(row['id']) as Secret['id'],
    sealed: text(row['sealed']) as `sealed.${string}`,
  };
}
