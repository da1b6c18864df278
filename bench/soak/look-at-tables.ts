import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { PostgresBed, PostgresDatabase } from '../postgres-bed.ts';

export type TablesLook = {
  /** Rows of each table; partitions count for their table. */
  readonly rows: ReadonlyMap<string, number>;
  /** Bytes of each table with its indexes; of the whole file where that is all that can be known. */
  readonly bytes: ReadonlyMap<string, number>;
  readonly deadTuples: number;
  readonly logBytes: number;
  readonly connections: number;
  /** The days that have partitions of events, as their names say. */
  readonly days: readonly string[];
};

/** Looks at the database from outside. Counting takes a while, so it is not done every time. */
export type TablesWatch = {
  look(): Promise<TablesLook>;
  /** Rows of what was made since then; ids that clients chose are all younger than the soak. */
  madeSince(ms: number): Promise<ReadonlyMap<string, number>>;
  /** When the oldest event was made that is left. */
  oldestEventAt(): Promise<number>;
  /** Each endpoint that is owed something, in words for whoever must find out why. */
  owed(): Promise<readonly string[]>;
};

const MADE: Readonly<Record<string, string>> = {
  events: 'SELECT count(*) AS rows FROM events WHERE created_at >= ',
  deliveries: 'SELECT count(*) AS rows FROM deliveries WHERE created_at >= ',
  attempts: 'SELECT count(*) AS rows FROM attempts WHERE started_at >= ',
  event_ids: 'SELECT count(*) AS rows FROM event_ids WHERE expires_at >= ',
};
const OLDEST = 'SELECT min(created_at) AS at FROM events';
const OWED = `
  SELECT e.id, e.status, q.lease, count(*) AS deliveries, min(q.due_at) AS due_at, d.due_at AS indexed_at, %taken AS taken_by
  FROM queue q JOIN endpoints e ON e.number = q.endpoint LEFT JOIN due_endpoints d ON d.endpoint = q.endpoint
  GROUP BY e.id, e.status, q.lease, d.due_at, taken_by LIMIT 20`;

export function watchSqlite(databasePath: string): TablesWatch {
  return {
    async look() {
      const rows = new Map<string, number>();
      // Opened anew each time: a connection that stays would hold back the end of the log.
      using db = new DatabaseSync(databasePath, { readOnly: true, timeout: 5_000 });
      const tables = db
        .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
        .all();
      for (const { name } of tables) {
        const counted = db.prepare(`SELECT count(*) AS rows FROM "${String(name)}"`).get();
        rows.set(String(name), Number(counted?.['rows']));
      }
      const bytesOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
      return {
        rows,
        bytes: new Map([['the file', bytesOf(databasePath)]]),
        deadTuples: 0,
        logBytes: bytesOf(`${databasePath}-wal`),
        connections: 0,
        days: [],
      };
    },
    async madeSince(ms) {
      using db = new DatabaseSync(databasePath, { readOnly: true, timeout: 5_000 });
      const counts = Object.entries(MADE).map(([table, sql]) => [table, db.prepare(`${sql}?`).get(ms)] as const);
      return new Map(counts.map(([table, row]) => [table, Number(row?.['rows'])]));
    },
    async oldestEventAt() {
      using db = new DatabaseSync(databasePath, { readOnly: true, timeout: 5_000 });
      return Number(db.prepare(OLDEST).get()?.['at']);
    },
    async owed() {
      using db = new DatabaseSync(databasePath, { readOnly: true, timeout: 5_000 });
      return db
        .prepare(OWED.replace('%taken', 'NULL'))
        .all()
        .map((row) => JSON.stringify(row));
    },
  };
}

/** Tables by the name of the one that is partitioned. */
const RELATIONS = `
  SELECT coalesce(parent.relname, c.relname) AS name, sum(pg_total_relation_size(c.oid)) AS bytes,
    sum(coalesce(s.n_dead_tup, 0)) AS dead, array_agg(c.relname::text) AS parts
  FROM pg_class c
  LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
  LEFT JOIN pg_class parent ON parent.oid = i.inhparent
  LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
  WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
  GROUP BY 1`;

/** What grows and shrinks with the traffic of the moment: dead rows there are what vacuum must keep up with. */
const BUSY_TABLES = ['queue', 'due_endpoints', 'nodes', 'jobs', 'endpoint_health', 'change_counter'];

export function watchPostgres(postgres: PostgresBed, database: PostgresDatabase): TablesWatch {
  return {
    async look() {
      const found = (await database.query(RELATIONS)).rows as {
        name: string;
        bytes: string;
        dead: string;
        parts: string[];
      }[];
      const rows = new Map<string, number>();
      for (const { name } of found) {
        const counted = await database.query(`SELECT count(*) AS rows FROM "${name}"`);
        rows.set(name, Number((counted.rows[0] as { rows: string }).rows));
      }
      const connections = await database.query(
        `SELECT count(*) AS connections FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'hookring%'`,
      );
      return {
        rows,
        bytes: new Map(found.map(({ name, bytes }) => [name, Number(bytes)])),
        deadTuples: found.reduce((sum, { name, dead }) => (BUSY_TABLES.includes(name) ? sum + Number(dead) : sum), 0),
        logBytes: bytesIn(path.join(postgres.server.folder, 'data', 'pg_wal')),
        connections: Number((connections.rows[0] as { connections: string }).connections),
        days: found
          .filter(({ name }) => name === 'events')
          .flatMap(({ parts }) => parts.flatMap((part) => /^events_(\d{8})$/.exec(part)?.[1] ?? []))
          .toSorted(),
      };
    },
    async madeSince(ms) {
      const rows = new Map<string, number>();
      for (const [table, sql] of Object.entries(MADE)) {
        const counted = await database.query(`${sql}$1`, [ms]);
        rows.set(table, Number((counted.rows[0] as { rows: string }).rows));
      }
      return rows;
    },
    async oldestEventAt() {
      return Number(((await database.query(OLDEST)).rows[0] as { at: string }).at);
    },
    async owed() {
      const { rows } = await database.query(OWED.replace('%taken', 'd.taken_by'));
      const nodes = await database.query('SELECT incarnation, seen_at FROM nodes');
      return [...rows, ...nodes.rows].map((row) => JSON.stringify(row));
    },
  };
}

function bytesIn(folder: string): number {
  return readdirSync(folder).reduce(
    // Segments come and go.
    (sum, name) => sum + (statSync(path.join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}
