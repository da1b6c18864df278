import type { ErrorCode, Problem } from '../domain/error-registry.ts';
import { fieldSentence } from '../domain/field-path.ts';

/** What a use case answers: expected refusals are values, exceptions are broken programs. */
export type Outcome<T> =
  | {
      readonly ok: true;
      readonly value: T;
      /** The answer was given before, to the same Idempotency-Key. */
      readonly replayed: boolean;
    }
  | Refusal;

/**
 * Why there is no value. Only `refused` and `invalid` make one, so a value that happens to look like one is none: what
 * a user's dialect hands back is told apart by this class, and never by its shape.
 */
export class Refusal {
  /** Nominal: an object literal of the same shape does not compile. */
  readonly #isRefusal = true;
  readonly ok = false;
  readonly problem: Problem;

  constructor(problem: Problem) {
    this.problem = problem;
  }

  static is(value: unknown): value is Refusal {
    return typeof value === 'object' && value !== null && #isRefusal in value && value.#isRefusal;
  }
}

export function done<T>(value: T): Outcome<T> {
  return { ok: true, value, replayed: false };
}

export function replayed<T>(value: T): Outcome<T> {
  return { ok: true, value, replayed: true };
}

export function refused(code: ErrorCode, detail: string, more: Omit<Problem, 'code' | 'detail'> = {}): Refusal {
  return new Refusal({ code, detail, ...more });
}

/** One field that is wrong, by JSON Pointer into the request; `detail` is a sentence without its subject. */
export function invalid(pointer: string, detail: string, code = 'invalid'): Refusal {
  return refused('validation_failed', fieldSentence(pointer, detail), { errors: [{ pointer, detail, code }] });
}
