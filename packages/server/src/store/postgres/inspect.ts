import { Client, type QueryArrayResult } from 'pg';
import type { Sealed } from '../../domain/secret.ts';
import { number, numberOrNull, text } from '../cells.ts';
import { dayAt } from './days.ts';
import { explain } from './explain.ts';
import { LEASE_MS } from './heartbeat.ts';
import { FOUND } from './migrate.ts';
import { MIGRATIONS } from './migrations/registry.ts';
import { TRANSFER_TABLE } from './unfinished-transfer.ts';
import { PARTITIONED } from './writer/partitions.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 10_000;
const NOTIFICATION_MS_MAX = 2_000;
const CLOCK_SAMPLES = 5;
const SEALED_LOOKED_AT_MAX = 50;
const DAYS_LOOKED_AHEAD = 8;
const DAY_MS = 24 * 3_600_000;
const PROBE_CHANNEL = 'hookring_doctor';

/** What can be seen of a database from outside. Nothing in it is changed. */
export type PostgresFacts = {
  /** `server_version_num`, and as people write it. */
  readonly version: number;
  readonly versionText: string;
  readonly encoding: string;
  readonly isEncrypted: boolean;
  /** Something stands between that has sessions of its own. */
  readonly isPooled: boolean;
  readonly isReadOnly: boolean;
  readonly mayCreate: boolean;
  /** `synchronous_commit`, `fsync`, `full_page_writes`. */
  readonly durability: Readonly<Record<'synchronousCommit' | 'fsync' | 'fullPageWrites', string>>;
  readonly connections: { readonly max: number; readonly used: number };
  /** Milliseconds by which this machine's clock is ahead, and how wrong that may be. */
  readonly clockOffset: { readonly ms: number; readonly errorMs: number };
  /** Null: not tried, because nothing behind a pooler can listen. */
  readonly hearsNotifications: boolean | null;
  readonly content: Content;
};

type Content =
  | { readonly kind: 'empty' }
  | { readonly kind: 'foreign'; readonly table: string }
  | { readonly kind: 'transfer' }
  | {
      readonly kind: 'ours';
      readonly version: number;
      readonly versionKnown: number;
      /** Whole days from tomorrow on for which every table has room. */
      readonly daysAhead: number;
      readonly nodes: number;
      readonly sealed: readonly { readonly owner: string; readonly id: string; readonly sealed: Sealed }[];
    };

export type PostgresInspection =
  | { readonly kind: 'unreachable'; readonly problem: string }
  | { readonly kind: 'reached'; readonly facts: PostgresFacts };

type Options = { readonly url: string; readonly pooler: 'none' | 'transaction'; readonly now: () => number };

export async function inspectPostgres(options: Options): Promise<PostgresInspection> {
  let client: Client | null = null;
  try {
    // It reads the files that the address names.
    client = new Client({
      connectionString: options.url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: STATEMENT_TIMEOUT_MS,
    });
    client.on('error', () => {});
    await client.connect();
    return { kind: 'reached', facts: await factsOf(client, options) };
  } catch (error) {
    const problem = explain(error) ?? (error instanceof Error ? error.message : 'unknown');
    return { kind: 'unreachable', problem };
  } finally {
    await client?.end().catch(() => {});
  }
}

type Ask = (sql: string, values?: readonly (string | number)[]) => Promise<readonly (readonly unknown[])[]>;

async function factsOf(client: Client, { pooler, now }: Options): Promise<PostgresFacts> {
  const ask: Ask = async (sql, values = []) => {
    const answer: QueryArrayResult<unknown[]> = await client.query({
      text: sql,
      values: [...values],
      rowMode: 'array',
    });
    return answer.rows;
  };
  // Of other users' sessions an ordinary one sees that they exist, not what they are: all are counted by their databases.
  const [row = []] = await ask(`SELECT current_setting('server_version_num')::int, current_setting('server_version'),
    current_setting('server_encoding'), pg_backend_pid(), coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
    pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean,
    coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
    current_setting('synchronous_commit'), current_setting('fsync'), current_setting('full_page_writes'),
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
    (SELECT sum(numbackends)::int FROM pg_stat_database)`);
  // A pooler answers for many sessions and makes up the number of this one.
  const isPooled = Number(row[3]) !== processIdOf(client);
  return {
    version: number(row[0]),
    versionText: text(row[1]),
    encoding: text(row[2]),
    isEncrypted: row[4] === true,
    isPooled,
    isReadOnly: row[5] === true,
    mayCreate: row[6] === true,
    durability: { synchronousCommit: text(row[7]), fsync: text(row[8]), fullPageWrites: text(row[9]) },
    connections: { max: number(row[10]), used: number(row[11]) },
    clockOffset: await clockOffset(ask, now),
    hearsNotifications: pooler === 'transaction' || isPooled ? null : await hearsNotifications(client),
    content: await contentOf(ask, now()),
  };
}

