import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DamagedDatabase } from './errors.ts';
import { isDamage, type MigrateOptions, migrate, usableVersion } from './migrate.ts';

export const IN_MEMORY = ':memory:';

/**
 * With events of 1 KiB, pages of 4 KiB took 15 % more processor time and 13 % more disk; pages of 16 KiB write so much
 * more to the log when events go to thousands of endpoints that they were the slowest.
 */
const PAGE_BYTES = 8_192;
const WRITER_CACHE_KIB = 64 * 1_024;
/** Small: what is not in it is most often in the system's cache. */
const READER_CACHE_KIB = 8 * 1_024;
/**
 * What the file of the log is cut to when it is begun anew. It is begun anew at about half of this, unless a reader held on
 * to it meanwhile.
 */
export const WAL_FILE_BYTES_MAX = 64 * 1_024 * 1_024;
export const BUSY_TIMEOUT_MS = 5_000;

/**
 * Opens the only connection that writes, and brings the tables up to date. Rows that move within the file leave no copy of
 * themselves behind (FAST, which costs nothing that could be measured), or an erasure could not find them; `overwriting.ts`
 * says which it cannot find all the same.
 */
export function openWriterConnection(path: string, options: MigrateOptions = {}): DatabaseSync {
  if (path !== IN_MEMORY) {
    mkdirSync(dirname(path), { recursive: true });
    // SQLite gives its own files beside it the mode of this one.
    closeSync(openSync(path, 'a', 0o600));
  }
  const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: false });
  try {
    usableVersion(db, path, options.migrations?.length);
    db.exec(`
      PRAGMA page_size = ${PAGE_BYTES};
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA cache_size = -${WRITER_CACHE_KIB};
      PRAGMA temp_store = MEMORY;
      PRAGMA secure_delete = FAST;
      PRAGMA journal_size_limit = ${WAL_FILE_BYTES_MAX};
    `);
    migrate(db, path, options);
  } catch (error) {
    db.close();
    if (error instanceof Error && isDamage(error)) throw new DamagedDatabase(path, error);
    throw error;
  }
  return db;
}

/** Opens a connection that only reads. */
export function openReaderConnection(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, readOnly: true });
  db.exec(`PRAGMA cache_size = -${READER_CACHE_KIB}; PRAGMA temp_store = MEMORY;`);
  return db;
}

/** Opens a connection that copies the write-ahead log into the database beside the writer. */
export function openCheckpointConnection(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  db.exec('PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = FULL;');
  return db;
}
