import type { Row } from '../../cells.ts';
import type { Database, Statement, Value } from '../database.ts';

/** Statements of readers, with rows by name. */
export type Queries = {
  all(statement: Statement, ...values: readonly Value[]): Promise<readonly Row[]>;
  first(statement: Statement, ...values: readonly Value[]): Promise<Row | undefined>;
};

const NUL = '\u0000';

export function createQueries(database: Database): Queries {
  async function all(statement: Statement, ...values: readonly Value[]): Promise<readonly Row[]> {
    // PostgreSQL keeps no such text, so nothing can match; it would refuse to look.
    if (values.some((value) => typeof value === 'string' && value.includes(NUL))) return [];
    return await database.find(statement, values);
  }
  return {
    all,
    first: async (statement, ...values) => (await all(statement, ...values))[0],
  };
}
