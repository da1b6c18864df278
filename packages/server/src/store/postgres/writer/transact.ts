import type { Clock, Random, Timers } from '../../../domain/clock.ts';
import { StoreUnavailable } from '../../port.ts';
import { CommitUnknown, type Database, type Transaction } from '../database.ts';
import { AGAIN_MAX, type Fault, faultOf, OUTAGE_MS_MAX, pauseMs } from '../retry.ts';
import { withDays } from './partitions.ts';

export type TransactTools = {
  readonly db: Database;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly timers: Timers;
  readonly random: Random;
};

/**
 * Runs a transaction of the change connections: again while others are in its way, and through a short outage, as long as
 * it is certain that nothing was committed. When nobody can say, it is over: whether the change happened is read later.
 * What `work` throws on its own account is thrown as it is.
 */
export async function transact<T>(tools: TransactTools, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  const { db, clock, timers, random } = tools;
  const startedAt = clock.monotonic();
  for (let tries = 1; ; tries += 1) {
    const failed = new Failed();
    try {
      return await withDays(
        db,
        async () => await db.transaction('change', async (raw) => await failed.within(raw, work)),
      );
    } catch (error) {
      if (failed.isOwn(error)) throw error;
      if (error instanceof CommitUnknown) throw new StoreUnavailable('commit_failed', { cause: error });
      const fault = faultOf(error);
      if (!isTriedAgain(fault, tries, clock.monotonic() - startedAt)) throw refusalOf(fault, error);
      await new Promise<void>((resolve) => timers.setTimeout(resolve, pauseMs(tries, random)));
    }
  }
}

/** The same for work that somebody does again later: nothing is tried here. */
export async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof StoreUnavailable ? error : refusalOf(faultOf(error), error);
  }
}

function isTriedAgain(fault: Fault, tries: number, spentMs: number): boolean {
  if (fault.kind === 'again') return tries < AGAIN_MAX;
  // Nothing was committed, whatever became of the connection: it did not break at the commit.
  return fault.kind === 'outage' && spentMs < OUTAGE_MS_MAX;
}

function refusalOf(fault: Fault, error: unknown): Error {
  if (fault.kind === 'broken' || fault.kind === 'no_partition') {
    return error instanceof Error ? error : new Error(String(error));
  }
  return new StoreUnavailable(fault.kind === 'refused' ? fault.reason : 'commit_failed', { cause: error });
}

/** Tells errors of the database from those of the work that uses it. */
class Failed {
  #own: unknown = null;
  #statement: unknown = null;

  isOwn(error: unknown): boolean {
    return error !== null && error === this.#own;
  }

  async within<T>(raw: Transaction, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const noting = async <R>(answer: Promise<R>): Promise<R> => {
      try {
        return await answer;
      } catch (error) {
        this.#statement = error;
        throw error;
      }
    };
    try {
      return await work({
        run: (statement, values) => noting(raw.run(statement, values)),
        commitWith: (statements) => noting(raw.commitWith(statements)),
      });
    } catch (error) {
      if (error !== this.#statement) this.#own = error;
      throw error;
    }
  }
}
