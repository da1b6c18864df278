import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';

/** Columns that hold a time, in epoch milliseconds; their names say so. */
const TIME = /(_at|_since|_from|_until|^at)$/;

/** A database as SQL text: tables, indexes, rows, and the two numbers of its header. */
export function dumpDatabase(path: string): string {
  const db = new DatabaseSync(path);
  try {
    const lines = [pragma(db, 'application_id'), pragma(db, 'user_version')];
    const schema = db.prepare(
      "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type = 'table' DESC, name",
    );
    const parts = schema
      .all()
      .map((row) => ({ type: String(row['type']), name: String(row['name']), sql: String(row['sql']) }));
    for (const { sql } of parts) lines.push(`${sql};`);
    for (const { name } of parts.filter(({ type }) => type === 'table')) {
      for (const row of db.prepare(`SELECT * FROM ${name}`).iterate()) {
        lines.push(`INSERT INTO ${name} VALUES (${Object.values(row).map(literal).join(', ')});`);
      }
    }
    return `${lines.join('\n')}\n`;
  } finally {
    db.close();
  }
}

function pragma(db: DatabaseSync, name: string): string {
  return `PRAGMA ${name} = ${Number(db.prepare(`PRAGMA ${name}`).get()?.[name])};`;
}

function literal(value: SQLOutputValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  return value instanceof Uint8Array ? `x'${Buffer.from(value).toString('hex')}'` : String(value);
}

/**
 * Makes the database of a dump as if it had been dumped just now: graces, retries and idempotency keys that were in the
 * middle of their time are so again.
 */
export function loadDump(
  path: string,
  dump: string,
  options: { readonly shiftMs: number; readonly from: string; readonly to: string },
): void {
  const db = new DatabaseSync(path);
  try {
    db.exec(`BEGIN; ${dump} COMMIT;`);
    const tables = db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map((row) => String(row['name']));
    for (const table of tables) {
      const columns = db
        .prepare('SELECT name FROM pragma_table_info(?)')
        .all(table)
        .map((row) => String(row['name']));
      const shifted = columns.filter((name) => TIME.test(name)).map((name) => `${name} = ${name} + ${options.shiftMs}`);
      if (shifted.length > 0) db.exec(`UPDATE ${table} SET ${shifted.join(', ')}`);
    }
    db.prepare('UPDATE endpoints SET url = replace(url, ?, ?)').run(options.from, options.to);
  } finally {
    db.close();
  }
}
