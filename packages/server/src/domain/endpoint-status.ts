import type { Endpoint, EndpointHealth, EndpointStatus, SuspensionReason } from './endpoint.ts';
import type { Problem } from './error-registry.ts';

/** What a caller may ask for; the reason of a suspension that a person asks for is `manual`. */
export type StatusWanted = EndpointStatus['kind'];

export type EndpointMove =
  | {
      readonly kind: 'changed';
      /** The next version of the row. */
      readonly endpoint: Endpoint;
      /** Resuming begins with clean counters. */
      readonly resetHealth: boolean;
      /** Its held deliveries are due again. */
      readonly wake: boolean;
      /** Its queued deliveries end as cancelled. */
      readonly cancelQueued: boolean;
    }
  | { readonly kind: 'unchanged'; readonly endpoint: Endpoint }
  | ({ readonly kind: 'refused' } & Problem & { readonly code: 'endpoint_archived' });

export const ARCHIVED_REFUSAL = {
  kind: 'refused',
  code: 'endpoint_archived',
  detail: 'The endpoint is archived. Archiving is final: create another endpoint.',
} as const satisfies EndpointMove;

/** Fields that a merge patch may bring; an absent one stays as it is. */
export type EndpointPatch = {
  readonly [Field in PatchableField]?: Endpoint[Field] | undefined;
} & {
  readonly status?: StatusWanted | undefined;
};
type PatchableField =
  | 'url'
  | 'eventTypes'
  | 'description'
  | 'headers'
  | 'metadata'
  | 'keyring'
  | 'retrySchedule'
  | 'sendDeadlineSeconds'
  | 'concurrency'
  | 'ratePerSecond'
  | 'signatureProfile'
  | 'envelope'
  | 'rotationPolicy'
  | 'catalogue'
  | 'extra';

/**
 * Applies a patch. Active and suspended lead to each other and to archived, which leads nowhere: an archived endpoint
 * takes no patch but the one that archives it again.
 */
export function mergeEndpoint(endpoint: Endpoint, patch: EndpointPatch, now: number): EndpointMove {
  const { status: wanted, ...rest } = patch;
  const fields = Object.entries(rest).filter(([, value]) => value !== undefined);
  if (endpoint.status.kind === 'archived') {
    return wanted === 'archived' && fields.length === 0 ? { kind: 'unchanged', endpoint } : ARCHIVED_REFUSAL;
  }
  const status = wanted === undefined ? endpoint.status : statusAfter(endpoint.status, wanted, 'manual', now);
  const merged: Endpoint = { ...endpoint, ...Object.fromEntries(fields), status };
  if (status === endpoint.status && sameContent(merged, endpoint)) return { kind: 'unchanged', endpoint };
  return changed(endpoint, merged, now);
}

export function suspendEndpoint(endpoint: Endpoint, reason: SuspensionReason, now: number): EndpointMove {
  return moveTo(endpoint, 'suspended', reason, now);
}

export function resumeEndpoint(endpoint: Endpoint, now: number): EndpointMove {
  return moveTo(endpoint, 'active', 'manual', now);
}

/** Archiving twice is no error, so that a repeated DELETE is not one. */
export function archiveEndpoint(endpoint: Endpoint, now: number): EndpointMove {
  if (endpoint.status.kind === 'archived') return { kind: 'unchanged', endpoint };
  return moveTo(endpoint, 'archived', 'manual', now);
}

function moveTo(endpoint: Endpoint, wanted: StatusWanted, reason: SuspensionReason, now: number): EndpointMove {
  if (endpoint.status.kind === 'archived') return ARCHIVED_REFUSAL;
  const status = statusAfter(endpoint.status, wanted, reason, now);
  return status === endpoint.status ? { kind: 'unchanged', endpoint } : changed(endpoint, { ...endpoint, status }, now);
}

/** The same object when nothing changes: suspending again keeps the first reason and time. */
function statusAfter(
  status: EndpointStatus,
  wanted: StatusWanted,
  reason: SuspensionReason,
  now: number,
): EndpointStatus {
  if (status.kind === wanted) return status;
  switch (wanted) {
    case 'active':
      return { kind: 'active' };
    case 'suspended':
      return { kind: 'suspended', reason, at: now };
    case 'archived':
      return { kind: 'archived', at: now };
  }
}

function changed(before: Endpoint, after: Endpoint, now: number): EndpointMove {
  const resumed = before.status.kind === 'suspended' && after.status.kind === 'active';
  return {
    kind: 'changed',
    endpoint: { ...after, version: before.version + 1, updatedAt: Math.max(now, before.updatedAt) },
    resetHealth: resumed,
    wake: resumed,
    cancelQueued: after.status.kind === 'archived' && before.status.kind !== 'archived',
  };
}

function sameContent(a: Endpoint, b: Endpoint): boolean {
  return JSON.stringify(a, sortedKeys) === JSON.stringify(b, sortedKeys);
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What attempts did to an endpoint's health since it was last recorded. */
export type HealthDelta = {
  readonly successAt: number | null;
  readonly failureAt: number | null;
  /** Failures after the last success, or all of them when there was none. */
  readonly failures: number;
  /** The first of those failures. */
  readonly firstFailureAt: number | null;
};

export function healthAfter(health: EndpointHealth, change: HealthDelta): EndpointHealth {
  const before = change.successAt === null ? health.consecutiveFailures : 0;
  const since = change.successAt === null ? health.failingSince : null;
  const consecutiveFailures = before + change.failures;
  return {
    consecutiveFailures,
    failingSince: consecutiveFailures === 0 ? null : (since ?? change.firstFailureAt ?? change.failureAt),
    lastSuccessAt: latest(health.lastSuccessAt, change.successAt),
    lastFailureAt: latest(health.lastFailureAt, change.failureAt),
  };
}

function latest(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.max(a, b);
}

export type SuspensionRule = {
  /** Consecutive failed attempts; 0: never suspend. */
  readonly attempts: number;
  /** Hours since the first of them; 0: the count alone decides. */
  readonly hours: number;
};

/** Both must hold: many failures in a row, and for long. A burst of traffic into a short outage suspends nobody. */
export function shouldSuspend(health: EndpointHealth, rule: SuspensionRule, now: number): boolean {
  if (rule.attempts <= 0 || health.consecutiveFailures < rule.attempts) return false;
  if (rule.hours <= 0) return true;
  return health.failingSince !== null && now - health.failingSince >= rule.hours * 3_600_000;
}

/** Why an endpoint must stop receiving after an attempt, or null. A 410 says so at once. */
export function suspensionAfter(
  health: EndpointHealth,
  responseStatus: number | null,
  rule: SuspensionRule,
  now: number,
): SuspensionReason | null {
  if (responseStatus === 410) return 'gone';
  return shouldSuspend(health, rule, now) ? 'failing' : null;
}
