import type { ChapterResult } from './chapter.ts';
import { type Invariant, Violation } from './model/violation.ts';
import type { Plan } from './plan.ts';

export type ToWorker = { readonly plan: Plan };

/** An error on its way between processes, which would lose what it is. */
export type SentFailure = {
  readonly invariant: Invariant | null;
  readonly message: string;
  readonly stack: string;
};

export type FromWorker =
  | { readonly kind: 'progress'; readonly deliveries: number; readonly faults: number }
  | {
      readonly kind: 'ended';
      readonly result: Omit<ChapterResult, 'failure'>;
      readonly failure: SentFailure | null;
      /** Memory of the process. */
      readonly bytes: number;
    };

export function sendFailure(failure: Error | null): SentFailure | null {
  if (failure === null) return null;
  const { message, stack = '' } = failure;
  return { invariant: failure instanceof Violation ? failure.invariant : null, message, stack };
}

export function reviveFailure(sent: SentFailure | null): Error | null {
  if (sent === null) return null;
  const { invariant, message, stack } = sent;
  const error = invariant === null ? new Error(message) : new Violation(invariant, '');
  error.message = message;
  error.stack = stack;
  return error;
}
