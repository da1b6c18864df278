import type { DatabaseSync } from 'node:sqlite';
import { headerSealId } from '../../../domain/static-header.ts';
import { keyIdOf, VaultError } from '../../vault.ts';
import { text } from '../cells.ts';

/** Throws VaultError when it does not open. What was sealed is of no interest. */
export type OpenSealed = (sealed: `sealed.${string}`, owner: string, id: string) => unknown;

/** Whose the service's own keys are, for the vault: as in `app/service-key.ts`, which a folder of the store cannot import. */
const SERVICE_SEAL_OWNER = 'service';

type Checked = { readonly masterKeyIds: readonly string[]; readonly problems: readonly string[] };

/** Tries everything that is sealed: secrets, living and dead, static headers of endpoints, keys of the service. */
export function checkSealed(db: DatabaseSync, openSealed: OpenSealed | null): Checked {
  const ids = new Set<string>();
  const unknown = new Map<string, number>();
  let broken = 0;
  for (const { sealed, owner, id } of everySealed(db)) {
    try {
      ids.add(keyIdOf(sealed));
      openSealed?.(sealed, owner, id);
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      if (error.reason === 'unknown_key') unknown.set(keyIdOf(sealed), (unknown.get(keyIdOf(sealed)) ?? 0) + 1);
      else broken += 1;
    }
  }
  const problems = [...unknown].map(
    ([key, count]) => `${count} sealed texts need the master key ${key}, which is not at hand`,
  );
  if (broken > 0) {
    problems.push(
      `${broken} sealed texts do not open: they were changed, or the master key of their id is another one`,
    );
  }
  return { masterKeyIds: [...ids].toSorted(), problems };
}

type Sealed = { readonly sealed: `sealed.${string}`; readonly owner: string; readonly id: string };

function* everySealed(db: DatabaseSync): Generator<Sealed> {
  const statements = [
    'SELECT id, owner, sealed FROM secrets WHERE sealed IS NOT NULL',
    'SELECT id, owner, sealed FROM secret_history WHERE sealed IS NOT NULL',
    `SELECT name AS id, '${SERVICE_SEAL_OWNER}' AS owner, sealed FROM service_keys`,
  ];
  for (const sql of statements) for (const row of db.prepare(sql).iterate()) yield sealedOf(row, text(row['id']));
  const headers = db.prepare(`
    SELECT e.id AS owner, h.value ->> 'name' AS name, h.value ->> 'sealed' AS sealed
    FROM endpoints e, json_each(e.settings, '$.headers') h`);
  for (const row of headers.iterate()) yield sealedOf(row, headerSealId(text(row['name'])));
}

function sealedOf(row: Readonly<Record<string, unknown>>, id: string): Sealed {
  // Whatever it is, the vault says whether it is one.
  return { sealed: text(row['sealed']) as `sealed.${string}`, owner: text(row['owner']), id };
}
