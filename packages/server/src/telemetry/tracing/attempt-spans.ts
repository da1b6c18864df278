import { type Attributes, SpanKind } from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_RESEND_COUNT,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from '@opentelemetry/semantic-conventions';
import type { Attempt } from '../../domain/attempt.ts';
import type { Event } from '../../domain/event.ts';
import type { OrganizationId } from '../../domain/ids.ts';
import { ATTR } from './attributes.ts';
import type { Sampler } from './sampler.ts';
import type { SpanFields } from './span.ts';
import { spanIdOf, traceIdsOf } from './trace-ids.ts';
import type { TraceTime } from './trace-time.ts';

const HTTP_METHOD = 'POST';
const PORT_BY_SCHEME: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** A delivery that was just attempted. */
export type AttemptedFacts = {
  readonly event: Pick<Event, 'key' | 'id' | 'type'>;
  /** Epoch milliseconds. */
  readonly dueAt: number;
  readonly lane: {
    readonly state: {
      readonly endpoint: { readonly organizationId: OrganizationId };
      /** Null when nothing could be signed. */
      readonly target: { readonly url: URL } | null;
    };
  };
};

export type NextFacts =
  | { readonly kind: 'succeeded' | 'cancelled' | 'unchanged' }
  | { readonly kind: 'retry'; readonly dueAt: number }
  | { readonly kind: 'dead'; readonly reason: string };

export type AttemptTools = {
  readonly sampler: Sampler;
  readonly time: TraceTime;
  readonly emit: (span: SpanFields) => void;
};

/** One span `attempt` for each request to a receiver. Of its URL only the host and the port are told. */
export function emitAttempt(tools: AttemptTools, live: AttemptedFacts, attempt: Attempt, next: NextFacts): void {
  if (!tools.sampler(live.event.key)) return;
  const { traceId, acceptSpanId } = traceIdsOf(live.event.key);
  const { startMs, endMs } = timesOf(attempt, tools.time, next);
  const { responseStatus: status } = attempt;
  const failed = status === null || status < 200 || status >= 300;
  tools.emit({
    name: 'attempt',
    kind: SpanKind.CLIENT,
    traceId,
    spanId: spanIdOf(attempt.id),
    parentSpanId: acceptSpanId,
    startMs,
    endMs,
    attributes: attributesOf(live, attempt, next, endMs),
    failed,
  });
}

/**
 * An attempt knows its start to the millisecond and its length to a tenth of one. The end is now, a moment after it, which
 * places the start within its millisecond. One that another followed ended before.
 */
function timesOf(
  attempt: Attempt,
  time: TraceTime,
  next: NextFacts,
): { readonly startMs: number; readonly endMs: number } {
  const { startedAt } = attempt;
  const { totalMs } = attempt.phases;
  const latest = next.kind === 'unchanged' ? startedAt : time.nowMs() - totalMs;
  const startMs = Math.min(Math.max(latest, startedAt), startedAt + 0.999);
  return { startMs, endMs: startMs + totalMs };
}

function attributesOf(live: AttemptedFacts, attempt: Attempt, next: NextFacts, endMs: number): Attributes {
  const { event } = live;
  const { endpoint, target } = live.lane.state;
  const attributes: Attributes = {
    [ATTR.organizationId]: endpoint.organizationId,
    [ATTR.eventId]: event.id,
    [ATTR.eventType]: event.type,
    [ATTR.deliveryId]: attempt.deliveryId,
    [ATTR.endpointId]: attempt.endpointId,
    [ATTR.attemptId]: attempt.id,
    [ATTR.attemptNumber]: attempt.number,
    [ATTR.waitMs]: Math.max(0, attempt.startedAt - live.dueAt),
    [ATTR.outcome]: next.kind,
    [ATTR.ringVersion]: attempt.ringVersion,
    [ATTR.keyIds]: attempt.keyIds === '' ? [] : attempt.keyIds.split(' '),
  };
  if (next.kind === 'retry') attributes[ATTR.retryAfterMs] = Math.max(0, Math.round(next.dueAt - endMs));
  if (next.kind === 'dead') attributes[ATTR.deadReason] = next.reason;
  addHttp(attributes, attempt, target?.url ?? null);
  addPhases(attributes, attempt);
  return attributes;
}

function addHttp(attributes: Attributes, attempt: Attempt, url: URL | null): void {
  const { responseStatus: status, errorKind, number } = attempt;
  attributes[ATTR_HTTP_REQUEST_METHOD] = HTTP_METHOD;
  if (number > 1) attributes[ATTR_HTTP_REQUEST_RESEND_COUNT] = number - 1;
  if (url !== null) {
    attributes[ATTR_SERVER_ADDRESS] = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const port = url.port === '' ? PORT_BY_SCHEME[url.protocol] : Number(url.port);
    if (port !== undefined) attributes[ATTR_SERVER_PORT] = port;
  }
  if (status !== null) attributes[ATTR_HTTP_RESPONSE_STATUS_CODE] = status;
  if (errorKind !== null) attributes[ATTR_ERROR_TYPE] = errorKind;
  else if (status !== null && (status < 200 || status >= 300)) attributes[ATTR_ERROR_TYPE] = String(status);
}

/** What a kept connection did not need is left out. */
function addPhases(attributes: Attributes, { phases }: Attempt): void {
  if (phases.dnsMs !== null) attributes[ATTR.dnsMs] = phases.dnsMs;
  if (phases.connectMs !== null) attributes[ATTR.connectMs] = phases.connectMs;
  if (phases.tlsMs !== null) attributes[ATTR.tlsMs] = phases.tlsMs;
  if (phases.firstByteMs !== null) attributes[ATTR.firstByteMs] = phases.firstByteMs;
}
