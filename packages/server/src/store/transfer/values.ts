import { createHash, hash } from 'node:crypto';
import type { SQLOutputValue } from 'node:sqlite';
import { uuidTextOf } from '../postgres/uuids.ts';
import { TransferRefusal } from './refusal.ts';
import type { Column, TableTransfer } from './tables.ts';

export type SourceRow = readonly SQLOutputValue[];

/** A value of SQLite as both sides know it; null is null. */
export type Cell = string | number | boolean | Uint8Array | null;

const REPLACEMENT = '\ufffd';

/** The columns of a row, ready for PostgreSQL but for the character that it cannot keep. */
export function cellsOf({ table, columns }: TableTransfer, row: SourceRow): Cell[] {
  return columns.map((column, index) => cellOf(table, column, row[index] ?? null));
}

function cellOf(table: string, { kind, name }: Column, value: SQLOutputValue): Cell {
  if (value === null) return null;
  switch (kind) {
    case 'boolean':
      return Number(value) !== 0;
    case 'integer':
      return Number(value);
    case 'real':
      return Math.fround(Number(value));
    case 'bytes':
      if (value instanceof Uint8Array) return value;
      break;
    case 'uuid': {
      const uuid = typeof value === 'string' ? uuidTextOf(value) : null;
      if (uuid !== null) return uuid;
      break;
    }
    case 'text':
      if (typeof value === 'string') return value;
  }
  throw new TransferRefusal('source', `${table}.${name} of the SQLite file holds what no release writes there`);
}

/** Without the character that PostgreSQL cannot keep. */
export function storable(cell: Cell): Cell {
  return typeof cell === 'string' && cell.includes('\0') ? cell.replaceAll('\0', REPLACEMENT) : cell;
}

const ESCAPED = /[\\\n\r\t]/;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A line of `COPY … FROM STDIN` in its text form. */
export function copyLine(cells: readonly Cell[]): string {
  let line = '';
  for (let index = 0; index < cells.length; index += 1) {
    if (index > 0) line += '\t';
    line += copyField(cells[index] ?? null);
  }
  return `${line}\n`;
}

function copyField(cell: Cell): string {
  if (cell === null) return '\\N';
  if (typeof cell === 'string') return ESCAPED.test(cell) ? cell.replaceAll(/[\\\n\r\t]/g, escaped) : cell;
  if (typeof cell === 'object') return `\\\\x${Buffer.from(cell.buffer, cell.byteOffset, cell.length).toString('hex')}`;
  return typeof cell === 'boolean' ? (cell ? 't' : 'f') : String(cell);
}

function escaped(character: string): string {
  return ESCAPES[character] ?? character;
}

const SEPARATOR = '\u001f';
const NULL_MARK = '\u001e';
const BITS = 64;
const DIGEST_HEX_LENGTH = BITS / 4;

/**
 * The sum of the digests of rows, so that their order does not matter. The same is computed by SQLite's side here and by
 * PostgreSQL's side there, each from what it has stored.
 */
export class RowSum {
  rows = 0;
  #sum = 0n;

  add(columns: readonly Column[], cells: readonly Cell[]): void {
    let text = '';
    for (let index = 0; index < columns.length; index += 1) {
      if (index > 0) text += SEPARATOR;
      text += digestField(columns[index], cells[index] ?? null);
    }
    this.#sum += BigInt(`0x${hash('sha256', text, 'hex').slice(0, DIGEST_HEX_LENGTH)}`);
    this.rows += 1;
  }

  get checksum(): string {
    return checksumText(this.#sum);
  }
}

export function checksumText(sum: bigint): string {
  return BigInt.asUintN(BITS, sum).toString(16).padStart(DIGEST_HEX_LENGTH, '0');
}

function digestField(column: Column | undefined, cell: Cell): string {
  if (cell === null) return NULL_MARK;
  if (typeof cell === 'object') return createHash('sha256').update(cell).digest('hex');
  if (typeof cell === 'number' && column?.kind === 'real') return floatHex(cell);
  if (typeof cell === 'string' && column?.kind === 'text') return `${Buffer.byteLength(cell)}:${cell}`;
  return String(cell);
}

const FLOAT = Buffer.alloc(4);

function floatHex(value: number): string {
  FLOAT.writeFloatBE(value);
  return FLOAT.toString('hex');
}

/** The same of a row of PostgreSQL: a statement that answers how many rows there are, and the sum of their digests. */
export function sumStatement({ table, columns }: Pick<TableTransfer, 'table' | 'columns'>): string {
  const fields = columns
    .map(({ name, kind }) => `coalesce(${digestSql(name, kind)}, E'\\x1e')`)
    .join(` || E'\\x1f' || `);
  const digest = `('x' || left(encode(sha256(convert_to(${fields}, 'UTF8')), 'hex'), ${DIGEST_HEX_LENGTH}))`;
  return `SELECT count(*), coalesce(sum(${digest}::bit(${BITS})::bigint), 0)::text FROM ${table}`;
}

function digestSql(name: string, kind: Column['kind']): string {
  switch (kind) {
    case 'text':
      return `octet_length(${name}) || ':' || ${name}`;
    case 'bytes':
      return `encode(sha256(${name}), 'hex')`;
    case 'real':
      return `encode(float4send(${name}), 'hex')`;
    case 'boolean':
    case 'integer':
    case 'uuid':
      return `${name}::text`;
  }
}
