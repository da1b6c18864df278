import type { Static } from 'typebox';
import {
  type EndpointChange,
  type EndpointStatus,
  type EndpointView,
  Refusal,
  type ShownDelivery,
  type ShownSecret,
  type ShownStatus,
  shownSecretText,
  showTime,
  showTimeOrNull,
  uuids,
} from '../public.ts';
import { errorMessageOf } from './failure-sentences.ts';
import type {
  DeliverySchema,
  DeliveryStatus,
  EndpointSchema,
  EndpointWithSecretSchema,
  UpdateBody,
} from './schemas.ts';

export const ids = { endpoint: uuids('ep'), delivery: uuids('dlv') };

const PAUSED_REASONS = { manual: 'manual', failing: 'consecutive_failures', gone: 'gone' } as const;

export function encodeEndpoint({ endpoint, health }: EndpointView): Static<typeof EndpointSchema> {
  return {
    id: ids.endpoint.encode(endpoint.id),
    url: endpoint.url,
    description: endpoint.description,
    eventTypes: [...(endpoint.eventTypes ?? ['*'])],
    ...encodeStatus(endpoint.status),
    consecutiveFailures: health.consecutiveFailures,
    lastSuccessAt: showTimeOrNull(health.lastSuccessAt),
    lastFailureAt: showTimeOrNull(health.lastFailureAt),
    createdAt: showTime(endpoint.createdAt),
    updatedAt: showTime(endpoint.updatedAt),
  };
}

function encodeStatus(status: EndpointStatus) {
  if (status.kind !== 'suspended') return { paused: false, pausedReason: null, pausedAt: null };
  return { paused: true, pausedReason: PAUSED_REASONS[status.reason], pausedAt: showTime(status.at) };
}

export function changeOf({ paused, ...settings }: Static<typeof UpdateBody>): EndpointChange {
  return paused === undefined ? settings : { ...settings, status: paused ? 'suspended' : 'active' };
}

export function encodeWithSecret(
  view: EndpointView,
  secret: ShownSecret | null,
): Static<typeof EndpointWithSecretSchema> | Refusal {
  const signingSecret = shownSecretText(secret);
  return Refusal.is(signingSecret) ? signingSecret : { endpoint: encodeEndpoint(view), signingSecret };
}

const STATUSES: Readonly<Record<ShownStatus, DeliveryStatus>> = {
  pending: 'pending',
  in_flight: 'pending',
  held: 'pending',
  retrying: 'failed',
  succeeded: 'delivered',
  dead: 'dlq',
  cancelled: 'dlq',
};

export function encodeReplay({ delivery, shown }: ShownDelivery) {
  return { id: ids.delivery.encode(delivery.id), status: STATUSES[shown] };
}

export function encodeDelivery({ delivery, shown }: ShownDelivery): Static<typeof DeliverySchema> {
  const { state } = delivery;
  return {
    id: ids.delivery.encode(delivery.id),
    eventType: delivery.eventType,
    status: STATUSES[shown],
    attemptCount: delivery.attemptCount,
    lastResponseStatus: delivery.lastResponseStatus,
    errorMessage: errorMessageOf(delivery),
    createdAt: showTime(delivery.createdAt),
    deliveredAt: state.kind === 'succeeded' ? showTime(state.at) : null,
    dlqAt: state.kind === 'dead' || state.kind === 'cancelled' ? showTime(state.at) : null,
  };
}
