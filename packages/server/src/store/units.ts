import type { Attempt } from '../domain/attempt.ts';
import type { DeathReason } from '../domain/delivery.ts';
import type { Event } from '../domain/event.ts';
import type { DeliveryId, EndpointId, EventKey, OrganizationId, SecretId } from '../domain/ids.ts';
import type { RingOwner, Sealed } from '../domain/secret.ts';
import type { IdempotencyRow } from './commands.ts';

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

export type AcceptUnit = {
  /** All of one organization. */
  readonly events: readonly AcceptedEvent[];
  readonly idempotency: IdempotencyRow | null;
  /** Of the organization's endpoints that were matched; without it nobody looks whether they are others by now. */
  readonly endpointsVersion?: number | null;
};

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
  | { readonly kind: 'idempotency_conflict' }
  /** The organization has other endpoints by now: nothing of the unit was stored. */
  | { readonly kind: 'endpoints_changed' };

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
  readonly dueAt: number;
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
  | { readonly kind: 'prune_idempotency'; readonly now: number; readonly itemsMax: number }
  /** Dead secrets move to the history, and material dead since before `before` is removed. */
  | { readonly kind: 'purge_secrets'; readonly now: number; readonly before: number; readonly itemsMax: number }
  /** What nodes that are gone had leased waits again, and what they answered for is in the index of endpoints. */
  | { readonly kind: 'reap_leases'; readonly now: number; readonly itemsMax: number }
  /** Whatever this kind of store does to stay in shape: copying its log, making room for days to come. */
  | { readonly kind: 'upkeep'; readonly now: number };
export type HousekeepingResult = { readonly changed: number; readonly more: boolean };

/**
 * Events made before a time go with their deliveries and attempts, oldest first. One stays that is still owed, or whose
 * id its client must not use again yet.
 */
export type PruneUnit = {
  readonly before: number;
  /** Where the step before it stopped; null begins with the oldest. */
  readonly after: string | null;
  /** Rows that one step looks at and removes, about. */
  readonly itemsMax: number;
};
export type Removed = { readonly events: number; readonly deliveries: number; readonly attempts: number };
export type Pruned = {
  readonly removed: Removed;
  /** Up to here everything was looked at; null when nothing was. */
  readonly after: string | null;
  /** False: all that was made before the time has been looked at. */
  readonly more: boolean;
};

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
