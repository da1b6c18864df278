import { randomUUID } from 'node:crypto';
import { systemClock, systemTimers } from '../domain/clock.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Tracing } from '../telemetry/tracing/create-tracing.ts';
import { tracesUrl } from './parse-tracing.ts';
import type { Config } from './settings.ts';
import { readVersion } from './version.ts';

/** One post to the collector, from the look-up of its name to the last byte of its answer. */
const POST_MS_MAX = 5_000;

/** Null unless it is configured: then nothing of it is even loaded. */
export async function openTracing(config: Config, telemetry: Telemetry): Promise<Tracing | null> {
  const { otlpEndpoint, otlpHeaders, traceRatio } = config;
  if (otlpEndpoint === null) return null;
  const [{ createTracing }, { createTraceEvents }, { OTLP_CONTENT_TYPE }, { createCollectorClient }] =
    await Promise.all([
      import('../telemetry/tracing/create-tracing.ts'),
      import('../telemetry/tracing/trace-events.ts'),
      import('../telemetry/tracing/encoder.ts'),
      import('../net/collector-client.ts'),
    ]);
  const version = readVersion();
  return createTracing({
    ratio: traceRatio,
    carrier: createCollectorClient({
      url: tracesUrl(otlpEndpoint),
      headers: otlpHeaders ?? [],
      contentType: OTLP_CONTENT_TYPE,
      userAgent: `Hookring/${version}`,
      deadlineMs: POST_MS_MAX,
    }),
    clock: systemClock,
    timers: systemTimers,
    random: Math.random,
    version,
    instanceId: randomUUID(),
    events: createTraceEvents(telemetry.log, telemetry.registry),
    onFault: (where, error) => telemetry.events.fault(where, error),
  });
}

type CommitListener = { storeCommitted(units: number, durationMs: number): void };

/** Lets traces know of commits, too. */
export function withCommitsTraced<T extends CommitListener>(events: T, tracing: Tracing | null): T {
  if (tracing === null) return events;
  return {
    ...events,
    storeCommitted(units: number, durationMs: number): void {
      events.storeCommitted(units, durationMs);
      tracing.committed(units, durationMs);
    },
  };
}
