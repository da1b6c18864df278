import { createSigner } from '@hookring/signing';
import { nextChangeAt, signingSecrets } from '../domain/keyring.ts';
import type { CachedSigner, EndpointState } from './endpoint-state.ts';
import type { LoadedRing } from './loaded-ring.ts';

/**
 * The signer that is right at `now`, or null when no secret signs then. Throws when the vault cannot open a secret or
 * the endpoint's profile cannot use it: signing with the rest would leave a receiver without its signature.
 *
 * A cached one is used only for the same ring object, the same row of the endpoint, and within the time in which the
 * same secrets sign; so a secret's end is a comparison with the clock at each request.
 */
export function signerAt(state: EndpointState, ring: LoadedRing, now: number): CachedSigner | null {
  const cached = state.signer;
  if (cached !== null && cached.ring === ring && cached.from <= now && now < cached.until) return cached;
  const secrets = signingSecrets(ring.ring, now);
  if (secrets.length === 0) return null;
  const profile = state.endpoint.signatureProfile;
  const signer = createSigner(
    profile,
    secrets.map((secret) => ({
      id: secret.id,
      algorithm: secret.algorithm,
      key: ring.key(secret, profile.secretDecoding),
    })),
  );
  const until = nextChangeAt(ring.ring, now) ?? Number.POSITIVE_INFINITY;
  const fresh: CachedSigner = { signer, keyIds: signer.secretIds.join(' '), ring, from: now, until };
  state.signer = fresh;
  return fresh;
}
