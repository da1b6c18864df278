import { type Attributes, type SpanContext, SpanKind } from '@opentelemetry/api';
import { ATTR_ERROR_TYPE, ATTR_HTTP_REQUEST_METHOD, ATTR_HTTP_ROUTE } from '@opentelemetry/semantic-conventions';
import type { Event } from '../../domain/event.ts';
import type { OrganizationId } from '../../domain/ids.ts';
import { ATTR } from './attributes.ts';
import type { RequestScope, TracedRequest } from './request-scope.ts';
import type { Sampler } from './sampler.ts';
import type { SpanFields } from './span.ts';
import { commitSpanIdOf, randomHex, traceIdsOf } from './trace-ids.ts';
import type { TraceTime } from './trace-time.ts';
import { parseTraceparent } from './traceparent.ts';

/** Events of one request that get spans of their acceptance; a batch of a thousand must not fill the queue at once. */
const TRACED_EVENTS_PER_REQUEST_MAX = 100;
const SPANS_PER_EVENT = 2;

export type AcceptedFacts = { readonly event: Event; readonly deliveries: { readonly length: number } };
export type AcceptedOutcome = { readonly kind: 'stored' } | { readonly kind: 'duplicate'; readonly key: string };
export type RefusedFacts = {
  readonly organizationId: OrganizationId;
  readonly events: number;
  readonly reason: string;
};

export type AcceptTools = {
  readonly sampler: Sampler;
  readonly ratio: number;
  readonly random: () => number;
  readonly scope: RequestScope;
  readonly time: TraceTime;
  readonly emit: (span: SpanFields) => void;
  readonly onLeftOut: (spans: number) => void;
};

type Commit = { readonly units: number; readonly durationMs: number; readonly endedAtMs: number };

/** The spans `accept`, the root of an event's trace, and `commit` below it. */
export class AcceptSpans {
  readonly #tools: AcceptTools;
  #lastCommit: Commit | null = null;

  constructor(tools: AcceptTools) {
    this.#tools = tools;
  }

  /** The store tells of a commit right before it answers those who wait for it. */
  committed(units: number, durationMs: number): void {
    this.#lastCommit = { units, durationMs, endedAtMs: this.#tools.time.nowMs() };
  }

  accepted(events: readonly AcceptedFacts[], outcomes: readonly AcceptedOutcome[], submittedAt: number): void {
    const { sampler, time, scope, onLeftOut } = this.#tools;
    let moment: Moment | null = null;
    let traced = 0;
    let leftOut = 0;
    for (const [index, facts] of events.entries()) {
      const outcome = outcomes[index];
      const isDuplicate = outcome?.kind === 'duplicate';
      const key = isDuplicate ? outcome.key : facts.event.key;
      if (!sampler(key)) continue;
      if (traced === TRACED_EVENTS_PER_REQUEST_MAX) {
        leftOut += isDuplicate ? 1 : SPANS_PER_EVENT;
        continue;
      }
      traced += 1;
      moment ??= momentOf(scope.current, time, submittedAt);
      if (isDuplicate) this.#emitDuplicate(facts, key, moment, events.length);
      else this.#emitStored(facts, moment, events.length);
    }
    if (leftOut > 0) onLeftOut(leftOut);
  }

  /** No event came of it, so it has a trace of its own. */
  refused({ organizationId, events, reason }: RefusedFacts): void {
    const { ratio, random, scope, time, emit } = this.#tools;
    if (random() >= ratio) return;
    const moment = momentOf(scope.current, time, null);
    emit({
      ...rootOf(moment),
      traceId: randomHex(random, 32),
      spanId: randomHex(random, 16),
      failed: true,
      attributes: {
        [ATTR.organizationId]: organizationId,
        [ATTR.requestEvents]: events,
        [ATTR.outcome]: reason,
        [ATTR_ERROR_TYPE]: reason,
        ...moment.attributes,
      },
    });
  }

  #emitStored(facts: AcceptedFacts, moment: Moment, requestEvents: number): void {
    const { emit } = this.#tools;
    const ids = traceIdsOf(facts.event.key);
    const attributes = {
      ...eventAttributes(facts, requestEvents, 'accepted'),
      [ATTR.deliveries]: facts.deliveries.length,
      ...moment.attributes,
    };
    emit({ ...rootOf(moment), traceId: ids.traceId, spanId: ids.acceptSpanId, attributes, failed: false });
    const commit = this.#commitOf(moment);
    emit({
      name: 'commit',
      kind: SpanKind.INTERNAL,
      traceId: ids.traceId,
      spanId: commitSpanIdOf(ids),
      parentSpanId: ids.acceptSpanId,
      startMs: moment.submittedMs,
      endMs: commit === null ? moment.endMs : commit.endedAtMs,
      attributes: commit === null ? {} : commitAttributes(commit, moment),
      failed: false,
    });
  }

  #emitDuplicate(facts: AcceptedFacts, key: string, moment: Moment, requestEvents: number): void {
    const { emit, random } = this.#tools;
    const { traceId, acceptSpanId } = traceIdsOf(key);
    emit({
      ...rootOf(moment),
      traceId,
      spanId: randomHex(random, 16),
      parentSpanId: acceptSpanId,
      attributes: { ...eventAttributes(facts, requestEvents, 'duplicate'), ...moment.attributes },
      failed: false,
    });
  }

  /** The last one, when it lies within the time waited; any other was not this one's. */
  #commitOf({ submittedMs }: Moment): Commit | null {
    const commit = this.#lastCommit;
    return commit === null || commit.endedAtMs - commit.durationMs < submittedMs ? null : commit;
  }
}

function commitAttributes(commit: Commit, { submittedMs }: Moment): Attributes {
  const queueMs = commit.endedAtMs - commit.durationMs - submittedMs;
  return { [ATTR.commitUnits]: commit.units, [ATTR.commitQueueMs]: Math.round(queueMs * 1_000) / 1_000 };
}

/** What all events of a request share. */
type Moment = {
  readonly startMs: number;
  readonly submittedMs: number;
  readonly endMs: number;
  readonly link: SpanContext | null;
  readonly attributes: Attributes;
};

function momentOf(request: TracedRequest | null, time: TraceTime, submittedAt: number | null): Moment {
  const endMs = time.nowMs();
  const submittedMs = submittedAt === null ? endMs : time.epochMs(submittedAt);
  if (request === null) return { startMs: submittedMs, submittedMs, endMs, link: null, attributes: {} };
  const caller = request.traceparent === undefined ? null : parseTraceparent(request.traceparent);
  return {
    startMs: time.epochMs(request.arrivedAt),
    submittedMs,
    endMs,
    link: caller === null ? null : { ...caller, isRemote: true },
    attributes: {
      [ATTR.requestId]: request.requestId,
      [ATTR_HTTP_REQUEST_METHOD]: request.method,
      ...(request.route === undefined ? {} : { [ATTR_HTTP_ROUTE]: request.route }),
    },
  };
}

function rootOf({ startMs, endMs, link }: Moment): Omit<SpanFields, 'traceId' | 'spanId' | 'attributes' | 'failed'> {
  return { name: 'accept', kind: SpanKind.SERVER, parentSpanId: null, startMs, endMs, link };
}

function eventAttributes({ event }: AcceptedFacts, requestEvents: number, outcome: string): Attributes {
  return {
    [ATTR.organizationId]: event.organizationId,
    [ATTR.eventId]: event.id,
    [ATTR.eventType]: event.type,
    [ATTR.payloadBytes]: event.payload.length,
    [ATTR.requestEvents]: requestEvents,
    [ATTR.outcome]: outcome,
  };
}
