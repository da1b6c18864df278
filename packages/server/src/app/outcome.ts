import type { ErrorCode, Problem } from '../domain/error-registry.ts';
import { fieldSubject } from '../domain/field-path.ts';

/** What a use case answers: expected refusals are values, exceptions are broken programs. */
export type Outcome<T> =
  | {
      readonly ok: true;
      readonly value: T;
      /** The answer was given before, to the same Idempotency-Key. */
      readonly replayed: boolean;
    }
  | { readonly ok: false; readonly problem: Problem };

export function done<T>(value: T): Outcome<T> {
  return { ok: true, value, replayed: false };
}

export function replayed<T>(value: T): Outcome<T> {
  return { ok: true, value, replayed: true };
}

export function refused(
  code: ErrorCode,
  detail: string,
  more: Omit<Problem, 'code' | 'detail'> = {},
): { ok: false; problem: Problem } {
  return { ok: false, problem: { code, detail, ...more } };
}

/** One field that is wrong, by JSON Pointer into the request; `detail` is a sentence without its subject. */
export function invalid(pointer: string, detail: string, code = 'invalid'): { ok: false; problem: Problem } {
  return refused('validation_failed', `${fieldSubject(pointer)} ${detail}`, { errors: [{ pointer, detail, code }] });
}
