import { setTimeout as wait } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { type Database, openDatabase } from '../postgres/database.ts';
import { dayAt } from '../postgres/days.ts';
import { LEASE_MS } from '../postgres/heartbeat.ts';
import { migrate, usableVersion } from '../postgres/migrate.ts';
import { TRANSFER_TABLE } from '../postgres/unfinished-transfer.ts';
import { timeOfUuid } from '../postgres/uuids.ts';
import { makeDays } from '../postgres/writer/partitions.ts';
import { TransferRefusal } from './refusal.ts';
import type { Batch, Cursor } from './source.ts';
import { NUMBERED, TABLES, type TableTransfer } from './tables.ts';
import { type Cell, checksumText, copyLine, sumStatement } from './values.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** "Hook" in ASCII, and the number of this lock: beside those of `postgres/advisory-locks.ts`, and of the session. */
const TRANSFER_LOCK = '1215262571, 16';
/** A transfer that was killed lets go as soon as the server notices. */
const LOCK_TRIES_MAX = 50;
const LOCK_PAUSE_MS = 200;
/** What COPY is given at once. */
const CHUNK_LENGTH = 256 * 1_024;

/** How far a table has come. */
export type Progress = { readonly rows: number; readonly cursor: Cursor | null; readonly isFinished: boolean };

export type Target = {
  /** Begins, or goes on with a transfer from the same file. Answers whether it goes on. */
  begin(identity: string): Promise<boolean>;
  /** How far each table has come. */
  progress(): Promise<ReadonlyMap<string, Progress>>;
  /** Stores rows and how far the table has come in one transaction. */
  store(table: TableTransfer, after: Cursor | null, batch: Batch | null): Promise<void>;
  /** What follows from the rows: the next numbers, which endpoints have work, how many rows there are. */
  settle(): Promise<void>;
  sum(table: TableTransfer): Promise<{ readonly rows: number; readonly checksum: string }>;
  /** From here on a server may start. */
  finish(): Promise<void>;
  close(): Promise<void>;
};

/** The database that is filled. Its tables are made when they are not there. */
export async function openTarget(options: {
  readonly url: string;
  readonly where: string;
  /** Nothing is made or changed. */
  readonly readOnly: boolean;
}): Promise<Target> {
  const { url, where, readOnly } = options;
  const database = openDatabase({ url, pooler: 'none', connections: { read: 1 } });
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, keepAlive: true });
  // A connection that breaks between two statements is told of by the next one.
  client.on('error', () => {});
  try {
    if (readOnly) await refuseWithoutTables(database, where);
    else await migrate(database, { where });
    await client.connect();
    // Nothing is lost by it: what a crash takes away, it takes away together with the progress.
    await client.query(`SET application_name = 'hookring migrate-store'; SET synchronous_commit = off`);
  } catch (error) {
    await Promise.allSettled([client.end(), database.close()]);
    throw error;
  }
  return {
    begin: async (identity) => await begin(client, where, identity),
    progress: async () => await progressOf(client),
    store: async (table, after, batch) => await store(client, database, table, after, batch),
    settle: async () => await settle(client),
    sum: async (table) => await sumOf(client, table),
    async finish() {
      await client.query(`SET synchronous_commit = on; DROP TABLE ${TRANSFER_TABLE}`);
    },
    async close() {
      await Promise.allSettled([client.end(), database.close()]);
    },
  };
}

async function refuseWithoutTables(database: Database, where: string): Promise<void> {
  if ((await usableVersion(database.on('read'), where)) > 0) return;
  throw new TransferRefusal('target', `there is nothing to compare with in ${where}: migrate to it first`);
}

async function begin(client: Client, where: string, identity: string): Promise<boolean> {
  await lock(client, where);
  if (await exists(client, TRANSFER_TABLE)) {
    const { rows } = await client.query<{ source: string }>(`SELECT DISTINCT source FROM ${TRANSFER_TABLE}`);
    if (rows.length === 1 && rows[0]?.source === identity) return true;
    throw new TransferRefusal(
      'other_source',
      `${where} holds a part of another file, or the file was used since: begin again with an empty database`,
    );
  }
  await refuseUnlessEmpty(client, where);
  const values = TABLES.map((_, index) => `($${index + 2}, $1, 0, NULL, false)`);
  await client.query('BEGIN');
  await client.query(`CREATE TABLE ${TRANSFER_TABLE} (
    table_name text PRIMARY KEY, source text NOT NULL, rows bigint NOT NULL, cursor text, finished boolean NOT NULL)`);
  await client.query(`INSERT INTO ${TRANSFER_TABLE} VALUES ${values.join(', ')}`, [
    identity,
    ...TABLES.map(({ table }) => table),
  ]);
  await client.query('COMMIT');
  return false;
}

async function lock(client: Client, where: string): Promise<void> {
  for (let tries = 0; tries < LOCK_TRIES_MAX; tries += 1) {
    const { rows } = await client.query<{ had: boolean }>(`SELECT pg_try_advisory_lock(${TRANSFER_LOCK}) AS had`);
    if (rows[0]?.had === true) return;
    await wait(LOCK_PAUSE_MS);
  }
  throw new TransferRefusal('busy', `another migration into ${where} is under way`);
}

