import { describeSecretProblem, failure, type SecretProblem, type VerificationFailure } from './errors.ts';
import { SECRETS_MAX } from './message.ts';
import type { Algorithm, SignatureProfile } from './profile.ts';
import type { ReceivedRequest } from './read-request.ts';

/**
 * A secret to verify with. Under a profile that has ed25519, a bare text that begins with `whpk_` or `whsk_` is
 * such a key; any other is HMAC and decoded as the profile says. Where that would be wrong, name the algorithm.
 */
export type VerificationSecret<Key> =
  | string
  | { readonly algorithm: Algorithm; readonly text: string }
  | { readonly algorithm: Algorithm; readonly key: Key };

export type VerifierOptions<Key> = {
  /** Default `standardWebhooks`. */
  readonly profile?: SignatureProfile;
  readonly secrets: readonly VerificationSecret<Key>[];
};

export type VerifyOptions<Key> = VerifierOptions<Key> & ReceivedRequest;

export type LoadedKey<Key> = { readonly algorithm: Algorithm; readonly key: Key };

export function checkSecretCount(secrets: readonly unknown[]): VerificationFailure | null {
  if (secrets.length === 0) return failure('secret_missing');
  return secrets.length > SECRETS_MAX ? failure('too_many_secrets', `at most ${SECRETS_MAX}`) : null;
}

export function badSecret(index: number, reason: SecretProblem): VerificationFailure {
  return failure('secret_invalid', `secrets[${index}]: ${describeSecretProblem(reason)}`);
}
