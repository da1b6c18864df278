import { STORE_CONFLICT_RETRIES_MAX } from '../domain/limits.ts';
import type { ApplyOptions, Command } from '../store/port.ts';
import type { AppContext } from './context.ts';
import { ALREADY_DONE } from './idempotency.ts';
import { done, type Outcome, type Refusal, refused } from './outcome.ts';

export type Decision<T> =
  | {
      readonly ok: true;
      readonly commands: readonly Command[];
      readonly value: T;
      readonly options?: ApplyOptions;
    }
  | Refusal;

/** Of a database that takes too long. */
const RETRY_AFTER_SECONDS = 5;

/**
 * Reads, decides and submits one list of commands; when a version moved meanwhile, or the commit would have come too late,
 * it reads and decides again, at most five times.
 */
export async function decideAndApply<T>(
  app: AppContext,
  /** `lates`: how often the commit would have come too late so far. */
  decide: (lates: number) => Promise<Decision<T>>,
): Promise<Outcome<T> | typeof ALREADY_DONE> {
  let lates = 0;
  for (let round = 0; round < STORE_CONFLICT_RETRIES_MAX; round += 1) {
    const decision = await decide(lates);
    if (!decision.ok) return decision;
    const applied = await app.store.apply(decision.commands, decision.options);
    if (applied.kind === 'applied') return done(decision.value);
    if (applied.kind === 'conflict' && applied.command === 'idempotency.insert') return ALREADY_DONE;
    if (applied.kind === 'late') lates += 1;
  }
  if (lates > 0) {
    const detail = 'the database takes too long to commit, and nothing was changed; try again in a moment';
    return refused('store_unavailable', detail, { retryAfterSeconds: RETRY_AFTER_SECONDS });
  }
  return refused('conflict', 'others kept changing the same thing; read it again and retry', { retryAfterSeconds: 1 });
}
