import type { Static } from 'typebox';
import {
  type DeliveryState,
  type EndpointView,
  type Secret,
  type ShownDelivery,
  type ShownStatus,
  secretState,
  showTime,
  showTimeOrNull,
  typeIds,
} from '../public.ts';
import type { DeliverySchema, DeliveryStatus, EndpointSchema } from './schemas.ts';

export const ids = {
  endpoint: typeIds('ep', 'whe'),
  delivery: typeIds('dlv', 'whd'),
  organization: typeIds('org'),
  secret: typeIds('sec', 'whs'),
};

export function encodeEndpoint({ endpoint, secrets }: EndpointView, now: number): Static<typeof EndpointSchema> {
  return {
    endpointId: ids.endpoint.encode(endpoint.id),
    orgId: ids.organization.encode(endpoint.organizationId),
    url: endpoint.url,
    events: [...(endpoint.eventTypes ?? ['*'])],
    status: endpoint.status.kind,
    description: endpoint.description,
    secrets: secrets.map((secret) => encodeSecret(secret, now)),
    createdAt: showTime(endpoint.createdAt),
    updatedAt: showTime(endpoint.updatedAt),
  };
}

function encodeSecret(secret: Secret, now: number) {
  const state = secretState(secret, now);
  return {
    secretId: ids.secret.encode(secret.id),
    // One that ends while this is written was retiring: the active one only ends by a rotation.
    status: state === 'active' || state === 'staged' ? state : 'retiring',
    createdAt: showTime(secret.createdAt),
    activatedAt: showTimeOrNull(secret.activatesAt),
    expiresAt: showTimeOrNull(secret.expiresAt),
  } as const;
}

const STATUSES: Readonly<Record<ShownStatus, DeliveryStatus>> = {
  pending: 'pending',
  held: 'pending',
  in_flight: 'in_flight',
  retrying: 'failed',
  succeeded: 'succeeded',
  dead: 'dead_letter',
  cancelled: 'dead_letter',
};

/** What the engine calls the deliveries that Moonborn shows with this status. */
export function statusesOf(status: DeliveryStatus | undefined): readonly ShownStatus[] | null {
  if (status === undefined) return null;
  const all = Object.keys(STATUSES) as readonly ShownStatus[]; // Object.keys forgets the literal keys.
  return all.filter((one) => STATUSES[one] === status);
}

export function encodeDelivery({ delivery, shown: status }: ShownDelivery): Static<typeof DeliverySchema> {
  const { state } = delivery;
  return {
    deliveryId: ids.delivery.encode(delivery.id),
    endpointId: ids.endpoint.encode(delivery.endpointId),
    eventType: delivery.eventType,
    eventId: delivery.eventId,
    status: STATUSES[status],
    attemptCount: delivery.attemptCount,
    lastStatusCode: delivery.lastResponseStatus,
    lastErrorKind: endOf(state, status) ?? delivery.lastErrorKind,
    scheduledAt: showTime(dueAt(state) ?? delivery.lastAttemptAt ?? delivery.createdAt),
    attemptedAt: showTimeOrNull(delivery.lastAttemptAt),
    completedAt: 'at' in state ? showTime(state.at) : null,
  };
}

/** Why a dead letter is one. */
function endOf(state: DeliveryState, status: ShownStatus): string | null {
  if (status === 'cancelled') return 'cancelled';
  return state.kind === 'dead' ? state.reason : null;
}

function dueAt(state: DeliveryState): number | null {
  return 'dueAt' in state ? state.dueAt : null;
}
