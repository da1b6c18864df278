import type { RingOwner } from '../../../domain/secret.ts';
import { text } from '../../cells.ts';
import type { StoredKeyring, StoredSecret } from '../../port.ts';
import type { Runner, Statement } from '../database.ts';
import { putLiving, retire } from './secrets.ts';

const INSERT: Statement = {
  name: 'keyring_insert',
  text: 'INSERT INTO keyrings (owner, version) VALUES ($1, $2) ON CONFLICT DO NOTHING',
};
// Holds the ring until the end: of two changes of one version the second finds another version.
const PUT: Statement = {
  name: 'keyring_put',
  text: 'UPDATE keyrings SET version = $1 WHERE owner = $2 AND version = $3',
};
// As of endpoints: several are held in one order.
const HOLD: Statement = {
  name: 'keyrings_hold',
  text: 'SELECT 1 FROM keyrings WHERE owner IN (SELECT value FROM jsonb_array_elements_text($1::jsonb)) ORDER BY owner FOR UPDATE',
};
const EXPECT: Statement = {
  name: 'keyring_expect',
  text: 'SELECT 1 FROM keyrings WHERE owner = $1 AND version = $2 FOR UPDATE',
};
const SELECT_IDS: Statement = { name: 'keyring_secrets', text: 'SELECT id FROM secrets WHERE owner = $1' };
const SELECT_FOREIGN: Statement = {
  name: 'keyring_foreign_secrets',
  text: `
    SELECT s.id FROM jsonb_array_elements_text($1::jsonb) g(id) JOIN secrets s ON s.id = g.id WHERE s.owner <> $2
    UNION ALL
    SELECT h.id FROM jsonb_array_elements_text($1::jsonb) g(id) JOIN secret_history h ON h.id = g.id
      WHERE h.owner <> $2`,
};

export async function holdKeyrings(runner: Runner, owners: readonly RingOwner[]): Promise<void> {
  await runner.run(HOLD, [JSON.stringify(owners)]);
}

/** Answers whether the ring has that version, which it then keeps until the end. */
export async function hasKeyring(runner: Runner, owner: RingOwner, version: number): Promise<boolean> {
  return (await runner.run(EXPECT, [owner, version])).count === 1;
}

/** Answers whether there was no ring of this owner. */
export async function insertKeyring(runner: Runner, ring: StoredKeyring): Promise<boolean> {
  const { count } = await runner.run(INSERT, [ring.owner, ring.version]);
  if (count !== 1) return false;
  await putSecrets(runner, ring);
  return true;
}

/** Answers whether the ring had the expected version. */
export async function putKeyring(
  runner: Runner,
  ring: StoredKeyring,
  retired: readonly StoredSecret[],
  expectedVersion: number,
): Promise<boolean> {
  const { count } = await runner.run(PUT, [ring.version, ring.owner, expectedVersion]);
  if (count !== 1) return false;
  const kept = new Set<string>([...ring.secrets, ...retired].map((secret) => secret.id));
  const { rows } = await runner.run(SELECT_IDS, [ring.owner]);
  for (const row of rows) {
    const id = text(row[0]);
    // A secret that somebody was given must never just vanish.
    if (!kept.has(id)) throw new Error(`secret ${id} would vanish from the ring of ${ring.owner}`);
  }
  await retire(runner, retired, ring.owner);
  await putSecrets(runner, ring);
  return true;
}

async function putSecrets(runner: Runner, ring: StoredKeyring): Promise<void> {
  if (ring.secrets.length === 0) return;
  const ids = JSON.stringify(ring.secrets.map(({ id }) => id));
  const { rows } = await runner.run(SELECT_FOREIGN, [ids, ring.owner]);
  const foreign = rows[0];
  if (foreign !== undefined) throw new Error(`secret ${text(foreign[0])} belongs to another ring than ${ring.owner}`);
  await putLiving(runner, ring.secrets, ring.owner);
}
