import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';
import type { Attempt } from '../../domain/attempt.ts';
import type { Clock, Random, Timers } from '../../domain/clock.ts';
import { type AcceptedFacts, type AcceptedOutcome, AcceptSpans, type RefusedFacts } from './accept-spans.ts';
import { type AttemptedFacts, emitAttempt, type NextFacts } from './attempt-spans.ts';
import { encodeSpans, rejectedSpansOf } from './encoder.ts';
import { createRequestScope, type RequestScope } from './request-scope.ts';
import { createSampler } from './sampler.ts';
import { FinishedSpan, type SpanFields, type SpanOrigin } from './span.ts';
import { type Collector, SpanQueue, type SpanQueueEvents } from './span-queue.ts';
import { TraceTime } from './trace-time.ts';

const NAME = 'hookring';

/** Takes encoded spans to the collector. */
export type Carrier = {
  post(
    body: Uint8Array,
  ): Promise<
    | { readonly kind: 'taken'; readonly answer: Uint8Array }
    | { readonly kind: 'refused'; readonly status: number }
    | { readonly kind: 'unreachable'; readonly reason: string; readonly retryAfterMs: number | null }
  >;
  destroy(): Promise<void>;
};

export type TracingOptions = {
  /** The share of events that are traced: 0 to 1. */
  readonly ratio: number;
  readonly carrier: Carrier;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly version: string;
  /** Names this process among those of the same service. */
  readonly instanceId: string;
  readonly events: SpanQueueEvents;
  readonly onFault: (where: string, error: unknown) => void;
};

/** What the engine, the store and the HTTP server tell; nothing of it ever throws or waits. */
export type Tracing = {
  readonly requests: RequestScope;
  accepted(events: readonly AcceptedFacts[], outcomes: readonly AcceptedOutcome[], submittedAt: number): void;
  acceptRefused(refused: RefusedFacts): void;
  attempted(live: AttemptedFacts, attempt: Attempt, next: NextFacts): void;
  committed(units: number, durationMs: number): void;
  /** Brings what is left to the collector, for a short while. */
  stop(): Promise<void>;
};

export function createTracing(options: TracingOptions): Tracing {
  const { clock, timers, events, onFault } = options;
  const origin = originOf(options);
  const time = new TraceTime(clock);
  const sampler = createSampler(options.ratio);
  const requests = createRequestScope();
  const queue = new SpanQueue({
    collector: collectorOf(options.carrier, onFault),
    timers,
    events,
  });
  const emit = (fields: SpanFields): void => queue.add(new FinishedSpan(origin, fields));
  const accepts = new AcceptSpans({
    sampler,
    ratio: options.ratio,
    random: options.random,
    scope: requests,
    time,
    emit,
    onLeftOut: (spans) => events.dropped('batch_limit', spans),
  });
  const attempts = { sampler, time, emit };
  return {
    requests,
    // A defect in here costs a span, never a delivery.
    accepted(accepted, outcomes, submittedAt) {
      try {
        accepts.accepted(accepted, outcomes, submittedAt);
      } catch (error) {
        onFault('tracing', error);
      }
    },
    acceptRefused(refused) {
      try {
        accepts.refused(refused);
      } catch (error) {
        onFault('tracing', error);
      }
    },
    attempted(live, attempt, next) {
      try {
        emitAttempt(attempts, live, attempt, next);
      } catch (error) {
        onFault('tracing', error);
      }
    },
    committed: (units, durationMs) => accepts.committed(units, durationMs),
    stop: async () => await queue.stop(),
  };
}

function originOf({ version, instanceId }: TracingOptions): SpanOrigin {
  return {
    resource: resourceFromAttributes({
      [ATTR_SERVICE_NAME]: NAME,
      [ATTR_SERVICE_VERSION]: version,
      [ATTR_SERVICE_INSTANCE_ID]: instanceId,
    }),
    instrumentationScope: { name: NAME, version },
  };
}

function collectorOf(carrier: Carrier, onFault: TracingOptions['onFault']): Collector {
  return {
    async post(spans: readonly ReadableSpan[]) {
      try {
        const result = await carrier.post(encodeSpans(spans));
        if (result.kind === 'taken') return { kind: 'taken', rejected: rejectedSpansOf(result.answer, spans.length) };
        if (result.kind === 'refused') return { kind: 'refused', reason: `status ${result.status}` };
        return result;
      } catch (error) {
        // These spans would fail again.
        onFault('tracing', error);
        return { kind: 'refused', reason: 'encoding' };
      }
    },
    destroy: async () => await carrier.destroy(),
  };
}
