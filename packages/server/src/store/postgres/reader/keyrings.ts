import type { Secret } from '../../../domain/secret.ts';
import { number, type Row, text } from '../../cells.ts';
import { numberCursor, numberOf, pageOf } from '../../page.ts';
import type { Reader } from '../../reader.ts';
import { ringOwnerOf, secretOf } from '../../rows.ts';
import type { Statement } from '../database.ts';
import { SECRET_COLUMNS } from '../writer/secrets.ts';
import type { Queries } from './queries.ts';

type Reads = Pick<Reader, 'keyring' | 'secrets' | 'secret' | 'sealedSecrets'>;

/** The ring and its secrets at one moment. A ring without secrets is one row of nulls, which tells the version. */
const RING: Statement = {
  name: 'read_keyring',
  text: `SELECT k.version, s.* FROM keyrings k LEFT JOIN secrets s ON s.owner = k.owner
    WHERE k.owner = $1 ORDER BY s.position`,
};
const LIST: Statement = {
  name: 'read_secrets',
  text: `
    SELECT * FROM (
      SELECT ${SECRET_COLUMNS} FROM secrets WHERE owner = $1 AND number < $2
      UNION ALL
      SELECT ${SECRET_COLUMNS} FROM secret_history WHERE owner = $1 AND number < $2) s
    ORDER BY number DESC LIMIT $3`,
};
const ONE: Statement = {
  name: 'read_secret',
  text: `
    SELECT ${SECRET_COLUMNS} FROM secrets WHERE id = $1 AND owner = $2
    UNION ALL
    SELECT ${SECRET_COLUMNS} FROM secret_history WHERE id = $1 AND owner = $2`,
};
const SEALED: Statement = {
  name: 'read_sealed_secrets',
  text: `
    (SELECT id, owner, sealed FROM secrets WHERE id > $1 AND sealed IS NOT NULL ORDER BY id LIMIT $2)
    UNION ALL
    (SELECT id, owner, sealed FROM secret_history WHERE id > $1 AND sealed IS NOT NULL ORDER BY id LIMIT $2)
    ORDER BY id LIMIT $2`,
};

export function createKeyringReads({ all, first }: Queries): Reads {
  return {
    async keyring(owner) {
      const rows = await all(RING, owner);
      const [row] = rows;
      if (row === undefined) return null;
      const secrets = rows.filter((each) => each['id'] !== null).map(secretOf);
      return { owner, version: number(row['version']), secrets };
    },
    async secrets(owner, { after, itemsMax }) {
      const rows = await all(LIST, owner, numberCursor(after), itemsMax + 1);
      return pageOf(rows, itemsMax, withoutMaterial, numberOf);
    },
    async secret(owner, id) {
      const row = await first(ONE, id, owner);
      return row === undefined ? null : secretOf(row);
    },
    async sealedSecrets({ after, itemsMax }) {
      const rows = await all(SEALED, after ?? '', itemsMax + 1);
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
