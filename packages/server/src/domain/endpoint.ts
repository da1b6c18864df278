import type { SignatureProfile } from '@hookring/signing';
import type { Envelope } from './envelope.ts';
import type { EndpointId, OrganizationId } from './ids.ts';
import type { RotationPolicy } from './rotation-policy.ts';
import type { Sealed } from './secret.ts';

/** Why an endpoint does not receive: a person said so, or its failures did. */
export type SuspensionReason = 'manual' | 'failing' | 'gone';

export type EndpointStatus =
  | { readonly kind: 'active' }
  | { readonly kind: 'suspended'; readonly reason: SuspensionReason; readonly at: number }
  | { readonly kind: 'archived'; readonly at: number };

/** A header that every delivery of an endpoint carries. Only the engine unseals its value; reads mask it. */
export type StaticHeader = { readonly name: string; readonly sealed: Sealed };

/** A URL subscribed to event types. All settings are plain data: an endpoint knows nothing of the dialect that made it. */
export type Endpoint = {
  readonly id: EndpointId;
  readonly organizationId: OrganizationId;
  readonly url: string;
  /** null: every type, operational ones aside. */
  readonly eventTypes: readonly string[] | null;
  readonly description: string;
  readonly status: EndpointStatus;
  readonly headers: readonly StaticHeader[];
  readonly metadata: Readonly<Record<string, string>>;
  /** `organization`: deliveries are signed by the organization's ring. */
  readonly keyring: 'own' | 'organization';
  /** Seconds before each retry; null: the operator's schedule. */
  readonly retrySchedule: readonly number[] | null;
  /** Seconds for one attempt, DNS to last byte; null: the operator's. */
  readonly sendDeadlineSeconds: number | null;
  readonly concurrency: number | null;
  /** Attempts per second; null: unlimited. */
  readonly ratePerSecond: number | null;
  readonly signatureProfile: SignatureProfile;
  readonly envelope: Envelope | null;
  readonly rotationPolicy: RotationPolicy;
  /** Event types that exist for this endpoint; null: any. */
  readonly catalogue: readonly string[] | null;
  /** Dialect fields that the engine keeps and never reads. */
  readonly extra: Readonly<Record<string, string>>;
  /** Grows with every change of this row; the ETag of reads. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
};

/** How an endpoint has been doing. Kept apart from the endpoint: an attempt is not an edit. */
export type EndpointHealth = {
  readonly consecutiveFailures: number;
  /** The first of the consecutive failures. */
  readonly failingSince: number | null;
  readonly lastSuccessAt: number | null;
  readonly lastFailureAt: number | null;
};

export const UNTRIED: EndpointHealth = {
  consecutiveFailures: 0,
  failingSince: null,
  lastSuccessAt: null,
  lastFailureAt: null,
};
