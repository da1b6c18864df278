import { STORE_CONFLICT_RETRIES_MAX } from '../domain/limits.ts';
import type { Command } from '../store/port.ts';
import type { AppContext } from './context.ts';
import { ALREADY_DONE } from './idempotency.ts';
import { done, type Outcome, type Refusal, refused } from './outcome.ts';

export type Decision<T> = { readonly ok: true; readonly commands: readonly Command[]; readonly value: T } | Refusal;

/**
 * Reads, decides and submits one list of commands; when a version moved meanwhile it reads and decides again, at most
 * five times.
 */
export async function decideAndApply<T>(
  app: AppContext,
  decide: () => Promise<Decision<T>>,
): Promise<Outcome<T> | typeof ALREADY_DONE> {
  for (let round = 0; round < STORE_CONFLICT_RETRIES_MAX; round += 1) {
    const decision = await decide();
    if (!decision.ok) return decision;
    const applied = await app.store.apply(decision.commands);
    if (applied.kind === 'applied') return done(decision.value);
    if (applied.kind === 'conflict' && applied.command === 'idempotency.insert') return ALREADY_DONE;
  }
  return refused('conflict', 'others kept changing the same thing; read it again and retry', { retryAfterSeconds: 1 });
}
