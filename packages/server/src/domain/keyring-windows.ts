import type { RotationPolicy } from './rotation-policy.ts';
import { isLiving, type Secret } from './secret.ts';

/**
 * When secrets sign. A change writes `signsFrom` and `signsUntil` of the secret it replaces and of the one it brings;
 * other secrets keep what earlier changes, perhaps under other policies, wrote.
 */

const NEVER = Number.POSITIVE_INFINITY;

/** Sets the span and keeps it honest: never past the deadline, and a span without length is none. */
function withSpan<S extends Secret>(secret: S, signsFrom: number | null, signsUntil: number | null): S {
  const end = Math.min(signsUntil ?? NEVER, secret.expiresAt ?? NEVER);
  return {
    ...secret,
    signsFrom: signsFrom !== null && signsFrom < end ? signsFrom : null,
    signsUntil: end === NEVER ? null : end,
  };
}

/** Its life ends at `at`, or where it ended before if that is earlier. */
export function endBy<S extends Secret>(secret: S, at: number): S {
  const expiresAt = Math.min(secret.expiresAt ?? NEVER, at);
  return withSpan({ ...secret, expiresAt }, secret.signsFrom, secret.signsUntil);
}

export function revokeAt<S extends Secret>(secret: S, at: number): S {
  const signsUntil = Math.min(secret.signsUntil ?? NEVER, at);
  return withSpan({ ...secret, revokedAt: at }, secret.signsFrom, signsUntil);
}

/** Gives a retiring secret another deadline; a span that ended with the old deadline ends with the new one. */
export function moveDeadline<S extends Secret>(secret: S, expiresAt: number | null): S {
  const followed = secret.signsUntil === secret.expiresAt;
  return withSpan({ ...secret, expiresAt }, secret.signsFrom, followed ? expiresAt : secret.signsUntil);
}

/** Another takes the place of `secret` at `at`. */
export function supersede<S extends Secret>(
  secret: S,
  signWith: RotationPolicy['signWith'],
  at: number,
  expiresAt: number | null,
): S {
  const retired = { ...secret, supersededAt: at, expiresAt };
  switch (signWith) {
    case 'live':
      return withSpan(retired, Math.min(secret.signsFrom ?? at, at), expiresAt);
    case 'active':
      return withSpan(retired, secret.signsFrom, at);
    case 'oldest':
      return withSpan(retired, secret.signsFrom, expiresAt);
  }
}

/** `secret` becomes the active one at `at`, from then on without an end. */
export function activate<S extends Secret>(secret: S, signWith: RotationPolicy['signWith'], at: number): S {
  const active = { ...secret, activatesAt: secret.activatesAt ?? at, supersededAt: null, expiresAt: null };
  const signsAlready =
    secret.signsFrom !== null && secret.signsFrom <= at && (secret.signsUntil === null || secret.signsUntil > at);
  if (signsAlready) return withSpan(active, secret.signsFrom, null);
  // Under `oldest` it waits; `settleWaiting` finds for how long.
  return withSpan(active, signWith === 'oldest' ? null : at, null);
}

/** Undoes `supersede` before its time came: what was to be replaced stays active. */
export function keepActive<S extends Secret>(secret: S): S {
  return withSpan({ ...secret, supersededAt: null, expiresAt: null }, secret.signsFrom, null);
}

/**
 * A secret that waits, because only the oldest signs, begins when the last older signer has ended; that can come sooner
 * when one of those ends early. So there is never a time at which nothing signs.
 */
export function settleWaiting<S extends Secret>(secrets: readonly S[], now: number): S[] {
  const settled: S[] = [];
  for (const secret of [...secrets].sort(byActivation)) {
    settled.push(waits(secret, now) ? withSpan(secret, firstTurn(secret, settled, now), secret.signsUntil) : secret);
  }
  return settled;
}

function waits(secret: Secret, now: number): boolean {
  if (secret.activatesAt === null || !isLiving(secret, now)) return false;
  if (secret.signsUntil !== null && secret.signsUntil <= now) return false;
  return secret.signsFrom === null || secret.signsFrom > Math.max(now, secret.activatesAt);
}

function firstTurn(secret: Secret, older: readonly Secret[], now: number): number | null {
  let from = Math.max(now, secret.activatesAt ?? now);
  for (const { signsFrom, signsUntil } of older) {
    if (signsFrom !== null) from = Math.max(from, signsUntil ?? NEVER);
  }
  return from === NEVER ? null : from;
}

function byActivation(a: Secret, b: Secret): number {
  return compare(a.activatesAt ?? NEVER, b.activatesAt ?? NEVER) || a.number - b.number;
}

/** The secret superseded last stands next to the active one; staged ones, which do not sign, stand beyond it. */
export function inSigningOrder<S extends Secret>(secrets: readonly S[], order: RotationPolicy['order']): S[] {
  const sorted = [...secrets].sort(
    (a, b) => compare(b.supersededAt ?? NEVER, a.supersededAt ?? NEVER) || byActivation(b, a),
  );
  return order === 'activeFirst' ? sorted : sorted.reverse();
}

/** Subtraction would make NaN of two infinities. */
function compare(a: number, b: number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
