import type { ApiKey } from '../domain/api-key.ts';
import type { Attempt, AttemptOutcome } from '../domain/attempt.ts';
import type { AuditAction } from '../domain/audit-action.ts';
import type { DeathReason, DeliveryState } from '../domain/delivery.ts';
import { shownStatus } from '../domain/delivery-state.ts';
import type { Endpoint, EndpointHealth, EndpointStatus, SuspensionReason } from '../domain/endpoint.ts';
import type {
  ApiKeyId,
  AttemptId,
  AuditId,
  DeliveryId,
  EndpointId,
  EventKey,
  OrganizationId,
  SecretId,
} from '../domain/ids.ts';
import type { Organization } from '../domain/organization.ts';
import type { RotationPolicy } from '../domain/rotation-policy.ts';
import type { Scope } from '../domain/scope.ts';
import type { RingOwner, Sealed, SecretAlgorithm } from '../domain/secret.ts';
import { bytes, bytesOrNull, number, numberOrNull, type Row, text, textOrNull } from './cells.ts';
import type { AuditRow, IdempotencyRow, ShownAttempt, ShownDelivery, StoredEvent, StoredSecret } from './port.ts';

// What rows say, by the names of their columns, in whatever database they are. Ids come as they are shown outside.
// Casts in this file turn text that only the writer stores, from values of these very types, back into those types.

/** The part of an endpoint that no statement looks into. */
type Settings = Omit<Endpoint, 'id' | 'organizationId' | 'url' | 'status' | 'version' | 'createdAt' | 'updatedAt'>;

export function settingsOf(endpoint: Endpoint): string {
  const { id: _id, organizationId: _organization, url: _url, status: _status, ...rest } = endpoint;
  const { version: _version, createdAt: _created, updatedAt: _updated, ...settings } = rest;
  return JSON.stringify(settings satisfies Settings);
}

export const ENDPOINT_COLUMNS = `e.id, o.id AS organization_id, e.url, e.status, e.status_reason, e.status_at,
  e.settings, e.version, e.created_at, e.updated_at,
  h.consecutive_failures, h.failing_since, h.last_success_at, h.last_failure_at`;

export function endpointOf(row: Row): Endpoint {
  const settings = JSON.parse(text(row['settings'])) as Settings;
  return {
    ...settings,
    id: text(row['id']) as EndpointId,
    organizationId: text(row['organization_id']) as OrganizationId,
    url: text(row['url']),
    status: endpointStatusOf(row),
    version: number(row['version']),
    createdAt: number(row['created_at']),
    updatedAt: number(row['updated_at']),
  };
}

function endpointStatusOf(row: Row): EndpointStatus {
  const kind = text(row['status']);
  if (kind === 'active') return { kind };
  const at = number(row['status_at']);
  if (kind === 'archived') return { kind, at };
  return { kind: 'suspended', reason: text(row['status_reason']) as SuspensionReason, at };
}

export function healthOf(row: Row): EndpointHealth {
  return {
    consecutiveFailures: numberOrNull(row['consecutive_failures']) ?? 0,
    failingSince: numberOrNull(row['failing_since']),
    lastSuccessAt: numberOrNull(row['last_success_at']),
    lastFailureAt: numberOrNull(row['last_failure_at']),
  };
}

export function organizationOf(row: Row): Organization {
  return {
    id: text(row['id']) as OrganizationId,
    externalId: textOrNull(row['external_id']),
    name: text(row['name']),
    rotationPolicy: JSON.parse(text(row['rotation_policy'])) as RotationPolicy,
    version: number(row['version']),
    createdAt: number(row['created_at']),
    updatedAt: number(row['updated_at']),
  };
}

export function secretOf(row: Row): StoredSecret {
  return {
    id: text(row['id']) as SecretId,
    algorithm: text(row['algorithm']) as SecretAlgorithm,
    number: number(row['number']),
    createdAt: number(row['created_at']),
    activatesAt: numberOrNull(row['activates_at']),
    supersededAt: numberOrNull(row['superseded_at']),
    expiresAt: numberOrNull(row['expires_at']),
    revokedAt: numberOrNull(row['revoked_at']),
    signsFrom: numberOrNull(row['signs_from']),
    signsUntil: numberOrNull(row['signs_until']),
    origin: text(row['origin']) as 'generated' | 'imported',
    hint: text(row['hint']),
    fingerprint: text(row['fingerprint']),
    publicKey: textOrNull(row['public_key']),
    actor: text(row['actor']),
    reason: textOrNull(row['reason']),
    sealed: textOrNull(row['sealed']) as Sealed | null,
  };
}

export function ringOwnerOf(row: Row): RingOwner {
  return text(row['owner']) as RingOwner;
}

