import type { ApiKey } from '../domain/api-key.ts';
import type { AuditAction } from '../domain/audit-action.ts';
import type { Endpoint } from '../domain/endpoint.ts';
import type { ApiKeyId, AuditId, DeliveryId, EndpointId, EventKey, OrganizationId } from '../domain/ids.ts';
import type { Organization } from '../domain/organization.ts';
import type { RingOwner, Sealed, Secret } from '../domain/secret.ts';

/** A secret with its sealed text; null once the material of a dead secret has been purged. */
export type StoredSecret = Secret & { readonly sealed: Sealed | null };

export type StoredKeyring = {
  readonly owner: RingOwner;
  readonly version: number;
  readonly secrets: readonly StoredSecret[];
};

export type IdempotencyRow = {
  /** Actor and organization: `key_…@org_…`. */
  readonly principal: string;
  /** As `IdempotencyRequest` has it: `native createEndpoint []`. */
  readonly route: string;
  readonly key: string;
  /** Keyed digest of the request body. */
  readonly fingerprint: string;
  /** References from which the answer can be told again; never material. */
  readonly reference: string;
  readonly createdAt: number;
  readonly expiresAt: number;
};

/** Who did what, why and from where. Never changed and never deleted. */
export type AuditRow = {
  readonly id: AuditId;
  readonly at: number;
  readonly organizationId: OrganizationId;
  readonly actor: string;
  readonly action: AuditAction;
  readonly target: string;
  readonly reason: string | null;
  /** Of the client, in its plain form; null when it was no request over a network. */
  readonly address: string | null;
  /** Null when no request asked for it. */
  readonly requestId: string | null;
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
  /** Fits while the endpoint has that version, until the commit, and changes nothing: for what was decided by it. */
  | { readonly kind: 'endpoint.expect'; readonly endpointId: EndpointId; readonly version: number }
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
  /** As `endpoint.expect`. */
  | { readonly kind: 'keyring.expect'; readonly owner: RingOwner; readonly version: number }
  | { readonly kind: 'apiKey.insert'; readonly apiKey: ApiKey }
  | { readonly kind: 'apiKey.revoke'; readonly id: ApiKeyId; readonly at: number }
  /**
   * With `once` it fits only while nothing that these resend was sent again before. The commit must also hold the
   * endpoint (`endpoint.expect`), or two at the same time would not see each other.
   */
  | { readonly kind: 'delivery.insert'; readonly deliveries: readonly NewDelivery[]; readonly once?: boolean }
  /**
   * Overwrites the payload and what receivers answered to it. Does not fit when the event is not there, was erased
   * before, or is still owed. No delivery of an erased event can be inserted.
   */
  | {
      readonly kind: 'event.erase';
      readonly organizationId: OrganizationId;
      readonly eventKey: EventKey;
      readonly at: number;
    }
  /** Makes the endpoint's queued deliveries due again in the index of endpoints, as resuming does. */
  | { readonly kind: 'endpoint.wake'; readonly endpointId: EndpointId }
  /**
   * Puts the endpoint into the index of endpoints for that time, or for when its earliest delivery is due if that is
   * later. Does nothing when it is there or has nothing queued.
   */
  | { readonly kind: 'endpoint.defer'; readonly endpointId: EndpointId; readonly dueAt: number }
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
  | { readonly kind: 'conflict'; readonly command: Command['kind'] }
  /** It was past `notAfter`; the caller decides again for a later time. */
  | { readonly kind: 'late' };
