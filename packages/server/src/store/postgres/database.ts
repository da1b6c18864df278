import { Pool, type PoolClient, type QueryArrayResult, types } from 'pg';

/** A statement by hand. Where connections are our own, each is prepared once on each of them, by its name. */
export type Statement = { readonly name: string; readonly text: string };

/** What statements are given. A Buffer travels as it is: bytes for `bytea`, or an array in PostgreSQL's binary form. */
export type Value = string | number | boolean | null | Uint8Array;

export type Row = readonly unknown[];

/** Where statements run: on any connection of a kind, or on the one of a transaction. */
export type Runner = {
  run(
    statement: Statement,
    values?: readonly Value[],
  ): Promise<{ readonly rows: readonly Row[]; readonly count: number }>;
};

/**
 * Connections by what they are for, so that a slow list never waits in front of a commit, nor either in front of the
 * beat of the node.
 */
export type ConnectionKind = 'write' | 'read' | 'control';

export type Database = {
  /** One statement, a transaction of its own. */
  on(kind: ConnectionKind): Runner;
  /** Several in one transaction; rolled back when `work` rejects. */
  transaction<T>(kind: ConnectionKind, work: (runner: Runner) => Promise<T>): Promise<T>;
  /** Statements that were sent since the start. */
  readonly statements: number;
  close(): Promise<void>;
};

export type DatabaseOptions = {
  readonly url: string;
  /** `transaction`: a pooler stands between, which gives each transaction another session. */
  readonly pooler: 'none' | 'transaction';
  readonly connections?: Partial<Readonly<Record<ConnectionKind, number>>>;
};

const CONNECTIONS: Readonly<Record<ConnectionKind, number>> = { write: 4, read: 6, control: 2 };
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS: Readonly<Record<ConnectionKind, number>> = {
  write: 15_000,
  read: 30_000,
  control: 5_000,
};
const LOCK_TIMEOUT_MS = 5_000;
/** Past the server's own limit: the connection is gone, or the server is. */
const NO_ANSWER_MS = 2_000;
const IDLE_MS = 60_000;

const INT8 = 20;
const BIGINTS = {
  // Times and counts: all below 2^53.
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? Number : types.getTypeParser(oid, format ?? 'text'),
};

export function openDatabase(options: DatabaseOptions): Database {
  const pools = new Map<ConnectionKind, Pool>();
  let statements = 0;

  function poolOf(kind: ConnectionKind): Pool {
    const known = pools.get(kind);
    if (known !== undefined) return known;
    const pool = new Pool({
      connectionString: options.url,
      max: options.connections?.[kind] ?? CONNECTIONS[kind],
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: IDLE_MS,
      query_timeout: STATEMENT_TIMEOUT_MS[kind] + NO_ANSWER_MS,
      application_name: `hookring ${kind}`,
      keepAlive: true,
      types: BIGINTS,
      ...(options.pooler === 'none' ? ownSession(kind) : {}),
    });
    // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
    pool.on('error', () => {});
    pools.set(kind, pool);
    return pool;
  }

  async function run(on: Pool | PoolClient, { name, text }: Statement, values: readonly Value[] = []) {
    statements += 1;
    const query = {
      text,
      values: [...values],
      rowMode: 'array' as const,
      // A session of a pooler may not know it.
      ...(options.pooler === 'none' ? { name } : {}),
    };
    const { rows, rowCount }: QueryArrayResult<unknown[]> = await on.query(query);
    return { rows, count: rowCount ?? 0 };
  }

  return {
    on: (kind) => ({ run: async (statement, values) => await run(poolOf(kind), statement, values) }),
    async transaction(kind, work) {
      const client = await poolOf(kind).connect();
      let broken = true;
      try {
        await run(client, BEGIN);
        const result = await work({ run: async (statement, values) => await run(client, statement, values) });
        await run(client, COMMIT);
        broken = false;
        return result;
      } catch (error) {
        try {
          await run(client, ROLLBACK);
          broken = false;
        } catch {
          // The connection is gone, and the transaction with it.
        }
        throw error;
      } finally {
        client.release(broken);
      }
    },
    get statements() {
      return statements;
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.end()));
    },
  };
}

const BEGIN: Statement = { name: 'begin', text: 'BEGIN' };
const COMMIT: Statement = { name: 'commit', text: 'COMMIT' };
const ROLLBACK: Statement = { name: 'rollback', text: 'ROLLBACK' };

/** Limits that the server keeps. Behind a pooler they are the role's (`ALTER ROLE … SET`). */
function ownSession(kind: ConnectionKind) {
  return {
    statement_timeout: STATEMENT_TIMEOUT_MS[kind],
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: 10_000,
    ...(kind === 'read' ? {} : { options: '-c enable_seqscan=off -c plan_cache_mode=force_generic_plan' }),
  };
}
