import type { Static } from 'typebox';
import {
  type EndpointView,
  excerptText,
  patternMatches,
  Refusal,
  type ShownAttempt,
  type ShownEndpoint,
  type ShownSecret,
  shownSecretText,
  showTime,
  uuids,
} from '../public.ts';
import { API_VERSION, API_VERSIONS, type ApiVersion, CATALOGUE } from './catalogue.ts';
import type { DeliverySchema, EndpointSchema, EndpointWithSecretSchema } from './schemas.ts';

export const ids = {
  endpoint: uuids('ep'),
  delivery: uuids('dlv'),
  attempt: uuids('att'),
  organization: uuids('org'),
};

/** `2026-04-26T12:00:00Z` */
export function showSecond(epochMs: number): string {
  return `${showTime(epochMs).slice(0, -'.000Z'.length)}Z`;
}

export function encodeEndpoint({ endpoint }: Pick<EndpointView, 'endpoint'>): Static<typeof EndpointSchema> {
  const { status } = endpoint;
  return {
    id: ids.endpoint.encode(endpoint.id),
    org_id: ids.organization.encode(endpoint.organizationId),
    url: endpoint.url,
    events: eventsOf(endpoint.eventTypes),
    active: status.kind === 'active',
    api_version: versionOf(endpoint),
    created_at: showSecond(endpoint.createdAt),
    updated_at: showSecond(endpoint.updatedAt),
    // One that is deleted is shown nowhere.
    deleted_at: null,
  };
}

/** The product has no patterns: each is shown as the types that it covers, and as it is when the product has none. */
function eventsOf(eventTypes: ShownEndpoint['eventTypes']): string[] {
  if (eventTypes === null) return [...CATALOGUE];
  const shown = eventTypes.flatMap((pattern) => {
    const covered = CATALOGUE.filter((type) => patternMatches(pattern, type));
    return covered.length === 0 ? [pattern] : covered;
  });
  return [...new Set(shown)];
}

/** An endpoint of another product has none. */
function versionOf({ extra }: ShownEndpoint): ApiVersion {
  return API_VERSIONS.find((version) => version === extra['api_version']) ?? API_VERSION;
}

export function encodeWithSecret(
  view: Pick<EndpointView, 'endpoint'>,
  secret: ShownSecret | null,
): Static<typeof EndpointWithSecretSchema> | Refusal {
  const value = shownSecretText(secret);
  if (Refusal.is(value)) return value;
  return { ...encodeEndpoint(view), secret: value, secret_displayed_once: true };
}

export function encodeDelivery({ attempt, outcome, eventId, eventType }: ShownAttempt): Static<typeof DeliverySchema> {
  const { responseExcerpt } = attempt;
  return {
    id: ids.attempt.encode(attempt.id),
    endpoint_id: ids.endpoint.encode(attempt.endpointId),
    event_id: eventId,
    event_type: eventType,
    outcome,
    attempt: attempt.number,
    http_status: attempt.responseStatus,
    response_time_ms: Math.round(attempt.phases.totalMs),
    response_body_excerpt: responseExcerpt === null ? null : excerptText(responseExcerpt),
    error: errorOf(attempt),
    created_at: showSecond(attempt.startedAt),
  };
}

/** A stable word, and a sentence for people where there is one. */
export function errorOf(failure: { readonly errorKind: string | null; readonly errorDetail: string | null }) {
  const { errorKind, errorDetail } = failure;
  return errorKind === null || errorDetail === null ? errorKind : `${errorKind}: ${errorDetail}`;
}
