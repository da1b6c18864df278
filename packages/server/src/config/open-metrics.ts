import type { Clock } from '../domain/clock.ts';
import { STORE_QUEUE_BYTES_MAX, STORE_QUEUE_UNITS_MAX } from '../domain/limits.ts';
import type { Engine } from '../engine/engine.ts';
import { type MetricsSource, metricsGate } from '../http/metrics-gate.ts';
import { listenForMetrics, type MetricsListener } from '../http/metrics-listener.ts';
import { createRequestIds } from '../http/request-id.ts';
import type { Store } from '../store/port.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Config } from './settings.ts';
import { readVersion } from './version.ts';

type MetricsConfig = Pick<Config, 'metricsAddress' | 'metricsToken'>;

/** Tells the metrics where to look at each scrape. */
export function observe(
  telemetry: Telemetry,
  { engine, store, clock }: { readonly engine: Engine; readonly store: Store; readonly clock: Clock },
): void {
  telemetry.observe({
    engine: () => engine.figures(),
    lanes: async () => await engine.laneFigures(),
    store: async () => await store.reader.figures(clock.now()),
    space: async () => await store.space(),
    queueRoom: () => store.room,
    queueMax: { units: STORE_QUEUE_UNITS_MAX, bytes: STORE_QUEUE_BYTES_MAX },
    now: clock.now,
    version: readVersion(),
  });
}

/** What the main port shows at `/metrics`; null when they have an address of their own. */
export function metricsOfMainPort(config: MetricsConfig, { registry }: Telemetry): MetricsSource | null {
  if (config.metricsAddress !== null) return null;
  return { registry: sharing(registry), gate: metricsGate(config.metricsToken, 'this machine') };
}

/** Null unless they have an address of their own. */
export async function openMetricsListener(
  config: MetricsConfig,
  telemetry: Telemetry,
): Promise<MetricsListener | null> {
  if (config.metricsAddress === null) return null;
  return await listenForMetrics(config.metricsAddress, {
    registry: sharing(telemetry.registry),
    gate: metricsGate(config.metricsToken, 'anyone'),
    requestIds: createRequestIds({ now: Date.now, random: Math.random }),
    onCrash: (error, { requestId }) => telemetry.events.fault('metrics', error, requestId),
  });
}

/** Scrapes at the same time get the same text: however many ask, it is made once. */
function sharing(registry: Telemetry['registry']): MetricsSource['registry'] {
  let making: Promise<string> | null = null;
  return {
    contentType: registry.contentType,
    async metrics() {
      making ??= registry.metrics().finally(() => {
        making = null;
      });
      return await making;
    },
  };
}
