import type { AttemptPhases } from '../domain/attempt.ts';
import type { DeathReason } from '../domain/delivery.ts';
import type { SuspensionReason } from '../domain/endpoint.ts';
import type { DeliveryId, EndpointId, OrganizationId } from '../domain/ids.ts';

/** How one attempt went, as a label of few values. */
export type AttemptResultLabel = 'success' | 'http_error' | 'no_response' | 'signing';

export type DeliveryEnd =
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'dead'; readonly reason: DeathReason }
  | { readonly kind: 'cancelled' };

/** What the engine tells about itself: one function per business event. Ids are for logs, never for labels. */
export type EngineTelemetry = {
  readonly eventsAccepted: (count: number, bytes: number) => void;
  /** `leased` of them went straight to memory. */
  readonly deliveriesCreated: (count: number, leased: number) => void;
  readonly acceptRefused: (reason: string) => void;
  /** A kept connection that had died cost a second request. */
  readonly connectionRetried: () => void;
  readonly attemptFinished: (attempt: {
    readonly deliveryId: DeliveryId;
    readonly endpointId: EndpointId;
    readonly number: number;
    readonly result: AttemptResultLabel;
    readonly status: number | null;
    readonly errorKind: string | null;
    readonly phases: AttemptPhases;
  }) => void;
  readonly deliveryEnded: (end: DeliveryEnd, ageMs: number) => void;
  readonly endpointSuspended: (fields: {
    readonly organizationId: OrganizationId;
    readonly endpointId: EndpointId;
    readonly reason: SuspensionReason;
    readonly consecutiveFailures: number;
  }) => void;
  /** The receiver said which secret it verified with. A claim, never trusted for security. */
  readonly keyVerified: (endpointId: EndpointId, secretId: string) => void;
  readonly recordBatch: (outcomes: number, durationMs: number, lostLeases: number) => void;
  readonly claimBatch: (deliveries: number) => void;
  readonly released: (deliveries: number) => void;
  /** The store refused or failed; the engine keeps what it has and tries again. */
  readonly storeRefused: (operation: string, error: unknown) => void;
  readonly jobFinished: (name: string, changed: number, durationMs: number) => void;
  readonly jobFailed: (name: string, error: unknown) => void;
  /** Something that must not happen did, and was contained. */
  readonly fault: (where: string, error: unknown) => void;
};

function ignore(): void {}

export const SILENT_TELEMETRY: EngineTelemetry = {
  eventsAccepted: ignore,
  deliveriesCreated: ignore,
  acceptRefused: ignore,
  connectionRetried: ignore,
  attemptFinished: ignore,
  deliveryEnded: ignore,
  endpointSuspended: ignore,
  keyVerified: ignore,
  recordBatch: ignore,
  claimBatch: ignore,
  released: ignore,
  storeRefused: ignore,
  jobFinished: ignore,
  jobFailed: ignore,
  fault: ignore,
};
