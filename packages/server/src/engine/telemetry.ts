import type { Attempt } from '../domain/attempt.ts';
import type { DeathReason } from '../domain/delivery.ts';
import type { SuspensionReason } from '../domain/endpoint.ts';
import type { EndpointId, OrganizationId } from '../domain/ids.ts';
import type { Removed } from '../store/port.ts';

export type DeliveryEnd =
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'dead'; readonly reason: DeathReason }
  | { readonly kind: 'cancelled' };

/** What the engine tells about itself: one function per business event. Ids are for logs, never for labels. */
export type EngineTelemetry = {
  /** Of one request; from its arrival at the engine to the commit. */
  readonly eventsAccepted: (count: number, bytes: number, durationMs: number) => void;
  /** Of one event; 0 when nobody subscribes to it. */
  readonly eventFannedOut: (deliveries: number) => void;
  /** `leased` of them went straight to memory. */
  readonly deliveriesCreated: (count: number, leased: number) => void;
  readonly acceptRefused: (reason: string) => void;
  /** A kept connection that had died cost a second request. */
  readonly connectionRetried: () => void;
  /** `waitedMs` from due to signed. */
  readonly attemptFinished: (attempt: Attempt, eventId: string, waitedMs: number) => void;
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
  /** What nodes that are gone had leased, deliveries and endpoints, waits for any node now. */
  readonly takenOver: (rows: number) => void;
  /** A step of retention. */
  readonly retentionRemoved: (removed: Removed) => void;
  /** What retention removed since it last told. */
  readonly retentionReport: (removed: Removed & { readonly retentionDays: number }) => void;
  readonly jobFinished: (name: string, changed: number, durationMs: number) => void;
  readonly jobFailed: (name: string, error: unknown) => void;
  /** Something that must not happen did, and was contained. */
  readonly fault: (where: string, error: unknown) => void;
};

function ignore(): void {}

export const SILENT_TELEMETRY: EngineTelemetry = {
  eventsAccepted: ignore,
  eventFannedOut: ignore,
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
  retentionRemoved: ignore,
  takenOver: ignore,
  retentionReport: ignore,
  jobFinished: ignore,
  jobFailed: ignore,
  fault: ignore,
};
