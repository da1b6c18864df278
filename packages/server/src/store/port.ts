import type { ApiKey } from '../domain/api-key.ts';
import type { Attempt, AttemptOutcome } from '../domain/attempt.ts';
import type { DeathReason, Delivery, ShownStatus } from '../domain/delivery.ts';
import type { Endpoint, EndpointHealth, EndpointStatus } from '../domain/endpoint.ts';
import type { Event } from '../domain/event.ts';
import type { ApiKeyId, DeliveryId, EndpointId, EventKey, OrganizationId, SecretId } from '../domain/ids.ts';
import type { Organization } from '../domain/organization.ts';
import type { RingOwner, Sealed, Secret } from '../domain/secret.ts';

/**
 * The store port. Readers read; only units submitted to the writer change anything.
 *
 * A unit is atomic: all of it or nothing. Units that wait are committed together, in the order in which they were
 * submitted. A promise resolves after the commit that holds its unit. When the queue is full, a commit fails or the
 * disk runs low, the promise rejects with StoreUnavailable and nothing of the unit was kept.
 */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly reason: StoreUnavailableReason;
  constructor(reason: StoreUnavailableReason, options?: ErrorOptions) {
    super(`store unavailable: ${reason}`, options);
    this.reason = reason;
  }
}
export type StoreUnavailableReason = 'queue_full' | 'commit_failed' | 'disk_low' | 'closed';

/** A secret with its sealed text; null once the material of a dead secret has been purged. */
export type StoredSecret = Secret & { readonly sealed: Sealed | null };

export type StoredKeyring = {
  readonly owner: RingOwner;
  readonly version: number;
  readonly secrets: readonly StoredSecret[];
};

// ---- Control plane: commands with expected versions ----------------------------------------------------------------

export type IdempotencyRow = {
  /** The API key's id. */
  readonly principal: string;
  /** Method and route with ids, for example `POST /v1/endpoints`. */
  readonly route: string;
  readonly key: string;
  /** Keyed digest of the request body. */
  readonly fingerprint: string;
  /** References from which the answer can be told again; never material. */
  readonly reference: string;
  readonly createdAt: number;
  readonly expiresAt: number;
};

export type AuditRow = {
  readonly at: number;
  readonly organizationId: OrganizationId;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly reason: string | null;
  /** Plain facts, never material. */
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
};

/** A new row of an old event for one endpoint: a resend, or one of a recovery. */
export type NewDelivery = {
  readonly id: DeliveryId;
  readonly organizationId: OrganizationId;
  readonly endpointId: EndpointId;
  readonly eventKey: EventKey;
  readonly resendOf: DeliveryId | null;
  readonly createdAt: number;
};

export type Command =
  | { readonly kind: 'organization.insert'; readonly organization: Organization }
  | { readonly kind: 'organization.put'; readonly organization: Organization; readonly expectedVersion: number }
  | { readonly kind: 'endpoint.insert'; readonly endpoint: Endpoint }
  /** Replaces the row; `resetHealth` clears the failure counters, as resuming does. */
  | {
      readonly kind: 'endpoint.put';
      readonly endpoint: Endpoint;
      readonly expectedVersion: number;
      readonly resetHealth: boolean;
    }
  | { readonly kind: 'keyring.insert'; readonly ring: StoredKeyring }
  /**
   * Replaces the ring. Secrets of the ring that are not in `ring.secrets` must be in `retired`, which moves them to the
   * history; a secret never just vanishes.
   */
  | {
      readonly kind: 'keyring.put';
      readonly ring: StoredKeyring;
      readonly retired: readonly StoredSecret[];
      readonly expectedVersion: number;
    }
  | { readonly kind: 'apiKey.insert'; readonly apiKey: ApiKey }
  | { readonly kind: 'apiKey.revoke'; readonly id: ApiKeyId; readonly at: number }
  | { readonly kind: 'delivery.insert'; readonly deliveries: readonly NewDelivery[] }
  /** Makes the endpoint's queued deliveries due again in the index of endpoints, as resuming does. */
  | { readonly kind: 'endpoint.wake'; readonly endpointId: EndpointId }
  /** A key of the service itself, by name; `replaces` is what must stand there, null for nothing. */
  | {
      readonly kind: 'serviceKey.put';
      readonly name: string;
      readonly sealed: Sealed;
      readonly replaces: Sealed | null;
    }
  | { readonly kind: 'idempotency.insert'; readonly row: IdempotencyRow }
  | { readonly kind: 'audit.append'; readonly row: AuditRow };

