import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { number, numberOrNull } from '../cells.ts';
import { primaryCode } from '../lock.ts';
import { APPLICATION_ID } from '../migrate.ts';
import { MIGRATIONS } from '../migrations/registry.ts';
import { looksLikeSqlite, statOrNull } from './files.ts';
import { cancelIf } from './refusal.ts';
import { checkSealed, type OpenSealed } from './sealed.ts';

/** What a database holds. */
export type Contents = {
  readonly schemaVersion: number;
  readonly organizations: number;
  readonly endpoints: number;
  readonly apiKeys: number;
  readonly events: number;
  readonly deliveries: number;
  /** Deliveries that have not ended. */
  readonly deliveriesOwed: number;
  readonly newestEventAt: number | null;
  /** The master keys that something in it is sealed under. */
  readonly masterKeyIds: readonly string[];
};
export type Verified =
  | { readonly ok: true; readonly contents: Contents }
  | { readonly ok: false; readonly problems: readonly string[] };

export type VerifyOptions = {
  /** Null: what is sealed is not opened. */
  readonly openSealed: OpenSealed | null;
  readonly signal: AbortSignal;
  readonly onStep: (step: string) => void;
};

const PROBLEMS_MAX = 20;

/** Columns that name a row of another table. */
const REFERENCES: readonly (readonly [table: string, column: string, to: string, key: string])[] = [
  ['endpoints', 'organization', 'organizations', 'number'],
  ['events', 'organization', 'organizations', 'number'],
  ['deliveries', 'organization', 'organizations', 'number'],
  ['deliveries', 'endpoint', 'endpoints', 'number'],
  ['deliveries', 'event', 'events', 'number'],
  ['queue', 'delivery', 'deliveries', 'number'],
  ['queue', 'endpoint', 'endpoints', 'number'],
  ['attempts', 'delivery', 'deliveries', 'number'],
  ['secrets', 'owner', 'keyrings', 'owner'],
  ['secret_history', 'owner', 'keyrings', 'owner'],
];

/**
 * Reads a database file that nobody writes from one end to the other: whether it is whole, whose it is, whether its
 * tables agree, and whether what is sealed opens. Leaves no file beside it.
 */
export async function verifyFile(path: string, options: VerifyOptions): Promise<Verified> {
  const early = await lookAtHeader(path);
  if (early !== null) return { ok: false, problems: [early] };
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  const db = new DatabaseSync(url, { readOnly: true });
  try {
    return await verify(db, options);
  } catch (error) {
    const code = primaryCode(error);
    if (code === null) throw error;
    // Nothing of a row is in what SQLite says.
    return { ok: false, problems: [`it is damaged: ${error instanceof Error ? error.message : code}`] };
  } finally {
    db.close();
  }
}

async function lookAtHeader(path: string): Promise<string | null> {
  if (!(await looksLikeSqlite(path))) return 'it is no SQLite database';
  const log = await statOrNull(`${path}-wal`);
  if (log === null || log.size === 0) return null;
  return 'it has a write-ahead log beside it: that is a database in use, and not a backup of one';
}

async function verify(db: DatabaseSync, { openSealed, signal, onStep }: VerifyOptions): Promise<Verified> {
  const version = countOf(db, 'PRAGMA user_version');
  const identity = identityProblem(countOf(db, 'PRAGMA application_id'), version);
  if (identity !== null) return { ok: false, problems: [identity] };
  const problems: string[] = [];
  const step = async (text: string): Promise<void> => {
    onStep(text);
    // Signals are heard between the steps only.
    await new Promise((resolve) => setImmediate(resolve));
    cancelIf(signal);
  };

  await step('reading every page');
  for (const row of db.prepare(`PRAGMA integrity_check(${PROBLEMS_MAX})`).all()) {
    const said = String(row['integrity_check']);
    if (said !== 'ok') problems.push(`it is damaged: ${said}`);
  }
  if (problems.length > 0) return { ok: false, problems };
  for (const [table, column, to, key] of REFERENCES) {
    await step(`comparing ${table} with ${to}`);
    const lost = countOf(
      db,
      `SELECT count(*) FROM ${table} c LEFT JOIN ${to} p ON p.${key} = c.${column} WHERE p.${key} IS NULL`,
    );
    if (lost > 0) problems.push(`${lost} rows of ${table} name rows of ${to} that are not there`);
  }
  await step('comparing deliveries with the queue');
  const astray = countOf(
    db,
    `SELECT count(*) FROM deliveries d LEFT JOIN queue q ON q.delivery = d.number
     WHERE (q.delivery IS NULL) <> (d.status IN ('succeeded', 'dead', 'cancelled'))`,
  );
  if (astray > 0) problems.push(`${astray} deliveries are owed and not queued, or queued and ended`);
  await step('opening what is sealed');
  const sealed = checkSealed(db, openSealed);
  problems.push(...sealed.problems);
  if (problems.length > 0) return { ok: false, problems };
  await step('counting');
  return { ok: true, contents: contentsOf(db, version, sealed.masterKeyIds) };
}

function identityProblem(applicationId: number, version: number): string | null {
  if (applicationId !== APPLICATION_ID || version === 0) return 'it is no database of Hookring';
  if (version <= MIGRATIONS.length) return null;
  return `it has schema version ${version} of a newer release; this one knows versions up to ${MIGRATIONS.length}`;
}

function contentsOf(db: DatabaseSync, schemaVersion: number, masterKeyIds: readonly string[]): Contents {
  const rowsOf = (table: string): number => countOf(db, `SELECT count(*) FROM ${table}`);
  const newest = db.prepare('SELECT created_at FROM events ORDER BY number DESC LIMIT 1').get();
  return {
    schemaVersion,
    organizations: rowsOf('organizations'),
    endpoints: rowsOf('endpoints'),
    apiKeys: rowsOf('api_keys'),
    events: rowsOf('events'),
    deliveries: rowsOf('deliveries'),
    deliveriesOwed: rowsOf('queue'),
    newestEventAt: numberOrNull(newest?.['created_at'] ?? null),
    masterKeyIds,
  };
}

/** The one number that a statement answers. */
function countOf(db: DatabaseSync, sql: string): number {
  return number(Object.values(db.prepare(sql).get() ?? {})[0]);
}
