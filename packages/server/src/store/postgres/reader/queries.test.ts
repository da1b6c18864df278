import { DatabaseError } from 'pg';
import { describe, expect, it } from 'vitest';
import { systemTimers } from '../../../domain/clock.ts';
import { StoreUnavailable } from '../../port.ts';
import { createQueries } from './queries.ts';

const STATEMENT = { name: 'test', text: 'SELECT 1' };
const ROWS = [{ one: 1 }];

function serverError(code: string): DatabaseError {
  const error = new DatabaseError('told by the server', 0, 'error');
  error.code = code;
  return error;
}

/** A database whose next finds fail like this, and a clock that each of them moves on by a second. */
function failing(errors: readonly Error[]) {
  const left = [...errors];
  let finds = 0;
  const queries = createQueries(
    {
      async find() {
        finds += 1;
        const error = left.shift();
        if (error !== undefined) throw error;
        return ROWS;
      },
    },
    {
      clock: { monotonic: () => finds * 1_000 },
      timers: { ...systemTimers, setTimeout: (run) => systemTimers.setTimeout(run, 0) },
      random: () => 0.5,
    },
  );
  return { queries, count: () => finds };
}

describe('reading', () => {
  it.each([
    ['a session that was ended', serverError('57P01')],
    ['a server that starts', serverError('57P03')],
    ['no free connection', serverError('53300')],
    ['a connection that broke', new Error('Connection terminated unexpectedly')],
    ['a deadlock', serverError('40P01')],
  ])('is done again after %s', async (_name, error) => {
    const { queries, count } = failing([error, error]);
    expect(await queries.all(STATEMENT)).toEqual(ROWS);
    expect(count()).toBe(3);
  });

  it('says after a while that the store is not to be had', async () => {
    const { queries, count } = failing(Array.from({ length: 50 }, () => serverError('57P01')));
    await expect(queries.all(STATEMENT)).rejects.toThrow(StoreUnavailable);
    expect(count()).toBeLessThan(10);
  });

  it('does not hide what can never be asked', async () => {
    const { queries, count } = failing([serverError('22P02')]);
    await expect(queries.all(STATEMENT)).rejects.toThrow('told by the server');
    expect(count()).toBe(1);
  });
});
