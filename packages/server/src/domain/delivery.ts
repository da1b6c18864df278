import type { DeliveryId, EndpointId, EventKey, OrganizationId } from './ids.ts';

export type DeathReason = 'retries_exhausted' | 'held_too_long' | 'endpoint_archived' | 'payload_missing';

/** One event on its way to one endpoint. Times are epoch milliseconds. */
export type DeliveryState =
  | { readonly kind: 'pending'; readonly dueAt: number }
  | { readonly kind: 'in_flight' }
  | { readonly kind: 'retrying'; readonly dueAt: number }
  | { readonly kind: 'succeeded'; readonly at: number }
  | { readonly kind: 'dead'; readonly at: number; readonly reason: DeathReason }
  | { readonly kind: 'cancelled'; readonly at: number };

export type Delivery = {
  readonly id: DeliveryId;
  readonly organizationId: OrganizationId;
  readonly endpointId: EndpointId;
  readonly eventKey: EventKey;
  readonly eventId: string;
  readonly eventType: string;
  readonly state: DeliveryState;
  readonly attemptCount: number;
  readonly lastResponseStatus: number | null;
  readonly lastErrorKind: string | null;
  readonly lastAttemptAt: number | null;
  readonly resendOf: DeliveryId | null;
  /** When the payload of its event was erased: it cannot be sent again. */
  readonly payloadErasedAt: number | null;
  readonly createdAt: number;
};

/** What a reader is shown; `held` is derived from the endpoint's status. */
export const SHOWN_STATUSES = ['pending', 'in_flight', 'retrying', 'held', 'succeeded', 'dead', 'cancelled'] as const;
export type ShownStatus = (typeof SHOWN_STATUSES)[number];

export function isTerminal(state: DeliveryState): boolean {
  return state.kind === 'succeeded' || state.kind === 'dead' || state.kind === 'cancelled';
}
