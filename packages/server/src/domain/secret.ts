import type { EndpointId, OrganizationId, SecretId } from './ids.ts';

export type SecretAlgorithm = 'hmac-sha256' | 'ed25519';

/** A ring belongs to one endpoint or to one organization. */
export type RingOwner = EndpointId | OrganizationId;

/** Text sealed by the vault, in base64url: useless without a master key and without knowing whose it is. */
export type Sealed = `sealed.${string}`;

/**
 * One signing secret, without its material. Its state is computed from its times, never stored; all times are epoch
 * milliseconds.
 */
export type Secret = {
  readonly id: SecretId;
  readonly algorithm: SecretAlgorithm;
  /** The version of the ring that brought it: unique in the ring, growing, 1 for the first. */
  readonly number: number;
  readonly createdAt: number;
  /** When it becomes the active one; null while it is staged without a date. */
  readonly activatesAt: number | null;
  /** When another became active in its place. */
  readonly supersededAt: number | null;
  /** The end of its grace; null: never. */
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  /** It signs while `signsFrom <= now < signsUntil`; a null `signsFrom` never signs, a null `signsUntil` never ends. */
  readonly signsFrom: number | null;
  readonly signsUntil: number | null;
  readonly origin: 'generated' | 'imported';
  /** The last four characters of its text. */
  readonly hint: string;
  /** Lower-case hex of SHA-256 over its key bytes. */
  readonly fingerprint: string;
  /** `whpk_…` of an ed25519 secret, which anyone may read; null for HMAC. */
  readonly publicKey: string | null;
  /** Who made it: an API key id, `cli`, or `system`. */
  readonly actor: string;
  readonly reason: string | null;
};

export type SecretState = 'staged' | 'active' | 'retiring' | 'expired' | 'revoked';

export function secretState(secret: Secret, now: number): SecretState {
  if (secret.revokedAt !== null && secret.revokedAt <= now) return 'revoked';
  if (secret.expiresAt !== null && secret.expiresAt <= now) return 'expired';
  if (secret.activatesAt === null || secret.activatesAt > now) return 'staged';
  if (secret.supersededAt !== null && secret.supersededAt <= now) return 'retiring';
  return 'active';
}

export function isLiving(secret: Secret, now: number): boolean {
  const state = secretState(secret, now);
  return state !== 'expired' && state !== 'revoked';
}

export function signsAt(secret: Secret, now: number): boolean {
  return (
    secret.signsFrom !== null &&
    secret.signsFrom <= now &&
    (secret.signsUntil === null || now < secret.signsUntil) &&
    isLiving(secret, now)
  );
}
