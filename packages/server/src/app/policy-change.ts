import { isDeepStrictEqual } from 'node:util';
import { fieldSentence } from '../domain/field-path.ts';
import type { RotationPolicy } from '../domain/rotation-policy.ts';
import { validateRotationPolicy } from '../domain/rotation-policy-input.ts';
import type { AuditRow } from '../store/port.ts';
import { type Caller, missingScope } from './caller.ts';
import { done, invalid, type Outcome, refused } from './outcome.ts';

/** Knobs whose other values need operations (promote, reveal, restore) that the API does not have. */
const FIXED = ['activation', 'visibility', 'rollback'] as const satisfies readonly (keyof RotationPolicy)[];

/** The knobs that changed, as they are now, for the audit log. */
export function policyDetail(before: RotationPolicy, after: RotationPolicy): AuditRow['detail'] {
  if (before === after) return {};
  const knobs = Object.keys(after) as (keyof RotationPolicy)[]; // Object.keys forgets the literal keys.
  const changed = knobs.filter((knob) => !isDeepStrictEqual(before[knob], after[knob]));
  return Object.fromEntries(
    changed.map((knob) => {
      const value = after[knob];
      return [`rotationPolicy.${knob}`, typeof value === 'object' ? JSON.stringify(value) : value];
    }),
  );
}

/**
 * The policy with the knobs that were named changed. It takes `organization:admin`; only an operator may enforce one, or
 * touch one that is enforced, since it binds those who hold the keys of the organization.
 */
export function changePolicy(caller: Caller, current: RotationPolicy, wanted: unknown): Outcome<RotationPolicy> {
  if (wanted === undefined) return done(current);
  const result = validateRotationPolicy(wanted, current);
  if (result.kind === 'invalid') {
    const errors = result.errors.map((error) => ({ ...error, pointer: `/rotationPolicy${error.pointer}` }));
    const [first] = errors;
    return refused('validation_failed', first === undefined ? 'invalid' : fieldSentence(first.pointer, first.detail), {
      errors,
    });
  }
  const { policy } = result;
  const fixed = FIXED.find((knob) => policy[knob] !== current[knob]);
  if (fixed !== undefined) {
    return invalid(`/rotationPolicy/${fixed}`, `stays "${current[fixed]}": no operation serves another value yet`);
  }
  // What was read may be sent back.
  if (isDeepStrictEqual(policy, current)) return done(current);
  const isBinding = current.enforced || policy.enforced;
  return missingScope(caller, isBinding ? 'operator' : 'organization:admin') ?? done(policy);
}
