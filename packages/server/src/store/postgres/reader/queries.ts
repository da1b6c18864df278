import { type Clock, type Random, systemClock, systemTimers, type Timers } from '../../../domain/clock.ts';
import type { Row } from '../../cells.ts';
import { StoreUnavailable } from '../../port.ts';
import type { Database, Statement, Value } from '../database.ts';
import { AGAIN_MAX, faultOf, pauseMs } from '../retry.ts';

/** Statements of readers, with rows by name. */
export type Queries = {
  readonly all: (statement: Statement, ...values: readonly Value[]) => Promise<readonly Row[]>;
  readonly first: (statement: Statement, ...values: readonly Value[]) => Promise<Row | undefined>;
};

export type QueryTools = {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly timers: Timers;
  readonly random: Random;
};

const NUL = '\u0000';
/** Somebody waits for what is read: an outage that is longer than a restart is better told. */
const OUTAGE_MS_MAX = 5_000;
const SYSTEM: QueryTools = { clock: systemClock, timers: systemTimers, random: Math.random };

/** Reading changes nothing, so it is done again when a connection broke or others were in the way. */
export function createQueries(database: Pick<Database, 'find'>, tools: QueryTools = SYSTEM): Queries {
  const { clock, timers, random } = tools;

  async function find(statement: Statement, values: readonly Value[]): Promise<readonly Row[]> {
    const startedAt = clock.monotonic();
    for (let tries = 1; ; tries += 1) {
      try {
        return await database.find(statement, values);
      } catch (error) {
        const fault = faultOf(error);
        if (fault.kind === 'broken' || fault.kind === 'no_partition') throw error;
        const isTriedAgain =
          fault.kind === 'again'
            ? tries < AGAIN_MAX
            : fault.kind === 'outage' && clock.monotonic() - startedAt < OUTAGE_MS_MAX;
        if (!isTriedAgain) throw new StoreUnavailable('commit_failed', { cause: error });
        await new Promise<void>((resolve) => timers.setTimeout(resolve, pauseMs(tries, random)));
      }
    }
  }

  async function all(statement: Statement, ...values: readonly Value[]): Promise<readonly Row[]> {
    // PostgreSQL keeps no such text, so nothing can match; it would refuse to look.
    if (values.some((value) => typeof value === 'string' && value.includes(NUL))) return [];
    return await find(statement, values);
  }
  return {
    all,
    first: async (statement, ...values) => (await all(statement, ...values))[0],
  };
}
