import { IDEMPOTENCY_HOURS } from '../domain/limits.ts';
import type { IdempotencyRow } from '../store/port.ts';
import type { Caller, IdempotencyRequest } from './caller.ts';
import type { AppContext } from './context.ts';
import { type Outcome, refused, replayed } from './outcome.ts';

/** Makes the row that is part of a use case's own commit; it refers to the result and never holds material. */
export type RowMaker<R> = (reference: R) => IdempotencyRow;

/** Raised inside `perform` when the commit found the row of a request that finished first. */
export const ALREADY_DONE = Symbol('already done');

const HOUR_MS = 3_600_000;
const ROUNDS_MAX = 3;

/** Keys whose first request has not been answered yet. Kept in memory: the row of a dead process does not exist. */
const inFlight = new WeakMap<AppContext, Set<string>>();

/**
 * Runs a use case once per caller, route and Idempotency-Key. The row is committed together with the effect, so either
 * both exist or neither. Refusals have no effect and leave no row.
 */
export async function idempotent<T, R>(
  app: AppContext,
  caller: Caller,
  request: IdempotencyRequest | null,
  use: {
    readonly perform: (row: RowMaker<R> | null) => Promise<Outcome<T> | typeof ALREADY_DONE>;
    /** Tells the answer again from what the row refers to. */
    readonly replay: (reference: R) => Promise<Outcome<T>>;
  },
): Promise<Outcome<T>> {
  if (request === null) {
    const outcome = await use.perform(null);
    if (outcome === ALREADY_DONE) throw new Error('a request without an idempotency key met an idempotency row');
    return outcome;
  }
  const principal = `${caller.actor}@${caller.organizationId}`;
  const fingerprint = app.digest(request.body);
  const lock = `${principal} ${request.route} ${request.key}`;
  const running = inFlight.get(app) ?? new Set<string>();
  inFlight.set(app, running);
  if (running.has(lock)) {
    return refused(
      'idempotency_key_in_flight',
      'a request with this Idempotency-Key is still running; try again in a moment',
      {
        retryAfterSeconds: 1,
      },
    );
  }
  running.add(lock);
  const look = async (now: number): Promise<IdempotencyRow | null> =>
    await app.store.reader.idempotency(principal, request.route, request.key, now);
  try {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const now = app.clock.now();
      const found = await look(now);
      if (found !== null) {
        if (found.fingerprint !== fingerprint) {
          return refused(
            'idempotency_key_reused',
            'this Idempotency-Key was used with another request body; use a new key',
          );
        }
        return await use.replay(JSON.parse(found.reference) as R); // Written by this function's own row maker.
      }
      const outcome = await use.perform((reference) => ({
        principal,
        route: request.route,
        key: request.key,
        fingerprint,
        reference: JSON.stringify(reference),
        createdAt: now,
        expiresAt: now + IDEMPOTENCY_HOURS * HOUR_MS,
      }));
      if (outcome === ALREADY_DONE) continue;
      // Another node may have finished the same request since, and it is refused only because of that.
      if (outcome.ok || (await look(now)) === null) return outcome;
    }
    return refused('conflict', 'the request raced with another one of the same Idempotency-Key; try again', {
      retryAfterSeconds: 1,
    });
  } finally {
    running.delete(lock);
  }
}

/**
 * The same for an effect outside of the database, such as a request that was sent: the row is committed after it, so a
 * crash in between lets a repeated request do it again. The result is kept as it is and must hold no material.
 */
export async function idempotentAfter<T>(
  app: AppContext,
  caller: Caller,
  request: IdempotencyRequest | null,
  effect: () => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  return await idempotent<T, T>(app, caller, request, {
    perform: async (row) => {
      const outcome = await effect();
      if (row === null || !outcome.ok) return outcome;
      const applied = await app.store.apply([{ kind: 'idempotency.insert', row: row(outcome.value) }]);
      return applied.kind === 'conflict' ? ALREADY_DONE : outcome;
    },
    replay: async (result) => replayed(result),
  });
}