export type Applied =
  | { readonly kind: 'applied' }
  /** A version was not the expected one, or a unique key was taken; the caller reads again and decides again. */
  | { readonly kind: 'conflict'; readonly command: Command['kind'] };

// ---- Data plane -----------------------------------------------------------------------------------------------------

/** A node's run, from start to end: a lease names one. */
export type Incarnation = number;

export type AcceptedDelivery = {
  readonly id: DeliveryId;
  readonly endpointId: EndpointId;
  /** Its lane had a slot: it is inserted leased to this node, which keeps it in memory. */
  readonly leased: boolean;
};

export type AcceptedEvent = {
  readonly event: Event;
  /** Set when the client chose the id: digest of everything that must be the same when it is sent again. */
  readonly fingerprint: string | null;
  readonly deliveries: readonly AcceptedDelivery[];
};

export type AcceptUnit = { readonly events: readonly AcceptedEvent[]; readonly idempotency: IdempotencyRow | null };

export type AcceptResult =
  /**
   * One entry per event of the unit: `stored`, or `duplicate` when the client's id was sent before with the same
   * fingerprint (nothing was inserted for that event, its slots are void).
   */
  | {
      readonly kind: 'accepted';
      readonly outcomes: readonly (
        | { readonly kind: 'stored' }
        | { readonly kind: 'duplicate'; readonly key: EventKey; readonly createdAt: number }
      )[];
    }
  /** An id was sent before with another body: nothing of the unit was stored. */
  | { readonly kind: 'event_id_conflict'; readonly index: number }
  /** The idempotency row exists already: nothing of the unit was stored. */
  | { readonly kind: 'idempotency_conflict' };

export type Outcome = {
  readonly attempt: Attempt;
  readonly next:
    | { readonly kind: 'succeeded'; readonly at: number }
    /** Leaves the lease and waits in the store until then. */
    | { readonly kind: 'retry'; readonly dueAt: number }
    | { readonly kind: 'dead'; readonly at: number; readonly reason: DeathReason }
    | { readonly kind: 'cancelled'; readonly at: number }
    /** Another attempt of the same delivery follows at once; the lease stays. */
    | { readonly kind: 'unchanged' };
};

/** What attempts did to an endpoint's health since it was last recorded. */
export type HealthChange = {
  readonly endpointId: EndpointId;
  readonly successAt: number | null;
  readonly failureAt: number | null;
  /** Failures after the last success, or all of them when there was none. */
  readonly failures: number;
  readonly firstFailureAt: number | null;
};

/**
 * Attempts are always appended. The state changes only while this incarnation holds the lease, but a success ends any
 * delivery that is not terminal yet.
 */
export type RecordUnit = {
  readonly incarnation: Incarnation;
  readonly outcomes: readonly Outcome[];
  readonly health: readonly HealthChange[];
};
export type RecordResult = { readonly lostLeases: number };

/** A delivery as the engine needs it to send. */
export type QueuedDelivery = {
  readonly id: DeliveryId;
  readonly organizationId: OrganizationId;
  readonly endpointId: EndpointId;
  readonly eventKey: EventKey;
  readonly eventId: string;
  readonly eventType: string;
  readonly contentType: string;
  readonly occurredAt: number;
  /** When the delivery was made. */
  readonly createdAt: number;
  readonly payload: Uint8Array;
  readonly attemptCount: number;
};

export type ClaimUnit = {
  readonly incarnation: Incarnation;
  readonly endpointId: EndpointId;
  readonly now: number;
  readonly itemsMax: number;
  readonly bytesMax: number;
};
export type Claimed = {
  /** Leased to the incarnation, earliest due first. */
  readonly deliveries: readonly QueuedDelivery[];
  /** When the endpoint's next unleased delivery is due; null when none is left. Past means: claim again. */
  readonly nextDueAt: number | null;
};

