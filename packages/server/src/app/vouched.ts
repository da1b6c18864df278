import type { AppContext } from './context.ts';
import { type Refusal, refused } from './outcome.ts';

/** So often something is decided again because memory had to be read again meanwhile. */
const ROUNDS_MAX = 3;

const UNKNOWN: Refusal = refused(
  'store_unavailable',
  'this server cannot reach its database just now, and cannot tell who may do what; try again in a moment',
  { retryAfterSeconds: 1 },
);

/**
 * What is decided by what this node remembers, of keys and organizations: only while that is known to be what all nodes
 * agreed on. Otherwise what changed is read first; where it cannot be, nobody is let in. Without a promise when memory is
 * good and knows the answer.
 */
export function vouched<T>(
  app: Pick<AppContext, 'store' | 'clock'>,
  decide: () => T | Promise<T>,
): T | Refusal | Promise<T | Refusal> {
  const { goodUntil } = app.store.currency;
  if (app.clock.monotonic() >= goodUntil) return vouchedLater(app, decide);
  const decided = decide();
  return decided instanceof Promise ? finished(app, decide, decided, goodUntil) : decided;
}

/** An answer that took longer than memory was good may be of what it was before. */
async function finished<T>(
  app: Pick<AppContext, 'store' | 'clock'>,
  decide: () => T | Promise<T>,
  pending: Promise<T>,
  goodUntil: number,
): Promise<T | Refusal> {
  const decided = await pending;
  return app.clock.monotonic() < goodUntil ? decided : await vouchedLater(app, decide);
}

async function vouchedLater<T>(
  { store, clock }: Pick<AppContext, 'store' | 'clock'>,
  decide: () => T | Promise<T>,
): Promise<T | Refusal> {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    if (!(await store.currency.renew())) return UNKNOWN;
    const { goodUntil } = store.currency;
    const decided = await decide();
    if (clock.monotonic() < goodUntil) return decided;
  }
  return UNKNOWN;
}
