import type { ApiKey } from '../domain/api-key.ts';
import type { Attempt, AttemptOutcome } from '../domain/attempt.ts';
import type { Delivery, ShownStatus } from '../domain/delivery.ts';
import type { Endpoint, EndpointHealth, EndpointStatus } from '../domain/endpoint.ts';
import type { Event } from '../domain/event.ts';
import type { ApiKeyId, DeliveryId, EndpointId, EventKey, OrganizationId, SecretId } from '../domain/ids.ts';
import type { Organization } from '../domain/organization.ts';
import type { RingOwner, Sealed, Secret } from '../domain/secret.ts';
import type { IdempotencyRow, StoredKeyring, StoredSecret } from './commands.ts';

/** Items may be fewer than were asked for, even none, while `nextCursor` says that there may be more. */
export type Page<T> = { readonly items: readonly T[]; readonly nextCursor: string | null };
/** Keyset pages: `after` is the sort key of the last item seen. */
export type PageRequest = { readonly after: string | null; readonly itemsMax: number };

export type EndpointWithHealth = { readonly endpoint: Endpoint; readonly health: EndpointHealth };

export type DeliveryFilter = {
  readonly organizationId: OrganizationId;
  readonly endpointId: EndpointId | null;
  readonly eventKey: EventKey | null;
  /** Any of these; null: every one. */
  readonly statuses: readonly ShownStatus[] | null;
};

/** Attempts of an organization; null leaves a bound or a choice open. */
export type AttemptFilter = {
  readonly organizationId: OrganizationId;
  readonly endpointId: EndpointId | null;
  readonly eventType: string | null;
  readonly outcome: AttemptOutcome | null;
  /** Started at this time or later. */
  readonly since: number | null;
  /** Started before this time. */
  readonly until: number | null;
  /** Of the response, both included; an attempt without one has no status. */
  readonly statusMin: number | null;
  readonly statusMax: number | null;
};

/** An attempt with what its delivery says of it. */
export type ShownAttempt = {
  readonly attempt: Attempt;
  readonly outcome: AttemptOutcome;
  readonly eventId: string;
  readonly eventType: string;
};

/** Deliveries that a recovery would send again. */
export type RecoverFilter = {
  readonly organizationId: OrganizationId;
  readonly endpointId: EndpointId;
  readonly since: number;
  readonly until: number;
  readonly statuses: readonly ('dead' | 'cancelled' | 'succeeded')[];
};

/** A delivery as it is shown; `shown` is `held` while its endpoint is suspended. */
export type ShownDelivery = { readonly delivery: Delivery; readonly shown: ShownStatus };

export type StoreFigures = {
  readonly queued: number;
  readonly oldestDueAt: number | null;
  readonly dueEndpoints: number;
};

export interface Reader {
  organization(id: OrganizationId): Promise<Organization | null>;
  organizationByExternalId(externalId: string): Promise<Organization | null>;
  organizations(page: PageRequest): Promise<Page<Organization>>;
  /** Null also when it belongs to another organization. */
  endpoint(organizationId: OrganizationId, id: EndpointId): Promise<EndpointWithHealth | null>;
  /** Newest first. `after` is an endpoint's id; it need not be in the list any more. */
  endpoints(
    organizationId: OrganizationId,
    page: PageRequest,
    archived: 'included' | 'excluded',
  ): Promise<Page<EndpointWithHealth>>;
  endpointCount(organizationId: OrganizationId, statuses: readonly EndpointStatus['kind'][]): Promise<number>;
  /** Every endpoint of an organization that is not archived, for fan-out. */
  subscribers(organizationId: OrganizationId): Promise<readonly EndpointWithHealth[]>;
  /** An endpoint by id alone, whoever owns it; for the engine. */
  endpointById(id: EndpointId): Promise<EndpointWithHealth | null>;
  keyring(owner: RingOwner): Promise<StoredKeyring | null>;
  /** Living and dead secrets, newest first. */
  secrets(owner: RingOwner, page: PageRequest): Promise<Page<Secret>>;
  secret(owner: RingOwner, id: SecretId): Promise<StoredSecret | null>;
  apiKeyByHash(tokenHash: string): Promise<ApiKey | null>;
  apiKey(organizationId: OrganizationId, id: ApiKeyId): Promise<ApiKey | null>;
  apiKeys(organizationId: OrganizationId, page: PageRequest): Promise<Page<ApiKey>>;
  /** The newest event with that public id. */
  event(organizationId: OrganizationId, id: string): Promise<Event | null>;
  events(organizationId: OrganizationId, page: PageRequest): Promise<Page<Event>>;
  delivery(organizationId: OrganizationId, id: DeliveryId): Promise<ShownDelivery | null>;
  /** Newest first. */
  deliveries(filter: DeliveryFilter, page: PageRequest): Promise<Page<ShownDelivery>>;
  recoverable(filter: RecoverFilter, page: PageRequest): Promise<Page<Delivery>>;
  recoverableCount(filter: RecoverFilter, max: number): Promise<number>;
  /** Oldest first. */
  attemptsOfDelivery(organizationId: OrganizationId, id: DeliveryId): Promise<readonly Attempt[]>;
  /** Newest first. */
  attemptsOfEndpoint(id: EndpointId, page: PageRequest): Promise<Page<Attempt>>;
  /** Newest first. */
  attempts(filter: AttemptFilter, page: PageRequest): Promise<Page<ShownAttempt>>;
  idempotency(principal: string, route: string, key: string, now: number): Promise<IdempotencyRow | null>;
  /** Everything sealed, in id order, for a change of master key. */
  sealedSecrets(
    page: PageRequest,
  ): Promise<Page<{ readonly owner: RingOwner; readonly id: SecretId; readonly sealed: Sealed }>>;
  sealedHeaders(
    page: PageRequest,
  ): Promise<Page<{ readonly endpointId: EndpointId; readonly name: string; readonly sealed: Sealed }>>;
  serviceKey(name: string): Promise<Sealed | null>;
  figures(): Promise<StoreFigures>;
}
