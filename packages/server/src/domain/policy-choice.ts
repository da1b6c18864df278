import type { RingRefusal } from './keyring-decision.ts';
import { GRACE_SECONDS_DEFAULT } from './limits.ts';
import type { RotationPolicy } from './rotation-policy.ts';

/** What the operator allows at most, whoever's policy applies. */
export type OperatorRotationLimits = {
  /** Null: the product's own limit alone. */
  readonly graceSecondsMax: number | null;
  /** Of policies that do not fix one. */
  readonly graceSecondsDefault: number;
  readonly liveSecretsMax: number;
  readonly recoveryMinutesMax: number;
};

export const NATIVE_ROTATION_LIMITS: OperatorRotationLimits = {
  graceSecondsMax: 7 * 86_400,
  graceSecondsDefault: GRACE_SECONDS_DEFAULT,
  liveSecretsMax: 10,
  recoveryMinutesMax: 1_440,
};

/** The same policy, narrowed to the operator's limits; it never becomes wider. */
export function boundPolicy(policy: RotationPolicy, limits: OperatorRotationLimits): RotationPolicy {
  const maxLive = Math.min(policy.maxLive, limits.liveSecretsMax);
  return {
    ...policy,
    maxLive,
    grace: boundGrace(
      { ...policy.grace, defaultSeconds: policy.grace.defaultSeconds ?? limits.graceSecondsDefault },
      maxLive === 1 ? 0 : limits.graceSecondsMax,
    ),
    recoveryMinutes: Math.min(policy.recoveryMinutes, limits.recoveryMinutesMax),
  };
}

type FixedGrace = RotationPolicy['grace'] & { readonly defaultSeconds: number };

function boundGrace(grace: FixedGrace, limit: number | null): FixedGrace {
  if (limit === null) return grace;
  const maxSeconds = Math.min(grace.maxSeconds ?? limit, limit);
  const minSeconds = Math.min(grace.minSeconds, maxSeconds);
  const endless = grace.whenOmitted === 'indefinite';
  return {
    minSeconds,
    maxSeconds,
    // The nearest to endless that the operator allows is the longest.
    defaultSeconds: endless ? maxSeconds : Math.min(Math.max(grace.defaultSeconds, minSeconds), maxSeconds),
    whenOmitted: endless ? 'default' : grace.whenOmitted,
  };
}

export type PolicyInForce = {
  readonly policy: RotationPolicy;
  /** The ring's own policy stands above that of the dialect the call came through. */
  readonly imposed: boolean;
};

/**
 * The policy that binds a call: the dialect's own, or the ring's when it is enforced or the call is native (`dialect`
 * null). The operator's limits bind either at the moment of the call, since they may be lower than when it was written.
 */
export function policyInForce(
  dialect: RotationPolicy | null,
  own: RotationPolicy,
  limits: OperatorRotationLimits,
): PolicyInForce {
  const imposed = dialect !== null && own.enforced;
  return { policy: boundPolicy(dialect === null || imposed ? own : dialect, limits), imposed };
}

/**
 * The grace that a call through a dialect asks for under an imposed policy. One that names none asks for what its dialect
 * always gives: the imposed policy may forbid that, and never replaces it without a word.
 */
export function graceAskedOf(dialect: RotationPolicy, limits: OperatorRotationLimits): number | null {
  const { grace } = boundPolicy(dialect, limits);
  switch (grace.whenOmitted) {
    case 'default':
      return grace.defaultSeconds;
    case 'zero':
      return 0;
    case 'indefinite':
    case 'required':
      return null;
  }
}

/**
 * Whether other secrets would sign than a dialect promises after its rotations: all of them, the new one alone, or the
 * old one. Where it keeps no old secret there is nothing to tell apart.
 */
export function signsOtherwise(dialect: RotationPolicy, imposed: RotationPolicy): boolean {
  const keepsNone = dialect.maxLive === 1 || dialect.grace.maxSeconds === 0;
  return !keepsNone && dialect.signWith !== imposed.signWith;
}

const FORBIDDEN_BY_POLICY: ReadonlySet<string> = new Set([
  'rotation_in_progress',
  'ring_full',
  'policy_forbids',
  'grace_out_of_range',
  'grace_required',
  'reason_required',
  'validation_failed',
  'secret_rejected',
]);

/**
 * What an imposed policy forbids is not the caller's mistake: it becomes one conflict that every dialect can say. What is
 * wrong with a member is told only to one who `named` it: the product may have no word for it.
 */
export function asImposed(refusal: RingRefusal, named: readonly string[]): RingRefusal {
  const { code, pointer } = refusal;
  if (!FORBIDDEN_BY_POLICY.has(code)) return refusal;
  const isTold = pointer === null || named.includes(pointer);
  const detail = `An enforced rotation policy forbids this${isTold ? `: ${refusal.detail}` : '.'}`;
  return { ...refusal, code: 'policy_enforced', pointer: null, detail };
}
