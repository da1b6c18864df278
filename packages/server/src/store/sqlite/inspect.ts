import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { Sealed } from '../../domain/secret.ts';
import { number, text } from './cells.ts';
import { BUSY_TIMEOUT_MS } from './connection.ts';
import { APPLICATION_ID } from './migrate.ts';
import { MIGRATIONS } from './migrations/registry.ts';

const SEALED_LOOKED_AT_MAX = 50;

/** A secret as it is sealed, with what its seal is bound to. */
export type SealedSample = { readonly owner: string; readonly id: string; readonly sealed: Sealed };

export type Inspection =
  /** SQLite cannot read it. */
  | { readonly kind: 'unreadable'; readonly problem: string }
  /** Nothing is in it yet. */
  | { readonly kind: 'empty' }
  /** Another program's. */
  | { readonly kind: 'foreign' }
  | {
      readonly kind: 'ours';
      /** Of its tables, and that which this program makes of them. */
      readonly version: number;
      readonly versionKnown: number;
      /** What is broken in it; null: nothing, or it was too large to be looked through. */
      readonly fault: string | null;
      readonly isChecked: boolean;
      /** Some of its secrets. None while the tables are newer than this program. */
      readonly sealed: readonly SealedSample[];
    };

/**
 * Looks into a database from outside, beside its server or without one, and changes nothing: neither its tables, which may
 * be older or newer than this program, nor the files beside it.
 */
export function inspectDatabase(path: string, options: { readonly checkBytesMax: number }): Inspection {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(address(path), { readOnly: true, timeout: BUSY_TIMEOUT_MS });
    return inspect(db, sizeOf(path) <= options.checkBytesMax);
  } catch (error) {
    return { kind: 'unreadable', problem: error instanceof Error ? error.message : 'unknown' };
  } finally {
    db?.close();
  }
}

/**
 * Opened beside no write-ahead log, SQLite would make one, which then belongs to whoever looks. Without one nothing
 * writes, and the file is all there is.
 */
function address(path: string): string | URL {
  if (sizeOf(`${path}-wal`) > 0) return path;
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  return url;
}

function inspect(db: DatabaseSync, isChecked: boolean): Inspection {
  const version = pragma(db, 'user_version');
  const hasTables = db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() !== undefined;
  if (pragma(db, 'application_id') !== APPLICATION_ID) return { kind: hasTables ? 'foreign' : 'empty' };
  const fault = isChecked ? quickCheck(db) : null;
  const versionKnown = MIGRATIONS.length;
  const sealed = version === 0 || version > versionKnown || fault !== null ? [] : sealedSamples(db);
  return { kind: 'ours', version, versionKnown, fault, isChecked, sealed };
}

function quickCheck(db: DatabaseSync): string | null {
  try {
    const result = text(db.prepare('PRAGMA quick_check(1)').get()?.['quick_check']);
    return result === 'ok' ? null : result;
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown';
  }
}

/** The oldest and the newest: a key that was lost opens some of them and not the others. */
function sealedSamples(db: DatabaseSync): readonly SealedSample[] {
  const select = (order: string): string =>
    `SELECT id, owner, sealed FROM secrets WHERE sealed IS NOT NULL ORDER BY id ${order} LIMIT ${SEALED_LOOKED_AT_MAX}`;
  return [...db.prepare(select('ASC')).all(), ...db.prepare(select('DESC')).all()].map((row) => ({
    id: text(row['id']),
    owner: text(row['owner']),
    sealed: text(row['sealed']) as Sealed, // What the vault wrote there; it looks at the text itself.
  }));
}

function pragma(db: DatabaseSync, name: string): number {
  return number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