/** Takes endpoints with due work out of the index: this node answers for them until it claims or restarts. */
export type TakeDueUnit = { readonly now: number; readonly itemsMax: number };
export type DueTaken = {
  readonly endpointIds: readonly EndpointId[];
  /** When the next endpoint in the index has work due; null when the index is empty. */
  readonly nextDueAt: number | null;
};

/** Gives leased deliveries back unsent; they are due at once. */
export type ReleaseUnit = {
  readonly incarnation: Incarnation;
  readonly endpointId: EndpointId;
  readonly deliveryIds: readonly DeliveryId[];
  readonly dueAt: number;
};

/** One bounded step of housekeeping; `more` says that another step would find work. */
export type HousekeepingStep =
  /** Held too long: due deliveries of suspended endpoints become dead. */
  | { readonly kind: 'expire_held'; readonly now: number; readonly heldMsMax: number; readonly itemsMax: number }
  /** Queued deliveries of archived endpoints become cancelled. */
  | { readonly kind: 'cancel_archived'; readonly now: number; readonly itemsMax: number }
  /** Events past retention go with their deliveries and attempts, never one that is still owed. */
  | { readonly kind: 'prune_events'; readonly before: number; readonly itemsMax: number }
  | { readonly kind: 'prune_idempotency'; readonly now: number; readonly itemsMax: number }
  /** Dead secrets move to the history, and material dead since before `before` is removed. */
  | { readonly kind: 'purge_secrets'; readonly now: number; readonly before: number; readonly itemsMax: number }
  | { readonly kind: 'checkpoint' };
export type HousekeepingResult = { readonly changed: number; readonly more: boolean };

/**
 * Replaces sealed texts of secrets with the same text under another master key; ids that changed meanwhile are left
 * alone. The ring's version grows, so that a change decided on the old text is decided again.
 */
export type ResealUnit = {
  readonly secrets: readonly {
    readonly owner: RingOwner;
    readonly id: SecretId;
    readonly from: Sealed;
    readonly to: Sealed;
  }[];
};

// ---- The port -------------------------------------------------------------------------------------------------------

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

/** What a commit changed, told to this process before the promises of its units resolve. */
export type Change =
  | { readonly kind: 'organization'; readonly organization: Organization }
  | { readonly kind: 'endpoint'; readonly endpoint: Endpoint; readonly healthReset: boolean }
  | { readonly kind: 'keyring'; readonly ring: StoredKeyring }
  /** Its secrets are sealed under another master key: what is kept of the ring must be read again. */
  | { readonly kind: 'resealed'; readonly owner: RingOwner }
  | { readonly kind: 'apiKey'; readonly id: ApiKeyId }
  /** Deliveries of this endpoint were queued or woken outside of the engine. */
  | { readonly kind: 'queued'; readonly endpointId: EndpointId };

export interface Store {
  readonly reader: Reader;
  /** This node's run. Every lease of an earlier incarnation of a SQLite file is void. */
  readonly incarnation: Incarnation;
  /** Free places in the writer's queue; 0 means that accept must refuse. */
  readonly room: { readonly units: number; readonly bytes: number };
  apply(commands: readonly Command[]): Promise<Applied>;
  accept(unit: AcceptUnit): Promise<AcceptResult>;
  record(unit: RecordUnit): Promise<RecordResult>;
  claim(unit: ClaimUnit): Promise<Claimed>;
  takeDue(unit: TakeDueUnit): Promise<DueTaken>;
  release(unit: ReleaseUnit): Promise<void>;
  housekeep(step: HousekeepingStep): Promise<HousekeepingResult>;
  reseal(unit: ResealUnit): Promise<{ readonly changed: number }>;
  onChange(listener: (changes: readonly Change[]) => void): void;
  /** Rejects when the store cannot take writes; for readiness. */
  ping(): Promise<void>;
  /** Commits what waits, then closes. */
  close(): Promise<void>;
}
