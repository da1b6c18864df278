import type { DatabaseSync } from 'node:sqlite';
import { number } from './cells.ts';
import { ForeignDatabase, SchemaTooNew } from './errors.ts';
import { MIGRATIONS } from './migrations/registry.ts';

/** "Hook" in ASCII: says in the file's header whose it is. */
const APPLICATION_ID = 0x486f6f6b;

/** Applies the migrations that the file has not seen yet, each in a transaction of its own. */
export function migrate(db: DatabaseSync, path: string): void {
  const version = pragma(db, 'user_version');
  const applicationId = pragma(db, 'application_id');
  const isOurs = applicationId === APPLICATION_ID;
  if (!isOurs && (applicationId !== 0 || version !== 0 || hasTables(db))) throw new ForeignDatabase(path);
  if (version > MIGRATIONS.length) throw new SchemaTooNew(path, version, MIGRATIONS.length);
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < version) continue;
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(sql);
      db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${index + 1}`);
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
}

function pragma(db: DatabaseSync, name: string): number {
  return number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function hasTables(db: DatabaseSync): boolean {
  return db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() !== undefined;
}
