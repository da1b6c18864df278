import type { FieldError } from './error-registry.ts';
import { GRACE_SECONDS_MAX, LIVE_SECRETS_MAX } from './limits.ts';
import { NATIVE_ROTATION_POLICY, type RotationPolicy } from './rotation-policy.ts';

export const COOLDOWN_SECONDS_MAX = 30 * 24 * 3_600;
/** A week: longer than any client goes on retrying a request. */
export const RECOVERY_MINUTES_MAX = 7 * 24 * 60;

export type PolicyResult =
  | { readonly kind: 'valid'; readonly policy: RotationPolicy }
  | { readonly kind: 'invalid'; readonly errors: readonly FieldError[] };

/** Reads one knob; answers what it must be when `value` is not that. */
type Knob = (value: unknown) => string | null;

function oneOf(...words: readonly string[]): Knob {
  return (value) => (typeof value === 'string' && words.includes(value) ? null : `must be one of ${words.join(', ')}`);
}

function numberFrom(min: number, max: number, integer: boolean): Knob {
  const text = `must be ${integer ? 'a whole number' : 'a number'} from ${min} to ${max}`;
  return (value) => {
    if (typeof value !== 'number' || !(value >= min && value <= max)) return text;
    return integer && !Number.isInteger(value) ? text : null;
  };
}

const isBoolean: Knob = (value) => (typeof value === 'boolean' ? null : 'must be true or false');
const seconds = numberFrom(0, GRACE_SECONDS_MAX, false);

const GRACE_KNOBS: Record<keyof RotationPolicy['grace'], Knob> = {
  defaultSeconds: (value) => (value === null ? null : seconds(value)),
  minSeconds: seconds,
  maxSeconds: (value) => (value === null ? null : seconds(value)),
  whenOmitted: oneOf('default', 'zero', 'indefinite', 'required'),
};

const KNOBS: Record<Exclude<keyof RotationPolicy, 'grace'>, Knob> = {
  maxLive: numberFrom(1, LIVE_SECRETS_MAX, true),
  whenFull: oneOf('refuse', 'end_oldest'),
  onOverlap: oneOf('refuse', 'replace', 'stack'),
  force: oneOf('none', 'allowed', 'reason_required'),
  previousDeadline: oneOf('keep', 'rewrite'),
  signWith: oneOf('live', 'active', 'oldest'),
  activation: oneOf('immediate', 'manual', 'scheduled'),
  order: oneOf('activeFirst', 'activeLast'),
  visibility: oneOf('once', 'revealable', 'hidden'),
  origin: oneOf('generated', 'imported', 'either'),
  earlyRevoke: oneOf('none', 'previous', 'byId'),
  cooldownSeconds: numberFrom(0, COOLDOWN_SECONDS_MAX, false),
  recoveryMinutes: numberFrom(0, RECOVERY_MINUTES_MAX, true),
  enforced: isBoolean,
  rollback: oneOf('none', 'untilPreviousExpires'),
};

/** Reads a policy from outside. Knobs that it leaves out are those of `base`. */
export function validateRotationPolicy(input: unknown, base: RotationPolicy = NATIVE_ROTATION_POLICY): PolicyResult {
  if (!isRecord(input)) return { kind: 'invalid', errors: [fault('', 'must be an object', 'wrong_type')] };
  const { grace = {}, ...knobs } = input;
  const errors = [...checkKnobs(knobs, KNOBS, '')];
  if (isRecord(grace)) errors.push(...checkKnobs(grace, GRACE_KNOBS, '/grace'));
  else errors.push(fault('/grace', 'must be an object', 'wrong_type'));
  if (errors.length > 0) return { kind: 'invalid', errors };
  // Each value was just checked against its knob, and no other key is there.
  const policy = { ...base, ...knobs, grace: { ...base.grace, ...(grace as object) } } as RotationPolicy;
  const contradictions = checkTogether(policy);
  return contradictions.length > 0 ? { kind: 'invalid', errors: contradictions } : { kind: 'valid', policy };
}

function* checkKnobs(values: Record<string, unknown>, knobs: Record<string, Knob>, at: string): Generator<FieldError> {
  for (const [name, value] of Object.entries(values)) {
    const knob = Object.hasOwn(knobs, name) ? knobs[name] : undefined;
    const pointer = `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (knob === undefined) {
      yield fault(pointer, 'is not a knob of a rotation policy', 'unknown_field');
      continue;
    }
    const detail = knob(value);
    if (detail !== null) yield fault(pointer, detail, 'invalid');
  }
}

/** Knobs that are fine alone and make no sense together. */
function checkTogether({ grace, maxLive }: RotationPolicy): readonly FieldError[] {
  const errors: FieldError[] = [];
  const max = grace.maxSeconds ?? GRACE_SECONDS_MAX;
  const refuse = (name: keyof RotationPolicy['grace'], detail: string) => {
    errors.push(fault(`/grace/${name}`, detail, 'contradiction'));
  };
  if (grace.minSeconds > max) refuse('minSeconds', 'must not be above maxSeconds');
  else if (grace.defaultSeconds !== null && (grace.defaultSeconds < grace.minSeconds || grace.defaultSeconds > max)) {
    refuse('defaultSeconds', 'must be between minSeconds and maxSeconds');
  }
  if (grace.whenOmitted === 'zero' && grace.minSeconds > 0) {
    refuse('whenOmitted', 'zero contradicts a minSeconds above 0');
  }
  if (grace.whenOmitted === 'indefinite' && grace.maxSeconds !== null) {
    refuse('whenOmitted', 'indefinite contradicts a maxSeconds');
  }
  if (maxLive === 1 && (grace.maxSeconds !== 0 || grace.whenOmitted === 'indefinite')) {
    refuse('maxSeconds', 'must be 0 when maxLive is 1: nothing can retire');
  }
  return errors;
}

function fault(pointer: string, detail: string, code: string): FieldError {
  return { pointer, detail, code };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
