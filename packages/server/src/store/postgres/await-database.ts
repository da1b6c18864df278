import { DatabaseError } from 'pg';
import type { Clock, Timers } from '../../domain/clock.ts';

/** A server that starts waits so long for its database. */
export const AWAITED_MS_MAX = 30_000;
const AGAIN_MS = 500;
/** So often it says what it waits for. */
const TOLD_MS = 5_000;

/** How a start waits for a database that is not there yet. */
export type Patience = {
  /** Nobody wants the server any more. */
  readonly stopping: AbortSignal;
  readonly onWaiting: (fields: {
    readonly cause: string;
    readonly waitedMs: number;
    readonly waitsMsMax: number;
  }) => void;
};

/** Told to stop before it had its database. */
export class StartStopped extends Error {
  override readonly name = 'StartStopped';
  constructor() {
    super('it was told to stop while it waited for its database');
  }
}

/** It starts, stops or recovers; it has no connection left. */
const PASSING_STATES = new Set(['57P03', '53300']);
/** Nothing listens, or answers; the name is not known yet. */
const PASSING_CODES = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH']);

const NO_ANSWER = /^(?:timeout (?:expired|exceeded)|connection terminated due to connection timeout)/i;

/** Whether the next try may well work although nobody mends anything: whatever runs the database may be starting it. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof DatabaseError) return PASSING_STATES.has(error.code ?? '');
  // Each address of a name was tried.
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isPassing);
  const { code = '', syscall = '' } = error as NodeJS.ErrnoException; // What it has of them.
  // The socket of a server on this machine is made when it starts.
  if (code === 'ENOENT') return syscall === 'connect';
  // What the driver says has no codes.
  return code === '' ? NO_ANSWER.test(error.message) : PASSING_CODES.has(code);
}

export type AwaitParts<T> = {
  readonly open: () => Promise<T>;
  /** For what was opened after all when nobody wanted it any more. */
  readonly discard: (opened: T) => Promise<void>;
  /** How the operator is told of an error. */
  readonly words: (error: unknown) => string;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly timers: Timers;
};

/** Tries again for a while, where that may help. */
export async function awaitDatabase<T>(parts: AwaitParts<T>, { stopping, onWaiting }: Patience): Promise<T> {
  const { open, discard, words, clock, timers } = parts;
  const startedAt = clock.monotonic();
  const { stopped, forget } = stopOf(stopping);
  let toldAt = Number.NEGATIVE_INFINITY;
  try {
    for (;;) {
      const opening = open();
      try {
        return await Promise.race([opening, stopped]);
      } catch (error) {
        if (error instanceof StartStopped) {
          opening.then(discard).catch(() => {});
          throw error;
        }
        const waitedMs = clock.monotonic() - startedAt;
        if (!isPassing(error) || waitedMs + AGAIN_MS > AWAITED_MS_MAX) throw error;
        if (waitedMs - toldAt >= TOLD_MS) {
          toldAt = waitedMs;
          onWaiting({ cause: words(error), waitedMs: Math.round(waitedMs), waitsMsMax: AWAITED_MS_MAX });
        }
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = timers.setTimeout(resolve, AGAIN_MS);
      await Promise.race([promise, stopped]).finally(() => timer.cancel());
    }
  } finally {
    forget();
  }
}

function stopOf(stopping: AbortSignal): { readonly stopped: Promise<never>; readonly forget: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const stop = (): void => reject(new StartStopped());
  if (stopping.aborted) stop();
  stopping.addEventListener('abort', stop);
  return { stopped: promise, forget: () => stopping.removeEventListener('abort', stop) };
}
