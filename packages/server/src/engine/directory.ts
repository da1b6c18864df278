import type { ApiKey } from '../domain/api-key.ts';
import type { ApiKeyId, OrganizationId } from '../domain/ids.ts';
import type { Organization } from '../domain/organization.ts';
import type { RingOwner } from '../domain/secret.ts';
import type { Change, Reader, StoredKeyring } from '../store/port.ts';
import type { Vault } from '../store/vault.ts';
import { EndpointDirectory } from './endpoint-directory.ts';
import type { EndpointState } from './endpoint-state.ts';
import { LoadedRing } from './loaded-ring.ts';
import { LoadingCache } from './loading-cache.ts';

/** At once when memory knows; a promise when the store must be asked. Absence is never remembered. */
export type Known<T> = T | null | Promise<T | null>;

/** What every request needs to know, kept in memory and changed at the commit of each change. */
export interface Directory {
  organization(id: OrganizationId): Known<Organization>;
  organizationByExternalId(externalId: string): Known<Organization>;
  ring(owner: RingOwner): Known<StoredKeyring>;
  /** By the hash under which its token is kept. The caller still looks at its state. */
  apiKey(tokenHash: string): Known<ApiKey>;
  /** The same from memory alone: null says nothing about the store. */
  rememberedApiKey(tokenHash: string): ApiKey | null;
  /** The caller still looks at its state. */
  apiKeyById(organizationId: OrganizationId, id: ApiKeyId): Known<ApiKey>;
}

const ORGANIZATIONS_KEPT_MAX = 20_000;
const API_KEYS_KEPT_MAX = 20_000;
/** Each holds its keys, so memory is bounded by what is sent to, not by what there is. */
const RINGS_KEPT_MAX = 20_000;

/** The directory with what only the engine may see: endpoints' states and rings with keys. */
export class EngineDirectory implements Directory {
  readonly endpoints: EndpointDirectory;
  readonly #vault: Vault;
  readonly #organizations: LoadingCache<OrganizationId, Organization>;
  readonly #byExternalId: LoadingCache<string, Organization>;
  readonly #apiKeys: LoadingCache<string, ApiKey>;
  /** By organization and id: an id alone finds nothing. */
  readonly #apiKeysById: LoadingCache<`${OrganizationId}/${ApiKeyId}`, ApiKey>;
  readonly #rings: LoadingCache<RingOwner, LoadedRing>;
  /** Others change the store, too: of what this node did itself it may be told after it heard of newer changes. */
  readonly #isShared: boolean;

  constructor(reader: Reader, vault: Vault, endpointsMax: number, isShared = false) {
    this.#vault = vault;
    this.#isShared = isShared;
    this.endpoints = new EndpointDirectory(reader, endpointsMax);
    this.#organizations = new LoadingCache(ORGANIZATIONS_KEPT_MAX, (id) => reader.organization(id));
    this.#byExternalId = new LoadingCache(ORGANIZATIONS_KEPT_MAX, (id) => reader.organizationByExternalId(id));
    this.#apiKeys = new LoadingCache(API_KEYS_KEPT_MAX, (tokenHash) => reader.apiKeyByHash(tokenHash));
    this.#apiKeysById = new LoadingCache(API_KEYS_KEPT_MAX, (place) => {
      const [organizationId, id] = place.split('/') as [OrganizationId, ApiKeyId]; // Ids have no slash.
      return reader.apiKey(organizationId, id);
    });
    this.#rings = new LoadingCache(RINGS_KEPT_MAX, async (owner) => {
      const ring = await reader.keyring(owner);
      return ring === null ? null : new LoadedRing(ring, vault);
    });
  }

  organization(id: OrganizationId): Known<Organization> {
    return this.#organizations.get(id);
  }

  organizationByExternalId(externalId: string): Known<Organization> {
    return this.#byExternalId.get(externalId);
  }

  ring(owner: RingOwner): Known<StoredKeyring> {
    const known = this.#rings.get(owner);
    return known instanceof Promise ? known.then((loaded) => loaded?.ring ?? null) : known.ring;
  }

  apiKey(tokenHash: string): Known<ApiKey> {
    return this.#apiKeys.get(tokenHash);
  }

  rememberedApiKey(tokenHash: string): ApiKey | null {
    return this.#apiKeys.peek(tokenHash);
  }

  apiKeyById(organizationId: OrganizationId, id: ApiKeyId): Known<ApiKey> {
    return this.#apiKeysById.get(`${organizationId}/${id}`);
  }

  loadedRing(owner: RingOwner): LoadedRing | Promise<LoadedRing | null> {
    return this.#rings.get(owner);
  }

  #takeRing(ring: StoredKeyring): void {
    const loaded = new LoadedRing(ring, this.#vault);
    if (!this.#isShared) this.#rings.put(ring.owner, loaded);
    else this.#rings.replace(ring.owner, loaded, (known) => ring.version > known.ring.version);
  }

  /**
   * Takes a committed change, before anyone is told that it committed. Answers with the endpoint that it was about when
   * that one is in memory.
   */
  apply(change: Change): EndpointState | null {
    switch (change.kind) {
      case 'organization': {
        const { organization } = change;
        const isNewer = (known: Organization): boolean => organization.version > known.version;
        if (this.#isShared) this.#organizations.replace(organization.id, organization, isNewer);
        else this.#organizations.put(organization.id, organization);
        this.#byExternalId.forgetWhere((known) => known.id === organization.id);
        return null;
      }
      case 'apiKey':
        this.#apiKeys.forgetWhere((known) => known.id === change.id);
        this.#apiKeysById.forgetWhere((known) => known.id === change.id);
        return null;
      case 'keyring':
        this.#takeRing(change.ring);
        return null;
      case 'resealed':
        this.#rings.forget(change.owner);
        return null;
      case 'everything':
        for (const cache of [this.#organizations, this.#byExternalId, this.#apiKeys, this.#apiKeysById, this.#rings]) {
          cache.forgetWhere(() => true);
        }
        this.endpoints.forgetAll();
        return null;
      case 'endpoint':
        return this.endpoints.apply(change);
      case 'queued':
      case 'due':
        return null;
    }
  }
}
