import { createHmac, createSecretKey } from 'node:crypto';
import * as errors from 'jose/errors';
import { SignJWT } from 'jose/jwt/sign';
import { jwtVerify } from 'jose/jwt/verify';
import type { Clock } from '../domain/clock.ts';
import { type OrganizationId, parseId } from '../domain/ids.ts';
import { isScope, type Scope } from '../domain/scope.ts';
import { jwtHeaderOf } from './jwt-header.ts';

/** What a token lets its holder do, in one dialect and for a while. */
export type AccessGrant = {
  readonly dialect: string;
  /** The API key that it was given for: an id, or `bootstrap`. */
  readonly subject: string;
  readonly organizationId: OrganizationId;
  readonly scopes: readonly Scope[];
};

/** `foreign`: no token of this service. */
export type AccessVerdict =
  | { readonly kind: 'granted'; readonly grant: AccessGrant }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'expired' }
  /** It is one of this service and opens nothing here. */
  | { readonly kind: 'invalid' };

export type AccessTokens = {
  mint(grant: AccessGrant, seconds: number): Promise<string>;
  verify(token: string, dialect: string): Promise<AccessVerdict>;
};

type Tools = {
  /** The service's own; whoever has it can sign tokens. */
  readonly key: Uint8Array;
  readonly clock: Pick<Clock, 'now'>;
  readonly fillRandom: (bytes: Uint8Array) => void;
  /** SHA-256 of the bootstrap key: its tokens end with it. */
  readonly bootstrapKeyHash: string | null;
};

const ISSUER = 'hookring';
const ALGORITHM = 'HS256';
/** RFC 9068. */
const TYPE = 'at+jwt';
/** Tells them from the JWTs of any other issuer before anything is verified. */
const KEY_ID = 'hookring-access-tokens';
const JTI_BYTES = 16;

export const BOOTSTRAP_SUBJECT = 'bootstrap';

/** Whether a token says that it is one of these. */
export function claimsToBeAccessToken(token: string): boolean {
  return jwtHeaderOf(token)?.kid === KEY_ID;
}

/** JWTs that only this service makes and reads, so all of it may be behind one shared key. */
export function createAccessTokens({ key, clock, fillRandom, bootstrapKeyHash }: Tools): AccessTokens {
  const secret = createSecretKey(key);
  // An id of an API key is never made twice, but the bootstrap key is the operator's to change.
  const bootstrapMark =
    bootstrapKeyHash === null ? null : createHmac('sha256', key).update(`bootstrap ${bootstrapKeyHash}`).digest('hex');

  function subjectOf(grant: AccessGrant): string {
    return grant.subject === BOOTSTRAP_SUBJECT ? `${BOOTSTRAP_SUBJECT}:${bootstrapMark}` : grant.subject;
  }

  return {
    async mint(grant, seconds) {
      const jti = new Uint8Array(JTI_BYTES);
      fillRandom(jti);
      const issuedAt = Math.floor(clock.now() / 1_000);
      return await new SignJWT({ org: grant.organizationId, scope: grant.scopes.join(' ') })
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: KEY_ID })
        .setIssuer(ISSUER)
        .setAudience(grant.dialect)
        .setSubject(subjectOf(grant))
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + seconds)
        .setJti(Buffer.from(jti).toString('base64url'))
        .sign(secret);
    },

    async verify(token, dialect) {
      if (!claimsToBeAccessToken(token)) return { kind: 'foreign' };
      try {
        const { payload } = await jwtVerify(token, secret, {
          algorithms: [ALGORITHM],
          issuer: ISSUER,
          audience: dialect,
          typ: TYPE,
          requiredClaims: ['exp', 'sub'],
          currentDate: new Date(clock.now()),
        });
        const { sub = '', org, scope } = payload;
        const organizationId = typeof org === 'string' ? parseId('org', org) : null;
        if (organizationId === null || typeof scope !== 'string') return { kind: 'invalid' };
        const isBootstrap = sub.startsWith(`${BOOTSTRAP_SUBJECT}:`);
        if (isBootstrap && (bootstrapMark === null || sub !== `${BOOTSTRAP_SUBJECT}:${bootstrapMark}`)) {
          return { kind: 'invalid' };
        }
        const subject = isBootstrap ? BOOTSTRAP_SUBJECT : sub;
        const grant = { dialect, subject, organizationId, scopes: scope.split(' ').filter(isScope) };
        return { kind: 'granted', grant };
      } catch (error) {
        if (error instanceof errors.JWTExpired) return { kind: 'expired' };
        if (error instanceof errors.JOSEError) return { kind: 'invalid' };
        throw error;
      }
    },
  };
}
