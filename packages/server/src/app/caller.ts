import type { OrganizationId } from '../domain/ids.ts';
import type { Scope } from '../domain/scope.ts';
import { type Refusal, refused } from './outcome.ts';

/** Who asks, and for which organization. */
export type Caller = {
  readonly organizationId: OrganizationId;
  /** The API key's id, `bootstrap`, `local`, or who vouches for whom, as `jwt:user_7`: the actor of the audit log. */
  readonly actor: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly requestId: string;
  /** Where the request came from, as the server or a proxy that it trusts saw it; null: not over a network. */
  readonly address: string | null;
};

/** A retried POST of the same caller: same key, same answer. */
export type IdempotencyRequest = {
  /**
   * Which route of which dialect, and to what, however the ids are written: `acme renewKey ["ep_…"]`. Method and path
   * with ids where a route has code of its own: `POST /v1/endpoints`.
   */
  readonly route: string;
  readonly key: string;
  /** The request body as it was sent. */
  readonly body: Uint8Array;
};

/** Null when the caller may; else why not. */
export function missingScope(caller: Caller, ...scopes: readonly Scope[]): Refusal | null {
  const missing = scopes.filter((scope) => !caller.scopes.has(scope));
  if (missing.length === 0) return null;
  return refused(
    'missing_scope',
    `these credentials lack the scope ${missing.map((scope) => `"${scope}"`).join(', ')}`,
  );
}