/** What the server said at the start of the session; the types of `pg` do not know it. */
function processIdOf(client: Client): number {
  return 'processID' in client ? Number(client.processID) : Number.NaN;
}

async function clockOffset(ask: Ask, now: () => number): Promise<PostgresFacts['clockOffset']> {
  let best = { ms: 0, errorMs: Number.POSITIVE_INFINITY };
  for (let sample = 0; sample < CLOCK_SAMPLES; sample += 1) {
    const [wall, from] = [now(), performance.now()];
    const [row] = await ask('SELECT extract(epoch FROM clock_timestamp())::float8 * 1000');
    const errorMs = (performance.now() - from) / 2;
    if (errorMs < best.errorMs) best = { ms: wall + errorMs - Number(row?.[0]), errorMs };
  }
  return best;
}

async function hearsNotifications(client: Client): Promise<boolean> {
  const heard = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => heard.resolve(false), NOTIFICATION_MS_MAX);
  client.once('notification', () => heard.resolve(true));
  try {
    await client.query(`LISTEN ${PROBE_CHANNEL}`);
    await client.query(`NOTIFY ${PROBE_CHANNEL}`);
    return await heard.promise;
  } finally {
    clearTimeout(timer);
  }
}

async function contentOf(ask: Ask, now: number): Promise<Content> {
  const [found = []] = await ask(FOUND.text);
  const [isOurs, table = null] = found;
  if (isOurs !== true) return table === null ? { kind: 'empty' } : { kind: 'foreign', table: text(table) };
  const [transfer] = await ask(`SELECT to_regclass('${TRANSFER_TABLE}') IS NOT NULL`);
  if (transfer?.[0] === true) return { kind: 'transfer' };
  const versionKnown = MIGRATIONS.length;
  const [versions] = await ask('SELECT coalesce(max(version), 0) FROM hookring_schema');
  const version = number(versions?.[0]);
  const isKnown = version > 0 && version <= versionKnown;
  return {
    kind: 'ours',
    version,
    versionKnown,
    daysAhead: await daysAhead(ask, now),
    nodes: isKnown ? await nodesOf(ask) : 0,
    sealed: isKnown ? await sealedSamples(ask) : [],
  };
}

async function daysAhead(ask: Ask, now: number): Promise<number> {
  const rows =
    await ask(`SELECT right(c.relname, 8), count(*)::int FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relname ~ '^(${PARTITIONED.join('|')})_[0-9]{8}$'
    GROUP BY 1`);
  const whole = new Set(rows.filter(([, tables]) => tables === PARTITIONED.length).map(([day]) => day));
  let days = 0;
  while (days < DAYS_LOOKED_AHEAD && whole.has(dayAt(now + (days + 1) * DAY_MS))) days += 1;
  return days;
}

async function nodesOf(ask: Ask): Promise<number> {
  const [row] = await ask(
    `SELECT count(*)::int FROM nodes WHERE seen_at > extract(epoch FROM clock_timestamp()) * 1000 - ${LEASE_MS}`,
  );
  return numberOrNull(row?.[0] ?? null) ?? 0;
}

/** The oldest and the newest: a key that was lost opens some of them and not the others. */
async function sealedSamples(ask: Ask) {
  const select = (order: string): string =>
    `(SELECT id, owner, sealed FROM secrets WHERE sealed IS NOT NULL ORDER BY id ${order} LIMIT ${SEALED_LOOKED_AT_MAX})`;
  const rows = await ask(`${select('ASC')} UNION ALL ${select('DESC')}`);
  return rows.map(([id, owner, sealed]) => ({
    id: text(id),
    owner: text(owner),
    sealed: text(sealed) as Sealed, // What the vault wrote there; it looks at the text itself.
  }));
}
