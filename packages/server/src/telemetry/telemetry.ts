import type { Registry } from 'prom-client';
import { createEvents, type TelemetryEvents } from './events.ts';
import { createLog, type Log, type LogOptions } from './log.ts';
import { createMetrics, createRegistry, type GaugeSources, registerGauges } from './metrics.ts';

export type Telemetry = {
  readonly log: Log;
  /** `await registry.metrics()` is the body of `/metrics`, `registry.contentType` its type. */
  readonly registry: Registry;
  readonly events: TelemetryEvents;
  /** Adds the gauges; called once everything that they read from exists. */
  observe(sources: GaugeSources): void;
};

export function createTelemetry(options: LogOptions): Telemetry {
  const log = createLog(options);
  const registry = createRegistry();
  return {
    log,
    registry,
    events: createEvents(log, createMetrics(registry)),
    observe: (sources) => registerGauges(registry, sources),
  };
}
