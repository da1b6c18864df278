import type { ApiKeyId, OrganizationId } from './ids.ts';
import type { Scope } from './scope.ts';

/** A bearer token of an organization; only its SHA-256 is kept. */
export type ApiKey = {
  readonly id: ApiKeyId;
  readonly organizationId: OrganizationId;
  readonly name: string;
  /** Lower-case hex of SHA-256 over the token's UTF-8 bytes. */
  readonly tokenHash: string;
  /** Enough of the token to recognise it in a list: its prefix and last four characters. */
  readonly hint: string;
  readonly dialect: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
};

export type ApiKeyState = 'active' | 'expired' | 'revoked';

export function apiKeyState(key: Pick<ApiKey, 'expiresAt' | 'revokedAt'>, now: number): ApiKeyState {
  if (key.revokedAt !== null && key.revokedAt <= now) return 'revoked';
  if (key.expiresAt !== null && key.expiresAt <= now) return 'expired';
  return 'active';
}
