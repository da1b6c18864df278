import { createSecretKey } from 'node:crypto';
import * as errors from 'jose/errors';
import { type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose/jwt/verify';
import type { Clock } from '../domain/clock.ts';
import type { Problem } from '../domain/error-registry.ts';
import { EXTERNAL_ID_LENGTH_MAX } from '../domain/limits.ts';
import { isStrong, JWKS_PAUSE_SECONDS, type JwksTools, KeysUnavailable, remoteKeys } from './jwks.ts';
import { claimedBy, jwtHeaderOf } from './jwt-header.ts';
import { refused } from './outcome.ts';

/** Whose JWTs are believed. */
export type SessionJwtSettings = {
  readonly key: { readonly kind: 'secret'; readonly secret: string } | { readonly kind: 'jwks'; readonly url: URL };
  /** Must match the claim `iss`; null: whatever it is. */
  readonly issuer: string | null;
  /** Must be in the claim `aud`; null: whatever it is. */
  readonly audience: string | null;
};

export type Session = {
  /** An id or an externalId, as the token has it. */
  readonly organization: string;
  readonly scopes: readonly string[];
  readonly subject: string | null;
};

/** `foreign`: nothing that the configured issuer signed. */
export type SessionVerdict =
  | { readonly kind: 'session'; readonly session: Session }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'refused'; readonly problem: Problem };

export type SessionJwts = { verify(token: string): Promise<SessionVerdict> };

/** Never both kinds: a public key that is taken for a secret would let anyone sign. */
const SECRET_ALGORITHMS = ['HS256'];
const PUBLIC_ALGORITHMS = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ');
/** Clocks of an issuer and of a server differ a little. */
const CLOCK_TOLERANCE_SECONDS = 10;
/** Keys of one set that fit a token which names none; each costs a verification. */
const KEYS_TRIED_MAX = 8;

const FOREIGN: SessionVerdict = { kind: 'foreign' };

type Verify = (token: string, options: JWTVerifyOptions) => Promise<Readonly<Record<string, unknown>>>;

/** Checks the JWTs of one issuer. The claims `exp` and `org` are required. */
export function createSessionJwts(
  settings: SessionJwtSettings,
  tools: JwksTools & { readonly clock: Clock },
): SessionJwts {
  const { key, issuer, audience } = settings;
  const algorithms = key.kind === 'secret' ? SECRET_ALGORITHMS : PUBLIC_ALGORITHMS;
  const verify = key.kind === 'secret' ? bySecret(key.secret) : byKeySet(remoteKeys(key.url, tools));
  const options: JWTVerifyOptions = {
    algorithms,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    requiredClaims: ['exp', 'org'],
    ...(issuer === null ? {} : { issuer }),
    ...(audience === null ? {} : { audience }),
  };
  return {
    async verify(token) {
      const header = jwtHeaderOf(token);
      // Said by the token alone, but enough to leave it to others, without asking an issuer for keys.
      if (header === null || !algorithms.includes(header.alg)) return FOREIGN;
      if (issuer !== null && claimedBy(token, 'iss') !== issuer) return FOREIGN;
      try {
        return sessionOf(await verify(token, { ...options, currentDate: new Date(tools.clock.now()) }));
      } catch (error) {
        return verdictOf(error);
      }
    },
  };
}

function bySecret(secret: string): Verify {
  const key = createSecretKey(secret, 'utf8');
  return async (token, options) => (await jwtVerify(token, key, options)).payload;
}

function byKeySet(keys: JWTVerifyGetKey<CryptoKey>): Verify {
  return async (token, options) => {
    try {
      return (await jwtVerify(token, keys, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      return await byOneOf(error, token, options);
    }
  };
}

/** A token need not name its key. */
async function byOneOf(keys: AsyncIterable<CryptoKey>, ...[token, options]: Parameters<Verify>): ReturnType<Verify> {
  let tried = 0;
  for await (const key of keys) {
    if (!isStrong(key)) continue;
    tried += 1;
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      const isOfAnother = error instanceof errors.JWSSignatureVerificationFailed;
      if (!isOfAnother || tried === KEYS_TRIED_MAX) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

function sessionOf(claims: Readonly<Record<string, unknown>>): SessionVerdict {
  const { org, scope = '', sub = null } = claims;
  if (typeof org !== 'string' || org === '' || org.length > EXTERNAL_ID_LENGTH_MAX) return wrongClaim('org');
  if (typeof scope !== 'string') return wrongClaim('scope');
  if (sub !== null && typeof sub !== 'string') return wrongClaim('sub');
  const scopes = scope.split(' ').filter((name) => name !== '');
  return { kind: 'session', session: { organization: org, scopes, subject: sub } };
}

/** What a failed verification says about a token; a broken program is thrown on. */
function verdictOf(error: unknown): SessionVerdict {
  if (error instanceof KeysUnavailable) {
    const detail = "the keys of the token's issuer cannot be read; try again in a moment";
    const { problem } = refused('issuer_unavailable', detail, { retryAfterSeconds: JWKS_PAUSE_SECONDS });
    return { kind: 'refused', problem };
  }
  if (error instanceof errors.JWTExpired) {
    return {
      kind: 'refused',
      problem: refused('expired_credentials', 'this token has expired; get a new one').problem,
    };
  }
  if (error instanceof errors.JWTClaimValidationFailed) return wrongClaim(error.claim);
  if (error instanceof errors.JOSEError) return FOREIGN;
  throw error;
}

function wrongClaim(claim: string): SessionVerdict {
  const detail = `the claim "${claim}" of this token is missing, or not what is expected here`;
  return { kind: 'refused', problem: refused('invalid_credentials', detail).problem };
}
