import type { StoredSecret } from '../../port.ts';
import type { Runner, Statement } from '../database.ts';

const COLUMNS = [
  'id',
  'owner',
  'position',
  'number',
  'algorithm',
  'created_at',
  'activates_at',
  'superseded_at',
  'expires_at',
  'revoked_at',
  'signs_from',
  'signs_until',
  'ends_at',
  'origin',
  'hint',
  'fingerprint',
  'public_key',
  'actor',
  'reason',
  'sealed',
] as const;
type Column = (typeof COLUMNS)[number];

export const SECRET_COLUMNS = COLUMNS.join(', ');

const TYPES: Partial<Record<Column, string>> = { position: 'integer', number: 'bigint' };
const ROWS = `jsonb_to_recordset($1::jsonb) AS s(${COLUMNS.map((name) => `${name} ${typeOf(name)}`).join(', ')})`;

function typeOf(column: Column): string {
  return TYPES[column] ?? (/_at$|^signs_/.test(column) ? 'bigint' : 'text');
}

function taken(columns: readonly Column[]): string {
  return columns.map((name) => `${name} = excluded.${name}`).join(', ');
}

const ENDS = ['superseded_at', 'expires_at', 'revoked_at', 'signs_from', 'signs_until', 'ends_at', 'reason'] as const;

// A sealed text is written once; only a change of master key replaces it. So a change that was decided on a copy read
// before such a change cannot bring the old text back.
const PUT_LIVING: Statement = {
  name: 'secrets_put_living',
  text: `INSERT INTO secrets (${SECRET_COLUMNS}) SELECT ${SECRET_COLUMNS} FROM ${ROWS} ORDER BY id
    ON CONFLICT (id) DO UPDATE SET ${taken(['position', 'activates_at', ...ENDS])}`,
};
const PUT_HISTORY: Statement = {
  name: 'secrets_put_history',
  text: `INSERT INTO secret_history (${SECRET_COLUMNS}) SELECT ${SECRET_COLUMNS} FROM ${ROWS} ORDER BY id
    ON CONFLICT (id) DO UPDATE SET ${taken(ENDS)}`,
};
const COPY_SEALED: Statement = {
  name: 'secrets_copy_sealed',
  text: `UPDATE secret_history h SET sealed = s.sealed FROM secrets s
    WHERE s.id = h.id AND h.id IN (SELECT id FROM ${ROWS})`,
};
const DELETE_LIVING: Statement = {
  name: 'secrets_delete_living',
  text: `DELETE FROM secrets WHERE id IN (SELECT id FROM ${ROWS})`,
};
const DELETE_HISTORY: Statement = {
  name: 'secrets_delete_history',
  text: `DELETE FROM secret_history WHERE id IN (SELECT id FROM ${ROWS})`,
};

/** Writes the secrets of a ring in their order. */
export async function putLiving(runner: Runner, secrets: readonly StoredSecret[], owner: string): Promise<void> {
  if (secrets.length === 0) return;
  const rows = rowsOf(secrets, owner);
  await runner.run(PUT_LIVING, [rows]);
  await runner.run(DELETE_HISTORY, [rows]);
}

/** Moves secrets to the history, as they are given. */
export async function retire(runner: Runner, secrets: readonly StoredSecret[], owner: string): Promise<void> {
  if (secrets.length === 0) return;
  const rows = rowsOf(secrets, owner);
  await runner.run(PUT_HISTORY, [rows]);
  await runner.run(COPY_SEALED, [rows]);
  await runner.run(DELETE_LIVING, [rows]);
}

function rowsOf(secrets: readonly StoredSecret[], owner: string): string {
  return JSON.stringify(secrets.map((secret, position) => rowOf(secret, owner, position)));
}

function rowOf(secret: StoredSecret, owner: string, position: number): Record<Column, string | number | null> {
  return {
    id: secret.id,
    owner,
    position,
    number: secret.number,
    algorithm: secret.algorithm,
    created_at: secret.createdAt,
    activates_at: secret.activatesAt,
    superseded_at: secret.supersededAt,
    expires_at: secret.expiresAt,
    revoked_at: secret.revokedAt,
    signs_from: secret.signsFrom,
    signs_until: secret.signsUntil,
    ends_at: earlier(secret.expiresAt, secret.revokedAt),
    origin: secret.origin,
    hint: secret.hint,
    fingerprint: secret.fingerprint,
    public_key: secret.publicKey,
    // JSON says half of a character as it is, which the server refuses.
    actor: secret.actor.toWellFormed(),
    reason: secret.reason?.toWellFormed() ?? null,
    sealed: secret.sealed,
  };
}

function earlier(one: number | null, other: number | null): number | null {
  if (one === null) return other;
  return other === null ? one : Math.min(one, other);
}
