import type { Endpoint } from '../domain/endpoint.ts';
import type { EventKey, OrganizationId } from '../domain/ids.ts';
import type { IdempotencyRow } from '../store/port.ts';
import type { LaneFigures } from './lane-figures.ts';

/** An event as a caller sent it, decoded and validated. */
export type IncomingEvent = {
  /** The client's own id, or null to have one made. */
  readonly id: string | null;
  readonly type: string;
  /** The exact bytes to deliver. The engine keeps the reference; the caller must not write to it again. */
  readonly payload: Uint8Array;
  readonly contentType: string;
  /** Epoch milliseconds; null: the time of acceptance. */
  readonly occurredAt: number | null;
};

export type AcceptedReference = { readonly id: string; readonly createdAt: number };

export type AcceptOutcome =
  | {
      readonly kind: 'accepted';
      readonly events: readonly {
        readonly id: string;
        readonly key: EventKey;
        readonly createdAt: number;
        /** The same id with the same content had been accepted before; nothing new was stored. */
        readonly duplicate: boolean;
      }[];
    }
  | { readonly kind: 'event_id_conflict'; readonly index: number }
  | { readonly kind: 'idempotency_conflict' }
  /** Together the events go to more endpoints than one request may reach; `deliveries` is a lower bound. */
  | { readonly kind: 'too_many_deliveries'; readonly deliveries: number; readonly max: number }
  | { readonly kind: 'overloaded'; readonly retryAfterSeconds: number }
  /** The database did not commit, or its disk is nearly full. */
  | { readonly kind: 'store_unavailable'; readonly retryAfterSeconds: number };

/** What the receiver said to a test send. */
export type TestResult = {
  readonly eventId: string;
  /** True for a 2xx. */
  readonly delivered: boolean;
  readonly status: number | null;
  readonly latencyMs: number;
  /** The first bytes of the response's body as text. */
  readonly responseBody: string | null;
  readonly errorKind: string | null;
  readonly errorDetail: string | null;
  readonly keyIds: readonly string[];
};

export type EngineFigures = {
  readonly inFlight: number;
  readonly inMemory: number;
  readonly inMemoryBytes: number;
  readonly lanes: number;
};

export type StopOptions = { readonly forceAfterMs?: number; readonly abort?: () => Promise<void> };

export interface Engine {
  /** Resolves when due work is known and sending has begun. */
  start(): Promise<void>;
  /**
   * Stops claiming, lets sends in flight end on their own deadline, stores their results, releases what was not sent.
   * With both options set, sends get `forceAfterMs` to end; then `abort` must make them end, for example as `closed`.
   */
  stop(options?: StopOptions): Promise<void>;
  accept(
    organizationId: OrganizationId,
    events: readonly IncomingEvent[],
    /** Given what the events will be answered with, so that it can refer to them. */
    idempotency: ((events: readonly AcceptedReference[]) => IdempotencyRow) | null,
  ): Promise<AcceptOutcome>;
  /** Signs like a delivery and sends at once, outside of lanes and counters. Belongs to no delivery. */
  testSend(endpoint: Endpoint, event: { readonly type: string; readonly payload: Uint8Array }): Promise<TestResult>;
  figures(): EngineFigures;
  /** Looks at every lane: for a scrape now and then. */
  laneFigures(): Promise<LaneFigures>;
}
