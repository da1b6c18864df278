import { setTimeout as wait } from 'node:timers/promises';
import { DatabaseError } from 'pg';
import { number, text } from '../cells.ts';
import { MIGRATION_LOCK } from './advisory-locks.ts';
import { CommitUnknown, type Database, type Statement } from './database.ts';
import { ForeignDatabase, MigrationFailed, SchemaTooNew, UnsuitableServer } from './errors.ts';
import { MIGRATIONS } from './migrations/registry.ts';

/*
 * Applies the migrations that the database has not seen yet, each in one transaction: all of it or nothing. Nodes that
 * start at once wait for each other, and each step is applied by one of them.
 *
 * Nodes of the release before go on working while a migration runs, and after it until they are replaced. So each may:
 *  - make tables, indexes on tables that are new, and functions;
 *  - add a column to a table that may be null or has a constant default, which rewrites nothing;
 *  - make an index on a table that holds little (not on events, deliveries, failed_deliveries, attempts or queue).
 * A large table gets an index `ON ONLY` its parent, which is made partition by partition afterwards, CONCURRENTLY. No
 * migration waits longer for a table than LOCK_TIMEOUT_MS, because everything else would wait behind it; it is tried again.
 */

export type Migrated = { readonly from: number; readonly to: number; readonly durationMs: number };
export type MigrateOptions = {
  /** How errors call the database: never with the password. */
  readonly where: string;
  readonly migrations?: readonly string[];
  /** Told of each step of a database that held something before. */
  readonly onMigrated?: ((migrated: Migrated) => void) | undefined;
};

/** `server_version_num` of PostgreSQL 15. */
const VERSION_MIN = 150_000;
const LOCK_TIMEOUT_MS = 2_000;
/** Until another node is done, and until every table was free. */
const TRIES_MAX = 600;
const PAUSE_MS = 200;
/** The table was in use, two transactions were in each other's way, or another node was faster. */
const TRY_AGAIN = new Set(['55P03', '40P01', '40001']);

const SERVER: Statement = {
  name: 'server',
  text: `SELECT current_setting('server_version_num')::integer, current_setting('server_encoding'),
    current_schema() IS NOT NULL`,
};
const TRY_LOCK: Statement = { name: 'migrate_lock', text: `SELECT pg_try_advisory_xact_lock(${MIGRATION_LOCK})` };
const VERSION: Statement = { name: 'migrate_version', text: 'SELECT coalesce(max(version), 0) FROM hookring_schema' };
/**
 * Whether this program has tables here, and one that is of another: in one statement, since another node may make them all
 * at any moment. Tables and views that an operator's extensions brought are nobody's data.
 */
export const FOUND: Statement = {
  name: 'migrate_found',
  text: `SELECT EXISTS (SELECT 1 FROM pg_class
      WHERE relname = 'hookring_schema' AND relnamespace = current_schema()::regnamespace),
    (SELECT c.relname FROM pg_class c
      WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND NOT EXISTS (SELECT 1 FROM pg_depend d
          WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
      ORDER BY c.relname LIMIT 1)`,
};
const VERSIONS = `CREATE TABLE IF NOT EXISTS hookring_schema (
  version integer PRIMARY KEY,
  migrated_at timestamptz NOT NULL DEFAULT clock_timestamp()
)`;

type Step = { readonly kind: 'done' } | { readonly kind: 'busy' } | { readonly kind: 'applied'; readonly from: number };
type Reads = Pick<ReturnType<Database['on']>, 'run'>;

export async function migrate(database: Database, options: MigrateOptions): Promise<void> {
  const { where, migrations = MIGRATIONS, onMigrated } = options;
  const reads = database.on('read');
  await checkServer(reads, where);
  const found = await usableVersion(reads, where, migrations.length);
  if (found === migrations.length) return;
  for (let tries = 1; ; tries += 1) {
    const startedAt = performance.now();
    const step = await tryStep(database, where, migrations, tries === TRIES_MAX);
    if (step.kind === 'done') return;
    if (step.kind === 'busy') {
      await wait(PAUSE_MS);
      continue;
    }
    tries = 0;
    const durationMs = Math.round(performance.now() - startedAt);
    if (found > 0) onMigrated?.({ from: step.from, to: step.from + 1, durationMs });
  }
}

/** The schema version of a database of this program, or 0 of an empty one. Throws for any other, and changes nothing. */
export async function usableVersion(reads: Reads, where: string, known = MIGRATIONS.length): Promise<number> {
  const { rows: found } = await reads.run(FOUND);
  const [isOurs, table = null] = found[0] ?? [];
  if (isOurs !== true) {
    if (table !== null) throw new ForeignDatabase(where, text(table));
    return 0;
  }
  const { rows } = await reads.run(VERSION);
  const version = number(rows[0]?.[0]);
  if (version > known) throw new SchemaTooNew(where, version, known);
  return version;
}

async function checkServer(reads: Reads, where: string): Promise<void> {
  const { rows } = await reads.run(SERVER);
  const [version, encoding, hasSchema] = rows[0] ?? [];
  if (number(version) < VERSION_MIN) throw new UnsuitableServer(where, 'PostgreSQL 15 or newer is needed');
  if (encoding !== 'UTF8') throw new UnsuitableServer(where, `its encoding is ${text(encoding)}; it must be UTF8`);
  if (hasSchema !== true) throw new UnsuitableServer(where, 'no schema of its search_path exists');
}

/** Applies the next migration, unless another node is at it. */
async function tryStep(
  database: Database,
  where: string,
  migrations: readonly string[],
  isLastTry: boolean,
): Promise<Step> {
  let from = 0;
  try {
    return await database.transaction('read', async (transaction): Promise<Step> => {
      const { rows } = await transaction.run(TRY_LOCK);
      if (rows[0]?.[0] !== true) {
        if (isLastTry) throw new Error('another node has been at it for two minutes');
        return { kind: 'busy' };
      }
      from = await usableVersion(transaction, where, migrations.length);
      const sql = migrations[from];
      if (sql === undefined) return { kind: 'done' };
      await transaction.commitWith([
        `SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`,
        VERSIONS,
        sql,
        `INSERT INTO hookring_schema (version) VALUES (${from + 1})`,
      ]);
      return { kind: 'applied', from };
    });
  } catch (error) {
    // The next look tells whether it was applied.
    if (error instanceof CommitUnknown && !isLastTry) return { kind: 'busy' };
    if (!(error instanceof DatabaseError)) throw error;
    if (!isLastTry && TRY_AGAIN.has(error.code ?? '')) return { kind: 'busy' };
    throw new MigrationFailed(where, from, error);
  }
}
