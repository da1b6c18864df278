import type { SecretId } from './ids.ts';
import { type RingOwner, type Secret, secretState, signsAt } from './secret.ts';

/**
 * The secrets of one endpoint or organization that may still be alive, in the order in which they sign. The policy of
 * the last change decided the order, so a signer only filters.
 */
export type Keyring<S extends Secret = Secret> = {
  readonly owner: RingOwner;
  /** Grows with every change; a change is applied only to the version it was decided on. */
  readonly version: number;
  readonly secrets: readonly S[];
};

/** One span in which a secret signs; a null end never comes. */
export type SigningSpan = {
  readonly secretId: SecretId;
  readonly signsFrom: number;
  readonly signsUntil: number | null;
};

/**
 * The secrets that sign at `now`, in the order of their signatures. Allocates nothing when all of them do. A clock that
 * stepped back behind the last change finds the first that will sign: no delivery goes out unsigned.
 */
export function signingSecrets<S extends Secret>(ring: Keyring<S>, now: number): readonly S[] {
  const { secrets } = ring;
  let count = 0;
  for (const secret of secrets) if (signsAt(secret, now)) count += 1;
  if (count === secrets.length) return secrets;
  if (count === 0) {
    const next = nextChangeAt(ring, now);
    return next === null ? [] : signingSecrets(ring, next);
  }
  const signing: S[] = [];
  for (const secret of secrets) if (signsAt(secret, now)) signing.push(secret);
  return signing;
}

/** The next time at which `signingSecrets` answers something else, or null when it never will without a change. */
export function nextChangeAt(ring: Keyring, now: number): number | null {
  let next = Number.POSITIVE_INFINITY;
  for (const secret of ring.secrets) {
    if (secret.signsFrom === null) continue;
    const end = signingEnd(secret);
    if (secret.signsFrom >= end) continue;
    const change = secret.signsFrom > now ? secret.signsFrom : end;
    if (change > now && change < next) next = change;
  }
  return next === Number.POSITIVE_INFINITY ? null : next;
}

/** When a secret stops to sign for good; infinity when nothing has decided that yet. */
export function signingEnd(secret: Secret): number {
  return Math.min(
    secret.signsUntil ?? Number.POSITIVE_INFINITY,
    secret.expiresAt ?? Number.POSITIVE_INFINITY,
    secret.revokedAt ?? Number.POSITIVE_INFINITY,
  );
}

/** Which secrets sign from when to when, as far as it is decided and not over at `from`. Spans keep their true start. */
export function timeline(ring: Keyring, from: number): readonly SigningSpan[] {
  const spans: SigningSpan[] = [];
  for (const secret of ring.secrets) {
    if (secret.signsFrom === null) continue;
    const end = signingEnd(secret);
    if (end <= from || secret.signsFrom >= end) continue;
    const signsUntil = end === Number.POSITIVE_INFINITY ? null : end;
    spans.push({ secretId: secret.id, signsFrom: secret.signsFrom, signsUntil });
  }
  return spans.sort((a, b) => a.signsFrom - b.signsFrom || byEnd(a, b));
}

function byEnd(a: SigningSpan, b: SigningSpan): number {
  if (a.signsUntil === null || b.signsUntil === null)
    return a.signsUntil === b.signsUntil ? 0 : a.signsUntil === null ? 1 : -1;
  return a.signsUntil - b.signsUntil;
}

/** The one active secret; null only before the ring's first secret, or when the clock stands before it. */
export function activeSecret<S extends Secret>(ring: Keyring<S>, now: number): S | null {
  return ring.secrets.find((secret) => secretState(secret, now) === 'active') ?? null;
}
