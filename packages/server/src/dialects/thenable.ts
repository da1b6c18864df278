import type { Timers } from '../domain/clock.ts';

/** Code of a dialect that asks another service must not hold requests for ever. */
export const OWN_CODE_MS_MAX = 10_000;

/** Whether it must be waited for; what is at once should cost no turn of the event loop. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** What it comes to, unless that takes too long; `what` names it in the log. */
export async function inTime<T>(timers: Timers, what: string, pending: PromiseLike<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = timers.setTimeout(
    () => late.reject(new Error(`${what} took over ${OWN_CODE_MS_MAX} ms`)),
    OWN_CODE_MS_MAX,
  );
  try {
    return await Promise.race([pending, late.promise]);
  } finally {
    timer.cancel();
  }
}
