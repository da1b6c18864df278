import type { Registry } from 'prom-client';
import type { Log } from '../log.ts';
import { type CounterCell, counterFamily } from '../tally.ts';
import type { DropReason, SpanQueueEvents } from './span-queue.ts';

const DROP_REASONS: readonly DropReason[] = ['queue_full', 'batch_limit', 'unreachable', 'refused', 'stopped'];

/** What tracing tells of itself. Its metrics exist only while it is on. */
export function createTraceEvents(log: Pick<Log, 'info' | 'warn'>, registry: Registry): SpanQueueEvents {
  const exported = counterFamily<never>(registry, {
    name: 'hookring_trace_spans_exported_total',
    help: 'Spans that the collector of traces took.',
  })({});
  const dropped = counterFamily<'reason'>(registry, {
    name: 'hookring_trace_spans_dropped_total',
    help: 'Spans that never reached the collector of traces, by reason.',
  });
  const cells = new Map<DropReason, CounterCell>(DROP_REASONS.map((reason) => [reason, dropped({ reason })]));
  return {
    exported(spans) {
      exported.count += spans;
    },
    dropped(reason, spans) {
      const cell = cells.get(reason);
      if (cell !== undefined) cell.count += spans;
    },
    collectorFailing(reason) {
      log.warn({ reason }, 'the collector of traces does not take spans; deliveries go on, spans are dropped');
    },
    collectorRecovered() {
      log.info({}, 'the collector of traces takes spans again');
    },
  };
}
