import type { ApiKey } from '../domain/api-key.ts';
import type { OrganizationId } from '../domain/ids.ts';
import type { Organization } from '../domain/organization.ts';
import type { RingOwner } from '../domain/secret.ts';
import type { StoredKeyring } from '../store/port.ts';

/** At once when memory knows; a promise when the store must be asked. Absence is never remembered. */
export type Known<T> = T | null | Promise<T | null>;

/** What every request needs to know, kept in memory and changed at the commit of each change. */
export interface Directory {
  organization(id: OrganizationId): Known<Organization>;
  organizationByExternalId(externalId: string): Known<Organization>;
  ring(owner: RingOwner): Known<StoredKeyring>;
  /** By the lower-case hex of the token's SHA-256. The caller still looks at its state. */
  apiKey(tokenHash: string): Known<ApiKey>;
}
