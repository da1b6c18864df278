import type { Static } from 'typebox';
import { type EndpointView, type Secret, secretState, showTime, showTimeOrNull } from '../public.ts';
import type { EndpointSchema, SecretSchema } from './resources.ts';

/** Stands where the value of a header would. In a change it means "as it is", so that what was read can be sent back. */
export const HIDDEN_VALUE = '[hidden]';

export function encodeEndpoint({ endpoint, health }: EndpointView): Static<typeof EndpointSchema> {
  const { status } = endpoint;
  return {
    id: endpoint.id,
    organizationId: endpoint.organizationId,
    url: endpoint.url,
    eventTypes: endpoint.eventTypes === null ? null : [...endpoint.eventTypes],
    description: endpoint.description,
    status: status.kind,
    suspendedReason: status.kind === 'suspended' ? status.reason : null,
    suspendedAt: status.kind === 'suspended' ? showTime(status.at) : null,
    archivedAt: status.kind === 'archived' ? showTime(status.at) : null,
    consecutiveFailures: health.consecutiveFailures,
    failingSince: showTimeOrNull(health.failingSince),
    lastSuccessAt: showTimeOrNull(health.lastSuccessAt),
    lastFailureAt: showTimeOrNull(health.lastFailureAt),
    headers: Object.fromEntries(endpoint.headers.map(({ name }) => [name, HIDDEN_VALUE])),
    metadata: { ...endpoint.metadata },
    keyring: endpoint.keyring,
    retrySchedule: endpoint.retrySchedule === null ? null : [...endpoint.retrySchedule],
    sendDeadlineSeconds: endpoint.sendDeadlineSeconds,
    concurrency: endpoint.concurrency,
    ratePerSecond: endpoint.ratePerSecond,
    signatureProfile: endpoint.signatureProfile,
    envelope: endpoint.envelope,
    rotationPolicy: endpoint.rotationPolicy,
    catalogue: endpoint.catalogue === null ? null : [...endpoint.catalogue],
    version: endpoint.version,
    createdAt: showTime(endpoint.createdAt),
    updatedAt: showTime(endpoint.updatedAt),
  };
}

/** Everything about a secret but the secret. */
export function encodeSecret(secret: Secret, now: number): Static<typeof SecretSchema> {
  return {
    id: secret.id,
    state: secretState(secret, now),
    algorithm: secret.algorithm,
    version: secret.number,
    origin: secret.origin,
    hint: secret.hint,
    fingerprint: secret.fingerprint,
    publicKey: secret.publicKey,
    actor: secret.actor,
    reason: secret.reason,
    createdAt: showTime(secret.createdAt),
    activatesAt: showTimeOrNull(secret.activatesAt),
    supersededAt: showTimeOrNull(secret.supersededAt),
    expiresAt: showTimeOrNull(secret.expiresAt),
    revokedAt: showTimeOrNull(secret.revokedAt),
    signsFrom: showTimeOrNull(secret.signsFrom),
    signsUntil: showTimeOrNull(secret.signsUntil),
  };
}
