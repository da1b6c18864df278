import type { Static } from 'typebox';
import {
  type Attempt,
  type DeliveryState,
  excerptText,
  type FollowedAttempt,
  type ShownDelivery,
  showTime,
  showTimeOrNull,
} from '../public.ts';
import type { AttemptSchema, DeliverySchema, FollowedAttemptSchema } from './resources.ts';

export function encodeDelivery({ delivery, shown }: ShownDelivery): Static<typeof DeliverySchema> {
  const { state } = delivery;
  return {
    id: delivery.id,
    endpointId: delivery.endpointId,
    eventId: delivery.eventId,
    eventType: delivery.eventType,
    status: shown,
    attemptCount: delivery.attemptCount,
    lastResponseStatus: delivery.lastResponseStatus,
    lastError: delivery.lastErrorKind,
    lastAttemptAt: showTimeOrNull(delivery.lastAttemptAt),
    // Nobody knows when a held delivery goes on: its endpoint must be resumed first.
    nextAttemptAt: shown === 'held' ? null : showTimeOrNull(dueAt(state)),
    createdAt: showTime(delivery.createdAt),
    completedAt: showTimeOrNull(endedAt(state)),
    resendOf: delivery.resendOf,
    deadReason: state.kind === 'dead' ? state.reason : null,
    payloadErasedAt: showTimeOrNull(delivery.payloadErasedAt),
  };
}

function dueAt(state: DeliveryState): number | null {
  return state.kind === 'pending' || state.kind === 'retrying' ? state.dueAt : null;
}

function endedAt(state: DeliveryState): number | null {
  return state.kind === 'succeeded' || state.kind === 'dead' || state.kind === 'cancelled' ? state.at : null;
}

export function encodeAttempt(attempt: Attempt): Static<typeof AttemptSchema> {
  const status = attempt.responseStatus;
  return {
    id: attempt.id,
    deliveryId: attempt.deliveryId,
    endpointId: attempt.endpointId,
    number: attempt.number,
    startedAt: showTime(attempt.startedAt),
    outcome: status !== null && status >= 200 && status < 300 ? 'succeeded' : 'failed',
    status,
    error: attempt.errorKind === null ? null : { kind: attempt.errorKind, detail: attempt.errorDetail },
    phases: { ...attempt.phases },
    keyIds: attempt.keyIds === '' ? [] : attempt.keyIds.split(' '),
    ringVersion: attempt.ringVersion,
    responseHeaders: attempt.responseHeaders?.map((pair) => [...pair]) ?? null,
    responseBody: attempt.responseExcerpt === null ? null : excerptText(attempt.responseExcerpt),
  };
}

/** The words of a delivery for what an attempt came to. */
const DELIVERY_STATUS = { success: 'succeeded', retry: 'retrying', dead: 'dead' } as const;

export function encodeFollowedAttempt(followed: FollowedAttempt): Static<typeof FollowedAttemptSchema> {
  const { attempt, outcome, eventId, eventType, endpointUrl } = followed;
  return {
    ...encodeAttempt(attempt),
    deliveryStatus: DELIVERY_STATUS[outcome],
    eventId,
    eventType,
    // The rest of a URL may hold a secret, and is shown to those who may read endpoints.
    endpointHost: URL.parse(endpointUrl)?.host ?? '',
  };
}
