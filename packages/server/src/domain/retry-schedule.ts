import { RETRIES_MAX, RETRY_AFTER_SECONDS_MAX, RETRY_DELAY_SECONDS_MAX, RETRY_JITTER_RATIO } from './limits.ts';

/** Seconds before each retry: the example of the Standard Webhooks specification, about 77 hours in all. */
export const NATIVE_RETRY_SCHEDULE_SECONDS: readonly number[] = [
  5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400,
];

/**
 * When to try again after `attemptsMade` attempts, or null when the schedule is exhausted. A receiver's Retry-After
 * lengthens the delay up to a day and never shortens it; a delay of 0 stays 0.
 */
export function nextAttemptAt(options: {
  readonly schedule: readonly number[];
  readonly attemptsMade: number;
  readonly now: number;
  /** Milliseconds that the receiver asked for, or null. */
  readonly retryAfter: number | null;
  readonly random: () => number;
}): number | null {
  const { schedule, attemptsMade, now, retryAfter, random } = options;
  const seconds = schedule[attemptsMade - 1];
  if (seconds === undefined) return null;
  const jittered = seconds * 1_000 * (1 + RETRY_JITTER_RATIO * (2 * random() - 1));
  const asked = Math.min(retryAfter ?? 0, RETRY_AFTER_SECONDS_MAX * 1_000);
  return now + Math.round(Math.max(jittered, asked));
}

export type ScheduleResult =
  | { readonly kind: 'valid'; readonly seconds: readonly number[] }
  | { readonly kind: 'invalid'; readonly detail: string };

/** Checks seconds before each retry. An empty list means one attempt and no retry. */
export function validateRetrySchedule(seconds: readonly number[]): ScheduleResult {
  if (seconds.length > RETRIES_MAX) {
    return { kind: 'invalid', detail: `has ${seconds.length} delays, at most ${RETRIES_MAX} are allowed` };
  }
  const wrong = seconds.findIndex((delay) => !(delay >= 0 && delay <= RETRY_DELAY_SECONDS_MAX));
  if (wrong !== -1) {
    return { kind: 'invalid', detail: `delay ${wrong + 1} is not between 0 and ${RETRY_DELAY_SECONDS_MAX} seconds` };
  }
  return { kind: 'valid', seconds };
}

/** Reads `5,300,1800`; blanks around the commas and fractions of a second are allowed. */
export function parseRetrySchedule(text: string): ScheduleResult {
  if (text.trim() === '') return { kind: 'valid', seconds: [] };
  const parts = text.split(',').map((part) => part.trim());
  const wrong = parts.findIndex((part) => !/^\d{1,9}(?:\.\d{1,3})?$/.test(part));
  if (wrong !== -1) return { kind: 'invalid', detail: `delay ${wrong + 1} is not a number of seconds` };
  return validateRetrySchedule(parts.map(Number));
}