export function apiKeyOf(row: Row): ApiKey {
  return {
    id: text(row['id']) as ApiKeyId,
    organizationId: text(row['organization_id']) as OrganizationId,
    name: text(row['name']),
    tokenHash: text(row['token_hash']),
    hint: text(row['hint']),
    dialect: text(row['dialect']),
    scopes: JSON.parse(text(row['scopes'])) as readonly Scope[],
    createdAt: number(row['created_at']),
    expiresAt: numberOrNull(row['expires_at']),
    revokedAt: numberOrNull(row['revoked_at']),
  };
}

export function eventOf(row: Row, organizationId: OrganizationId): StoredEvent {
  const key = text(row['key']) as EventKey;
  const createdAt = number(row['created_at']);
  return {
    key,
    id: textOrNull(row['id']) ?? key,
    organizationId,
    type: text(row['type']),
    payload: bytes(row['payload']),
    contentType: textOrNull(row['content_type']) ?? 'application/json',
    occurredAt: numberOrNull(row['occurred_at']) ?? createdAt,
    createdAt,
    payloadErasedAt: numberOrNull(row['erased_at']),
  };
}

export function shownDeliveryOf(row: Row): ShownDelivery {
  const eventKey = text(row['event_key']) as EventKey;
  const state = deliveryStateOf(row);
  return {
    shown: shownStatus(state, text(row['endpoint_status']) as EndpointStatus['kind']),
    delivery: {
      id: text(row['id']) as DeliveryId,
      organizationId: text(row['organization_id']) as OrganizationId,
      endpointId: text(row['endpoint_id']) as EndpointId,
      eventKey,
      eventId: textOrNull(row['event_id']) ?? eventKey,
      eventType: text(row['event_type']),
      state,
      attemptCount: number(row['attempt_count']),
      lastResponseStatus: numberOrNull(row['last_response_status']),
      lastErrorKind: textOrNull(row['last_error_kind']),
      lastAttemptAt: numberOrNull(row['last_attempt_at']),
      resendOf: textOrNull(row['resend_of']) as DeliveryId | null,
      payloadErasedAt: numberOrNull(row['event_erased_at']),
      createdAt: number(row['created_at']),
    },
  };
}

function deliveryStateOf(row: Row): DeliveryState {
  switch (row['status']) {
    case 'succeeded':
    case 'cancelled':
      return { kind: row['status'], at: number(row['ended_at']) };
    case 'dead':
      return { kind: 'dead', at: number(row['ended_at']), reason: text(row['death_reason']) as DeathReason };
  }
  // The request that is out may still succeed, whatever became of its endpoint.
  if (row['lease'] !== null) return { kind: 'in_flight' };
  if (row['endpoint_status'] === 'archived') return { kind: 'cancelled', at: number(row['endpoint_status_at']) };
  return { kind: row['status'] === 'pending' ? 'pending' : 'retrying', dueAt: number(row['due_at']) };
}

export function attemptOf(row: Row): Attempt {
  const headers = textOrNull(row['response_headers']);
  return {
    id: text(row['id']) as AttemptId,
    deliveryId: text(row['delivery_id']) as DeliveryId,
    endpointId: text(row['endpoint_id']) as EndpointId,
    number: number(row['ordinal']),
    startedAt: number(row['started_at']),
    responseStatus: numberOrNull(row['response_status']),
    errorKind: textOrNull(row['error_kind']),
    errorDetail: textOrNull(row['error_detail']),
    phases: {
      dnsMs: numberOrNull(row['dns_ms']),
      connectMs: numberOrNull(row['connect_ms']),
      tlsMs: numberOrNull(row['tls_ms']),
      firstByteMs: numberOrNull(row['first_byte_ms']),
      totalMs: number(row['total_ms']),
    },
    keyIds: text(row['key_ids']),
    ringVersion: number(row['ring_version']),
    responseHeaders: headers === null ? null : (JSON.parse(headers) as Attempt['responseHeaders']),
    responseExcerpt: bytesOrNull(row['response_excerpt']),
  };
}

/** A row of an attempt that also tells its outcome and its event. */
export function shownAttemptOf(row: Row): ShownAttempt {
  return {
    attempt: attemptOf(row),
    outcome: text(row['outcome']) as AttemptOutcome,
    eventId: textOrNull(row['event_id']) ?? text(row['event_key']),
    eventType: text(row['event_type']),
  };
}

export function auditOf(row: Row): AuditRow {
  return {
    id: text(row['id']) as AuditId,
    at: number(row['at']),
    organizationId: text(row['organization_id']) as OrganizationId,
    actor: text(row['actor']),
    action: text(row['action']) as AuditAction,
    target: text(row['target']),
    reason: textOrNull(row['reason']),
    address: textOrNull(row['address']),
    requestId: textOrNull(row['request_id']),
    detail: JSON.parse(text(row['detail'])) as AuditRow['detail'],
  };
}

export function idempotencyOf(row: Row): IdempotencyRow {
  return {
    principal: text(row['principal']),
    route: text(row['route']),
    key: text(row['key']),
    fingerprint: text(row['fingerprint']),
    reference: text(row['reference']),
    createdAt: number(row['created_at']),
    expiresAt: number(row['expires_at']),
  };
}
