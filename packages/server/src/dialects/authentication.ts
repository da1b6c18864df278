import type { IncomingHttpHeaders } from 'node:http';
import type { TokenHash } from '../app/access.ts';
import type { ErrorCode } from '../domain/error-registry.ts';

/** What a way of authentication may look at. The body has not been read yet. */
export type AuthenticationRequest = {
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  /** As the dialect's own routes see it: without the prefix and the query. */
  readonly path: string;
  /** The token of `Authorization: Bearer …`, or null. */
  readonly bearerToken: string | null;
  readonly requestId: string;
};

/** Who asks, as a way of one's own says it. */
export type Authenticated = {
  readonly ok: true;
  /** The id or the externalId of the organization that the request is for. */
  readonly organization: string;
  /** Native scopes, or those of the dialect. A name that is neither opens nothing. */
  readonly scopes: readonly string[];
  /** Who it is in the audit log and for the rate limit; the organization unless given. */
  readonly subject?: string;
};

export type AuthenticationCode = Extract<
  ErrorCode,
  'missing_credentials' | 'invalid_credentials' | 'expired_credentials' | 'missing_scope'
>;
export type NotAuthenticated = { readonly ok: false; readonly code: AuthenticationCode; readonly detail: string };

/**
 * A way of one's own to say who asks. `null`: these are not credentials of this kind, the next way is asked. What it
 * throws is a 500, so a look-up that fails must be caught where it can be explained.
 */
export type Authenticate = (
  request: AuthenticationRequest,
) => Authenticated | NotAuthenticated | null | Promise<Authenticated | NotAuthenticated | null>;

/** A way that comes with the server. */
export type ReadyWay =
  | {
      readonly kind: 'apiKeys';
      /** The lower-case hex under which a token is kept; SHA-256 unless given. */
      readonly hash: TokenHash | null;
    }
  | { readonly kind: 'sessionJwts' }
  | { readonly kind: 'accessTokens' };

export type AuthenticationWay = ReadyWay | Authenticate;

/**
 * The server's own API keys, and keys whose hashes were imported. `hash` tells how a company hashed the keys that it
 * imported, when that was not plain SHA-256: for example an HMAC under a pepper.
 */
export function apiKeys(options: { readonly hash?: TokenHash } = {}): ReadyWay {
  return { kind: 'apiKeys', hash: options.hash ?? null };
}

/** JWTs of the issuer that the operator configured (`HOOKRING_JWT_…`), with the claims `org` and `scope`. */
export const sessionJwts: ReadyWay = { kind: 'sessionJwts' };

/** What the dialect's own token endpoint gave out; see `clientCredentialsRoute`. */
export const accessTokens: ReadyWay = { kind: 'accessTokens' };

export type { ScopeAliases } from '../domain/scope.ts';
