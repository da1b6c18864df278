import type { DatabaseSync } from 'node:sqlite';
import { number } from './cells.ts';
import { ForeignDatabase, MigrationFailed, SchemaTooNew } from './errors.ts';
import { primaryCode } from './lock.ts';
import { MIGRATIONS } from './migrations/registry.ts';

/** "Hook" in ASCII: says in the file's header whose it is. */
export const APPLICATION_ID = 0x486f6f6b;

/** Results of SQLite for a file that is no database, or a broken one. */
const DAMAGED_CODES = new Set<number | null>([11, 26]);

export type Migrated = { readonly from: number; readonly to: number; readonly durationMs: number };
export type MigrateOptions = {
  readonly migrations?: readonly string[];
  /** Told of each step of a database that held something before. */
  readonly onMigrated?: ((migrated: Migrated) => void) | undefined;
};

/** Applies the migrations that the file has not seen yet, each in a transaction of its own: all of it or nothing. */
export function migrate(db: DatabaseSync, path: string, options: MigrateOptions = {}): void {
  const { migrations = MIGRATIONS, onMigrated } = options;
  const version = usableVersion(db, path, migrations.length);
  for (const [index, sql] of migrations.entries()) {
    if (index < version) continue;
    const startedAt = performance.now();
    apply(db, path, index, sql);
    const durationMs = Math.round(performance.now() - startedAt);
    if (version > 0) onMigrated?.({ from: index, to: index + 1, durationMs });
  }
}

/**
 * The schema version of a file that is a database of this program, or an empty one. Throws for any other, and changes
 * nothing: asked before the first setting that SQLite writes into a file.
 */
export function usableVersion(db: DatabaseSync, path: string, known = MIGRATIONS.length): number {
  const version = pragma(db, 'user_version');
  const applicationId = pragma(db, 'application_id');
  const isOurs = applicationId === APPLICATION_ID;
  if (!isOurs && (applicationId !== 0 || version !== 0 || hasTables(db))) throw new ForeignDatabase(path);
  if (version > known) throw new SchemaTooNew(path, version, known);
  return version;
}

function apply(db: DatabaseSync, path: string, from: number, sql: string): void {
  try {
    db.exec('BEGIN IMMEDIATE');
    db.exec(sql);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${from + 1}`);
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    if (!(error instanceof Error) || isDamage(error)) throw error;
    throw new MigrationFailed(path, from, error);
  }
}

export function isDamage(error: unknown): boolean {
  return DAMAGED_CODES.has(primaryCode(error));
}

function pragma(db: DatabaseSync, name: string): number {
  return number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function hasTables(db: DatabaseSync): boolean {
  return db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() !== undefined;
}