async function refuseUnlessEmpty(client: Client, where: string): Promise<void> {
  for (const { table } of TABLES) {
    const { rows } = await client.query<{ held: boolean }>(`SELECT EXISTS (SELECT 1 FROM ${table}) AS held`);
    if (rows[0]?.held !== true) continue;
    throw new TransferRefusal(
      'not_empty',
      `${where} is not empty: its table ${table} has rows. A server that was started on it once has made its first ones`,
    );
  }
  const { rows } = await client.query<{ lives: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM nodes
      WHERE seen_at > floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint - ${LEASE_MS}) AS lives`,
  );
  if (rows[0]?.lives === true) throw new TransferRefusal('busy', `a server works on ${where}: stop it first`);
}

async function exists(client: Client, table: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [table]);
  return rows[0]?.there === true;
}

type ProgressRow = { table_name: string; rows: string; cursor: string | null; finished: boolean };

async function progressOf(client: Client): Promise<ReadonlyMap<string, Progress>> {
  const { rows } = await client.query<ProgressRow>(`SELECT table_name, rows, cursor, finished FROM ${TRANSFER_TABLE}`);
  return new Map(
    rows.map((row) => [
      row.table_name,
      {
        rows: Number(row.rows),
        cursor: row.cursor === null ? null : (JSON.parse(row.cursor) as Cursor), // As `store` wrote it.
        isFinished: row.finished,
      },
    ]),
  );
}

async function store(
  client: Client,
  database: Database,
  table: TableTransfer,
  after: Cursor | null,
  batch: Batch | null,
): Promise<void> {
  const rows = batch?.rows ?? [];
  if (table.daysBy !== undefined) await makeDaysOf(database, table, rows);
  await client.query('BEGIN');
  try {
    if (rows.length > 0) await copy(client, table, rows);
    const { rowCount } = await client.query(
      `UPDATE ${TRANSFER_TABLE} SET rows = rows + $1, cursor = coalesce($2, cursor), finished = $3
       WHERE table_name = $4 AND cursor IS NOT DISTINCT FROM $5 AND NOT finished`,
      [
        rows.length,
        batch === null ? null : JSON.stringify(batch.cursor),
        batch?.isLast ?? true,
        table.table,
        after === null ? null : JSON.stringify(after),
      ],
    );
    if (rowCount !== 1) throw new TransferRefusal('busy', 'another migration goes on with this one');
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw explained(table, error);
  }
}

const NOT_NULL_VIOLATION = '23502';

function explained({ table }: TableTransfer, error: unknown): unknown {
  if (!(error instanceof DatabaseError) || error.code !== NOT_NULL_VIOLATION) return error;
  const column = error.column ?? 'what it must name';
  const message = `a row of ${table} in the SQLite file names something that is not there (${column}): the file is damaged`;
  return new TransferRefusal('source', message, [], { cause: error });
}

async function makeDaysOf(database: Database, table: TableTransfer, rows: readonly (readonly Cell[])[]): Promise<void> {
  const at = table.columns.findIndex(({ name }) => name === table.daysBy);
  await makeDays(
    database,
    rows.map((row) => dayAt(timeOfUuid(String(row[at])))),
  );
}

async function copy(client: Client, { table, columns }: TableTransfer, rows: readonly (readonly Cell[])[]) {
  const names = columns.map(({ name }) => name).join(', ');
  const stream = client.query(copyFrom(`COPY ${table} (${names}) FROM STDIN`));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  stream.once('finish', () => resolve()).once('error', reject);
  let chunk = '';
  for (const row of rows) {
    chunk += copyLine(row);
    if (chunk.length < CHUNK_LENGTH) continue;
    stream.write(chunk);
    chunk = '';
  }
  stream.end(chunk);
  await promise;
}

async function settle(client: Client): Promise<void> {
  for (const table of NUMBERED) {
    await client.query(
      `SELECT setval(pg_get_serial_sequence('${table}', 'number'), coalesce(max(number), 1), max(number) IS NOT NULL)
       FROM ${table}`,
    );
  }
  await client.query(
    `INSERT INTO due_endpoints (endpoint, due_at)
     SELECT q.endpoint, min(q.due_at) FROM queue q JOIN endpoints p ON p.number = q.endpoint
     WHERE p.status = 'active' GROUP BY q.endpoint ON CONFLICT DO NOTHING`,
  );
  // Plans of the first hours depend on it; nothing else would count tables that were filled and then left alone.
  await client.query('ANALYZE');
}

async function sumOf(client: Client, table: TableTransfer) {
  const { rows } = await client.query<[string, string]>({ text: sumStatement(table), rowMode: 'array' });
  const [count = '0', sum = '0'] = rows[0] ?? [];
  return { rows: Number(count), checksum: checksumText(BigInt(sum)) };
}
