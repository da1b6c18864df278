import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { checkSealed, type OpenSealed } from '../sqlite/backup/sealed.ts';
import { arraysOf } from '../sqlite/cells.ts';
import { openReaderConnection } from '../sqlite/connection.ts';
import { StoreInUse } from '../sqlite/errors.ts';
import { inspectDatabase } from '../sqlite/inspect.ts';
import { lockFile } from '../sqlite/lock.ts';
import { TransferRefusal } from './refusal.ts';
import type { TableTransfer } from './tables.ts';
import { TABLES } from './tables.ts';
import { type Cell, cellsOf, RowSum, type SourceRow, storable } from './values.ts';

/** What is in memory at once, and in one transaction. */
const BATCH_ROWS_MAX = 5_000;
const BATCH_BYTES_MAX = 4 * 1_024 * 1_024;

/** Where a transfer goes on: the key of the last row. */
export type Cursor = readonly SQLInputValue[];

export type Batch = {
  readonly rows: readonly (readonly Cell[])[];
  /** Texts that lost a character which PostgreSQL cannot keep. */
  readonly cleaned: number;
  readonly cursor: Cursor;
  readonly isLast: boolean;
};

export type Source = {
  /** Another after every start of a server on the file, so what was copied before and after fits together. */
  readonly identity: string;
  readonly counts: ReadonlyMap<string, number>;
  /** Null: nothing follows. */
  batch(table: TableTransfer, after: Cursor | null): Batch | null;
  /** Reads a table from one end to the other; a step at a time, so that a signal can be heard. */
  sums(table: TableTransfer): Generator<RowSum, RowSum>;
  /** What is sealed under which keys, and what does not open. */
  sealed(openSealed: OpenSealed | null): ReturnType<typeof checkSealed>;
  close(): void;
};

/** Takes the file for itself, so that no server changes it meanwhile. Nothing in it is changed. */
export function openSource(path: string): Source {
  if (!existsSync(path)) throw new TransferRefusal('source', `there is no file ${path}`);
  const lock = locked(path);
  try {
    checkFile(path);
    const db = openReaderConnection(path);
    return {
      identity: identityOf(db),
      counts: new Map(TABLES.map((table) => [table.table, countOf(db, table)])),
      batch: (table, after) => readBatch(db, table, after),
      sums: (table) => sumsOf(db, table),
      sealed: (openSealed) => checkSealed(db, openSealed),
      close() {
        db.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function locked(path: string) {
  try {
    return lockFile(path);
  } catch (error) {
    if (!(error instanceof StoreInUse)) throw error;
    throw new TransferRefusal('in_use', `a server or another command works on ${path}: stop it first`, [], {
      cause: error,
    });
  }
}

function checkFile(path: string): void {
  const found = inspectDatabase(path, { checkBytesMax: 0 });
  if (found.kind === 'unreadable') throw new TransferRefusal('source', `${path} cannot be read: ${found.problem}`);
  if (found.kind !== 'ours') throw new TransferRefusal('source', `${path} is no database of Hookring`);
  const { version, versionKnown } = found;
  if (version === versionKnown) return;
  throw new TransferRefusal(
    'source',
    version > versionKnown
      ? `${path} was written by a newer release (schema version ${version}; this one knows ${versionKnown})`
      : `${path} was written by an older release (schema version ${version}, not ${versionKnown}): start this one on it once`,
  );
}

function identityOf(db: DatabaseSync): string {
  const run = db.prepare('SELECT incarnation, started_at FROM nodes ORDER BY incarnation DESC LIMIT 1').get();
  const first = db.prepare('SELECT id FROM organizations ORDER BY number LIMIT 1').get();
  const text = JSON.stringify([run?.['incarnation'], run?.['started_at'], first?.['id']]);
  return createHash('sha256').update(text).digest('hex');
}

function countOf(db: DatabaseSync, { source, where }: TableTransfer): number {
  // Nothing that is joined adds or takes away rows.
  const [table] = source.split(' LEFT JOIN ');
  const row = db.prepare(`SELECT count(*) AS rows FROM ${table} ${where === undefined ? '' : `WHERE ${where}`}`).get();
  return Number(row?.['rows'] ?? 0);
}

function* rowsAfter(db: DatabaseSync, table: TableTransfer, after: Cursor | null): Generator<SourceRow> {
  const { columns, source, key, where } = table;
  const keys = key.join(', ');
  const conditions = [
    ...(where === undefined ? [] : [where]),
    ...(after === null ? [] : [`(${keys}) > (${key.map(() => '?').join(', ')})`]),
  ];
  const statement = db.prepare(
    `SELECT ${columns.map(({ from }) => from).join(', ')}, ${keys} FROM ${source}
     ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`} ORDER BY ${keys}`,
  );
  statement.setReturnArrays(true);
  yield* arraysOf(statement, ...(after ?? []));
}

function readBatch(db: DatabaseSync, table: TableTransfer, after: Cursor | null): Batch | null {
  const width = table.columns.length;
  const rows: Cell[][] = [];
  let [bytes, cleaned] = [0, 0];
  let cursor: Cursor | null = null;
  for (const row of rowsAfter(db, table, after)) {
    const cells = cellsOf(table, row);
    for (const [index, cell] of cells.entries()) {
      const kept = storable(cell);
      if (kept !== cell) {
        cells[index] = kept;
        cleaned += 1;
      }
      if (typeof cell === 'string' || cell instanceof Uint8Array) bytes += cell.length;
    }
    rows.push(cells);
    cursor = row.slice(width);
    if (rows.length === BATCH_ROWS_MAX || bytes >= BATCH_BYTES_MAX) return { rows, cleaned, cursor, isLast: false };
  }
  return cursor === null ? null : { rows, cleaned, cursor, isLast: true };
}

function* sumsOf(db: DatabaseSync, table: TableTransfer): Generator<RowSum, RowSum> {
  const sum = new RowSum();
  for (const row of rowsAfter(db, table, null)) {
    sum.add(table.columns, cellsOf(table, row).map(storable));
    if (sum.rows % BATCH_ROWS_MAX === 0) yield sum;
  }
  return sum;
}
