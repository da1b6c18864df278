import type { Registry } from 'prom-client';
import { type Clock, systemClock } from '../domain/clock.ts';
import { createEvents, type TelemetryEvents } from './events.ts';
import { type GaugeSources, registerGauges } from './gauges.ts';
import { createLog, type Log, type LogOptions } from './log.ts';
import { createMetrics, createRegistry } from './metrics.ts';
import { registerProcessMetrics } from './process-metrics.ts';
import { createRequestMetrics, type RequestMetrics } from './request-metrics.ts';

export type Telemetry = {
  readonly log: Log;
  /** `await registry.metrics()` is the body of `/metrics`, `registry.contentType` its type. */
  readonly registry: Registry;
  readonly events: TelemetryEvents;
  /** What the HTTP surfaces tell. */
  readonly requests: RequestMetrics;
  /** Adds what is looked up at each scrape; called once everything that it reads from exists. */
  observe(sources: GaugeSources & { readonly version: string }): void;
};

export function createTelemetry(options: LogOptions & { readonly clock?: Clock }): Telemetry {
  const { clock = systemClock } = options;
  const log = createLog(options);
  const registry = createRegistry();
  return {
    log,
    registry,
    events: createEvents(log, createMetrics(registry), clock),
    requests: createRequestMetrics(registry, log, clock.monotonic),
    observe(sources) {
      registerGauges(registry, sources);
      registerProcessMetrics(registry, sources.version);
    },
  };
}
