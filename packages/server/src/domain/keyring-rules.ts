import type { Keyring } from './keyring.ts';
import { COMPROMISE, type NewSecret, type RingRefusal, refuse } from './keyring-decision.ts';
import { GRACE_SECONDS_DEFAULT, GRACE_SECONDS_MAX, LIVE_SECRETS_MAX } from './limits.ts';
import type { RotationPolicy } from './rotation-policy.ts';
import { isLiving, type Secret } from './secret.ts';

/** What a policy says about one request, before anything moves. */

/** A date further ahead than this is taken for a mistake in its unit. */
export const ACTIVATION_DAYS_MAX = 366;

export type GraceRuling = { readonly kind: 'grace' /** Null: until revoked. */; readonly ms: number | null };

/** A ring that may hold one secret has no room for one that retires. */
export function graceBounds(policy: RotationPolicy): { readonly min: number; readonly max: number } {
  if (liveMax(policy) === 1) return { min: 0, max: 0 };
  const max = Math.min(policy.grace.maxSeconds ?? GRACE_SECONDS_MAX, GRACE_SECONDS_MAX);
  return { min: Math.min(policy.grace.minSeconds, max), max };
}

export function liveMax(policy: RotationPolicy): number {
  return Math.min(Math.max(policy.maxLive, 1), LIVE_SECRETS_MAX);
}

/** The grace that a policy gives when nobody says one. */
export function defaultGraceMs(policy: RotationPolicy): number {
  const { min, max } = graceBounds(policy);
  return toMs(Math.min(Math.max(policy.grace.defaultSeconds ?? GRACE_SECONDS_DEFAULT, min), max));
}

export function ruleGrace(
  ring: Keyring,
  policy: RotationPolicy,
  request: { readonly graceSeconds?: number | null | undefined; readonly reason?: string | null | undefined },
  now: number,
): GraceRuling | RingRefusal {
  const asked = request.graceSeconds ?? null;
  const pointer = '/graceSeconds';
  if (request.reason === COMPROMISE) {
    if (asked === null || asked === 0) return { kind: 'grace', ms: 0 };
    const detail = 'A compromised secret gets no grace: leave graceSeconds out, or send 0.';
    return refuse(ring, now, 'validation_failed', detail, { pointer });
  }
  const { min, max } = graceBounds(policy);
  if (asked !== null) {
    if (asked >= min && asked <= max) return { kind: 'grace', ms: toMs(asked) };
    const detail = `graceSeconds must be a number from ${min} to ${max}.`;
    return refuse(ring, now, 'grace_out_of_range', detail, { pointer });
  }
  if (max === 0) return { kind: 'grace', ms: 0 };
  switch (policy.grace.whenOmitted) {
    case 'default':
      return { kind: 'grace', ms: defaultGraceMs(policy) };
    case 'zero':
      return { kind: 'grace', ms: 0 };
    case 'indefinite':
      return { kind: 'grace', ms: null };
    case 'required':
      return refuse(ring, now, 'grace_required', 'This policy wants graceSeconds in every rotation.', { pointer });
  }
}

function toMs(seconds: number): number {
  return Math.round(seconds * 1_000);
}

/** Null when the caller does not force, or may. */
export function refuseForce(
  ring: Keyring,
  policy: RotationPolicy,
  request: { readonly force?: boolean | undefined; readonly reason?: string | null | undefined },
  now: number,
): RingRefusal | null {
  if (request.force !== true || request.reason === COMPROMISE) return null;
  if (policy.force === 'none') {
    return refuse(ring, now, 'policy_forbids', 'This policy does not let a rotation be forced.', { pointer: '/force' });
  }
  if (policy.force === 'reason_required' && (request.reason ?? '').trim() === '') {
    return refuse(ring, now, 'reason_required', 'This policy wants a reason when force is true.', {
      pointer: '/reason',
    });
  }
  return null;
}

/** Null when the secret may enter the ring. */
export function refuseSecret<S extends Secret>(
  ring: Keyring<S>,
  policy: RotationPolicy,
  secret: NewSecret<S>,
  now: number,
): RingRefusal | null {
  const pointer = '/secret';
  if (policy.origin !== 'either' && secret.origin !== policy.origin) {
    const detail =
      policy.origin === 'generated'
        ? 'This policy takes no secret from outside: leave secret out and one is generated.'
        : 'This policy generates no secret: send your own.';
    return refuse(ring, now, 'secret_rejected', detail, { pointer });
  }
  const known = ring.secrets.some((other) => other.fingerprint === secret.fingerprint && isLiving(other, now));
  if (!known) return null;
  return refuse(ring, now, 'secret_rejected', 'The keyring already holds this secret.', { pointer });
}

/** Null when the last secret came long enough ago. The first one of a ring is no rotation. */
export function refuseHaste(ring: Keyring, policy: RotationPolicy, now: number): RingRefusal | null {
  if (policy.cooldownSeconds <= 0) return null;
  let last = Number.NEGATIVE_INFINITY;
  for (const { number, createdAt, supersededAt } of ring.secrets) {
    if (number > 1) last = Math.max(last, createdAt);
    if (supersededAt !== null && supersededAt <= now) last = Math.max(last, supersededAt);
  }
  const retryAt = last + toMs(policy.cooldownSeconds);
  if (retryAt <= now) return null;
  const detail = `This keyring rotates at most once in ${policy.cooldownSeconds} seconds.`;
  return refuse(ring, now, 'rotation_cooldown', detail, { retryAt });
}

export type ActivationRuling = {
  readonly kind: 'activation';
  /** Null: staged until someone promotes it. */
  readonly at: number | null;
};

/** When the next secret becomes active. A promotion is the very act that `manual` waits for. */
export function ruleActivation(
  ring: Keyring,
  policy: RotationPolicy,
  request: {
    readonly kind: 'rotate' | 'promote';
    readonly activateAt?: number | null | undefined;
    readonly reason?: string | null | undefined;
  },
  now: number,
): ActivationRuling | RingRefusal {
  const pointer = '/activateAt';
  const wanted = request.activateAt ?? null;
  if (request.reason === COMPROMISE) {
    if (wanted === null) return { kind: 'activation', at: now };
    return refuse(ring, now, 'validation_failed', 'A compromised secret is replaced at once: leave activateAt out.', {
      pointer,
    });
  }
  if (wanted !== null) {
    if (policy.activation === 'manual') {
      return refuse(ring, now, 'policy_forbids', 'This policy has secrets promoted by hand.', { pointer });
    }
    const max = now + ACTIVATION_DAYS_MAX * 86_400_000;
    if (Number.isInteger(wanted) && wanted > now && wanted <= max) return { kind: 'activation', at: wanted };
    const detail = `activateAt must be in the future, at most ${ACTIVATION_DAYS_MAX} days from now.`;
    return refuse(ring, now, 'validation_failed', detail, { pointer });
  }
  if (request.kind === 'promote' || policy.activation === 'immediate') return { kind: 'activation', at: now };
  if (policy.activation === 'manual') return { kind: 'activation', at: null };
  return refuse(ring, now, 'validation_failed', 'This policy wants activateAt in every rotation.', { pointer });
}
