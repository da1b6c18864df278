import { DatabaseError, Pool, type PoolClient, type QueryArrayResult, types } from 'pg';

/** A statement by hand. Where connections are our own, each is prepared once on each of them, by its name. */
export type Statement = {
  readonly name: string;
  readonly text: string;
  /** Of a text that is made for once: it is not prepared, and its name need not be its own. */
  readonly once?: true;
};

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
export type ConnectionKind = 'write' | 'read' | 'control' | 'change';

/** Where the statements of a transaction run. */
export type Transaction = Runner & {
  /**
   * Ends the transaction: these statements and the commit travel as one message, so that nothing which this process does
   * or suffers meanwhile holds the locks that they take. Throws CommitUnknown when nobody can say whether it committed.
   */
  commitWith(statements: readonly string[]): Promise<readonly (readonly Row[])[]>;
};

/** The connection broke while the commit was out: it may have happened or not. */
export class CommitUnknown extends Error {
  override readonly name = 'CommitUnknown';
  constructor(cause: unknown) {
    super('the connection was lost while a commit was under way', { cause });
  }
}

export type Database = {
  /** One statement, a transaction of its own. */
  on(kind: ConnectionKind): Runner;
  /** For readers: rows with the names of their columns. */
  find(statement: Statement, values?: readonly Value[]): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Several in one transaction; rolled back when `work` rejects. */
  transaction<T>(kind: ConnectionKind, work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** Statements that were sent since the start. */
  readonly statements: number;
  close(): Promise<void>;
};

export type DatabaseOptions = {
  readonly url: string;
  /** `transaction`: a pooler stands between, which gives each transaction another session. */
  readonly pooler: 'none' | 'transaction';
  readonly connections?: Partial<Readonly<Record<ConnectionKind, number>>>;
  /** Is told of each statement before it is sent. */
  readonly onStatement?: (kind: ConnectionKind, name: string) => void;
};

const CONNECTIONS: Readonly<Record<ConnectionKind, number>> = { write: 4, read: 6, control: 2, change: 3 };
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS: Readonly<Record<ConnectionKind, number>> = {
  write: 15_000,
  read: 30_000,
  control: 5_000,
  change: 15_000,
};
const LOCK_TIMEOUT_MS = 5_000;
/** Past the server's own limit: the connection is gone, or the server is. */
const NO_ANSWER_MS = 2_000;
/** After so long a statement of a node's beat has been answered or has failed. */
export const CONTROL_ANSWER_MS_MAX: number = STATEMENT_TIMEOUT_MS.control + NO_ANSWER_MS;
const IDLE_MS = 60_000;

type TypeNumber = Parameters<typeof types.getTypeParser>[0];
const BIGINTS = {
  // Times and counts: all below 2^53.
  getTypeParser: (oid: TypeNumber, format?: 'text' | 'binary') =>
    oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format ?? 'text'),
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
    // A connection that breaks is replaced by the pool, and whoever uses it is told by the statement. Without listeners, on
    // the pool for idle ones and on each for those in use, it would end the process.
    pool.on('error', () => {});
    pool.on('connect', (client) => void client.on('error', () => {}));
    pools.set(kind, pool);
    return pool;
  }

  async function run(
    kind: ConnectionKind,
    on: Pool | PoolClient,
    { name, text, once }: Statement,
    values: readonly Value[] = [],
  ) {
    statements += 1;
    options.onStatement?.(kind, name);
    const query = {
      text,
      values: [...values],
      rowMode: 'array' as const,
      // A session of a pooler may not know it.
      ...(options.pooler === 'none' && once !== true ? { name } : {}),
    };
    const { rows, rowCount }: QueryArrayResult<unknown[]> = await on.query(query);
    return { rows, count: rowCount ?? 0 };
  }

  return {
    async find({ name, text }, values = []) {
      statements += 1;
      options.onStatement?.('read', name);
      const named = options.pooler === 'none' ? { name } : {};
      const { rows } = await poolOf('read').query<Record<string, unknown>>({ text, values: [...values], ...named });
      return rows;
    },
    on: (kind) => ({ run: async (statement, values) => await run(kind, poolOf(kind), statement, values) }),
    async transaction(kind, work) {
      const client = await poolOf(kind).connect();
      let broken = true;
      let committed = false;
      try {
        await run(kind, client, BEGIN);
        const result = await work({
          run: async (statement, values) => await run(kind, client, statement, values),
          async commitWith(texts) {
            statements += 1;
            options.onStatement?.(kind, COMMIT.name);
            const answers = await commitAll(client, texts);
            committed = true;
            return answers;
          },
        });
        if (!committed) await run(kind, client, COMMIT);
        broken = false;
        return result;
      } catch (error) {
        if (committed) {
          broken = false;
          throw error;
        }
        try {
          await run(kind, client, ROLLBACK);
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

async function commitAll(client: PoolClient, texts: readonly string[]): Promise<readonly (readonly Row[])[]> {
  const text = [...texts, 'COMMIT'].join(';\n');
  try {
    // Without values it is a simple query, which answers for each of its statements; the types of `pg` know of one only.
    const answers: unknown = await client.query<unknown[]>({ text, rowMode: 'array' });
    return (Array.isArray(answers) ? answers : [answers]).map((answer: QueryArrayResult<unknown[]>) => answer.rows);
  } catch (error) {
    throw wasRolledBack(error) ? error : new CommitUnknown(error);
  }
}

/** Reasons for which the server ends a connection, perhaps after the commit: it goes down, or time is up. */
const CONNECTION_ENDED = /^(?:08|57P|25P0[34]|58|XX)/;

/** The server refused a statement and the connection goes on: the transaction cannot have been committed. */
function wasRolledBack(error: unknown): boolean {
  return error instanceof DatabaseError && error.code !== undefined && !CONNECTION_ENDED.test(error.code);
}

const BEGIN: Statement = { name: 'begin', text: 'BEGIN' };
const COMMIT: Statement = { name: 'commit', text: 'COMMIT' };
const ROLLBACK: Statement = { name: 'rollback', text: 'ROLLBACK' };

/**
 * Compiling a plan takes longer than running it. Up to PostgreSQL 17 a plan that may not read a whole table looks so dear
 * besides that every one would be compiled.
 */
const NOT_COMPILED = '-c jit=off';
/**
 * The plan of a write is made once, when tables may be nearly empty, and is used while they grow: it must look up each row
 * that it is given, and never go through a table from its beginning.
 */
const ONE_PLAN = `${NOT_COMPILED} -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off \
-c enable_mergejoin=off`;

/** Limits that the server keeps. Behind a pooler they are the role's (`ALTER ROLE … SET`). */
function ownSession(kind: ConnectionKind) {
  return {
    statement_timeout: STATEMENT_TIMEOUT_MS[kind],
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: 10_000,
    options: kind === 'read' ? NOT_COMPILED : ONE_PLAN,
  };
}
