import {
  type Attributes,
  type HrTime,
  type Link,
  type SpanContext,
  type SpanKind,
  SpanStatusCode,
} from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { hrTime } from './trace-time.ts';

/** What every span of this process shares. */
export type SpanOrigin = {
  readonly resource: Resource;
  readonly instrumentationScope: ReadableSpan['instrumentationScope'];
};

export type SpanFields = {
  readonly name: 'accept' | 'commit' | 'attempt';
  readonly kind: SpanKind;
  readonly traceId: string;
  readonly spanId: string;
  /** null: the root of its trace. */
  readonly parentSpanId: string | null;
  /** Epoch milliseconds with their fraction. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  readonly failed: boolean;
  readonly link?: SpanContext | null;
};

/** Sampled, and its id is random enough to sample by (W3C Trace Context, level 2). */
const TRACE_FLAGS = 0b11;
const ERROR = { code: SpanStatusCode.ERROR } as const;
const UNSET = { code: SpanStatusCode.UNSET } as const;

/** A span that is over: made from times that were taken before, so the SDK's tracer, which measures, has no part in it. */
export class FinishedSpan implements ReadableSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly duration: HrTime;
  readonly status: ReadableSpan['status'];
  readonly attributes: Attributes;
  readonly links: Link[];
  readonly events: ReadableSpan['events'] = [];
  readonly ended = true;
  readonly resource: Resource;
  readonly instrumentationScope: ReadableSpan['instrumentationScope'];
  readonly droppedAttributesCount = 0;
  readonly droppedEventsCount = 0;
  readonly droppedLinksCount = 0;
  readonly #context: SpanContext;

  constructor(origin: SpanOrigin, fields: SpanFields) {
    const { traceId, startMs } = fields;
    const endMs = Math.max(startMs, fields.endMs);
    this.name = fields.name;
    this.kind = fields.kind;
    this.#context = { traceId, spanId: fields.spanId, traceFlags: TRACE_FLAGS };
    if (fields.parentSpanId !== null) {
      this.parentSpanContext = { traceId, spanId: fields.parentSpanId, traceFlags: TRACE_FLAGS };
    }
    this.startTime = hrTime(startMs);
    this.endTime = hrTime(endMs);
    this.duration = hrTime(endMs - startMs);
    this.status = fields.failed ? ERROR : UNSET;
    this.attributes = fields.attributes;
    this.links = fields.link === null || fields.link === undefined ? [] : [{ context: fields.link }];
    this.resource = origin.resource;
    this.instrumentationScope = origin.instrumentationScope;
  }

  spanContext(): SpanContext {
    return this.#context;
  }
}
