import type { ApiKey } from '../domain/api-key.ts';
import type { Attempt, AttemptOutcome } from '../domain/attempt.ts';
import type { AuditAction } from '../domain/audit-action.ts';
import type { Delivery, ShownStatus } from '../domain/delivery.ts';
import type { Endpoint, EndpointHealth, EndpointStatus } from '../domain/endpoint.ts';
import type { Event } from '../domain/event.ts';
import type { ApiKeyId, DeliveryId, EndpointId, EventKey, OrganizationId, SecretId } from '../domain/ids.ts';
import type { Organization } from '../domain/organization.ts';
import type { RingOwner, Sealed, Secret } from '../domain/secret.ts';
import type { AuditRow, IdempotencyRow, StoredKeyring, StoredSecret } from './commands.ts';
import type { Pruned, PruneUnit } from './units.ts';

/** Items may be fewer than were asked for, even none, while `nextCursor` says that there may be more. */
export type Page<T> = { readonly items: readonly T[]; readonly nextCursor: string | null };
/** Keyset pages: `after` is the sort key of the last item seen. */
export type PageRequest = { readonly after: string | null; readonly itemsMax: number };

export type EndpointWithHealth = { readonly endpoint: Endpoint; readonly health: EndpointHealth };

/** For fan-out: read at one moment. */
export type Subscribers = {
  /** Grows with every change of an endpoint of the organization; null where the store keeps none. */
  readonly endpointsVersion: number | null;
  readonly endpoints: readonly EndpointWithHealth[];
};

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

/** What is followed; null leaves a choice open. */
export type FollowFilter = Pick<AttemptFilter, 'organizationId' | 'endpointId' | 'eventType' | 'outcome'>;

/** An attempt as one who follows sees it. */
export type FollowedAttempt = ShownAttempt & { readonly endpointUrl: string };

/** Always says where to go on. */
export type FollowedPage = {
  readonly items: readonly FollowedAttempt[];
  readonly nextCursor: string;
  /** More is recorded already than this page looked at. */
  readonly hasMore: boolean;
};

/** Rows of the audit log; null leaves a bound or a choice open. */
export type AuditFilter = {
  /** Null: of every organization. */
  readonly organizationId: OrganizationId | null;
  readonly actor: string | null;
  readonly action: AuditAction | null;
  readonly target: string | null;
  /** Written at this time or later. */
  readonly since: number | null;
  /** Written before this time. */
  readonly until: number | null;
};

/** An event as it is kept. Once its payload was erased, no byte of that is left. */
export type StoredEvent = Event & { readonly payloadErasedAt: number | null };

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

/**
 * What the store holds, for metrics. Cheap whatever it holds: a count that says "at most" stops there, and `queued` may
 * be some seconds old when there is very much to count.
 */
export type StoreFigures = {
  /** Deliveries that have not ended. */
  readonly queued: number;
  /** Of deliveries that wait here and that no node has in its care; null when none waits. */
  readonly oldestDueAt: number | null;
  /** Endpoints with such deliveries due; at most FIGURES_COUNT_MAX. */
  readonly dueEndpoints: number;
  /** Deliveries of suspended endpoints; at most FIGURES_COUNT_MAX. */
  readonly held: number;
  /** By reason; at most FIGURES_COUNT_MAX in all. */
  readonly suspendedEndpoints: readonly { readonly reason: string; readonly endpoints: number }[];
  readonly secrets: SecretFigures;
};

export type SecretFigures = {
  /** Staged, active and retiring. */
  readonly living: number;
  /** Rings with a retiring secret that has an end; at most FIGURES_COUNT_MAX. */
  readonly ringsInGrace: number;
  /** The next end of a retiring secret; null when none has one. */
  readonly nextEndAt: number | null;
  /** Since when the active secret is active that is oldest; null when there is none. */
  readonly oldestActiveSince: number | null;
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
  subscribers(organizationId: OrganizationId): Promise<Subscribers>;
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
  event(organizationId: OrganizationId, id: string): Promise<StoredEvent | null>;
  events(organizationId: OrganizationId, page: PageRequest): Promise<Page<StoredEvent>>;
  /** What such a step of retention would remove at `now`, counted. */
  prunable(unit: PruneUnit, now: number): Promise<Pruned>;
  delivery(organizationId: OrganizationId, id: DeliveryId): Promise<ShownDelivery | null>;
  /** Newest first. */
  deliveries(filter: DeliveryFilter, page: PageRequest): Promise<Page<ShownDelivery>>;
  recoverable(filter: RecoverFilter, page: PageRequest): Promise<Page<Delivery>>;
  /** Without those whose payload was erased. */
  recoverableCount(filter: RecoverFilter, max: number): Promise<number>;
  /** Oldest first. */
  attemptsOfDelivery(organizationId: OrganizationId, id: DeliveryId): Promise<readonly Attempt[]>;
  /** Newest first. */
  attemptsOfEndpoint(id: EndpointId, page: PageRequest): Promise<Page<Attempt>>;
  /** Newest first. */
  attempts(filter: AttemptFilter, page: PageRequest): Promise<Page<ShownAttempt>>;
  /**
   * In the order in which they are recorded, oldest first. `after: null` begins at the end, with the newest `itemsMax`
   * at most. Whoever goes on from each `nextCursor` sees every attempt that is recorded later exactly once.
   */
  followAttempts(filter: FollowFilter, page: PageRequest): Promise<FollowedPage>;
  /** Newest first, in the order in which they were committed. */
  audit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditRow>>;
  idempotency(principal: string, route: string, key: string, now: number): Promise<IdempotencyRow | null>;
  /** Everything sealed, in id order, for a change of master key. */
  sealedSecrets(
    page: PageRequest,
  ): Promise<Page<{ readonly owner: RingOwner; readonly id: SecretId; readonly sealed: Sealed }>>;
  sealedHeaders(
    page: PageRequest,
  ): Promise<Page<{ readonly endpointId: EndpointId; readonly name: string; readonly sealed: Sealed }>>;
  serviceKey(name: string): Promise<Sealed | null>;
  figures(now: number): Promise<StoreFigures>;
}
