import type { Registry } from 'prom-client';
import { remembered } from './cells.ts';
import type { Log } from './log.ts';
import { type CounterCell, counterFamily, type HistogramCell, histogramFamily } from './tally.ts';

const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10];
const STATUS_CLASSES_MAX = 6;

type Who = { readonly organizationId: string; readonly actor: string };

export type RequestMetrics = ReturnType<typeof createRequestMetrics>;

/** Counts and logs what the HTTP surfaces answered. Dialects and operations are those of routes, so labels are few. */
export function createRequestMetrics(registry: Registry, log: Log, monotonic: () => number) {
  const requests = counterFamily<'dialect' | 'operation' | 'status'>(registry, {
    name: 'hookring_http_requests_total',
    help: 'Requests that were answered, by dialect, operation and class of status.',
  });
  const seconds = histogramFamily<'dialect' | 'operation'>(registry, {
    name: 'hookring_http_request_duration_seconds',
    help: 'From the head of a request to its answer, the reading of its body included.',
    bounds: REQUEST_SECONDS,
  });
  const limited = counterFamily<'dialect'>(registry, {
    name: 'hookring_http_requests_rate_limited_total',
    help: 'Requests refused because their caller made too many.',
  });
  const limitedOf = remembered((dialect) => limited({ dialect }));
  const isLogged = log.isLevelEnabled('debug');
  return {
    monotonic,
    rateLimited(dialect: string): void {
      limitedOf(dialect).count += 1;
    },
    /** One operation of one dialect. Its series begin with its first request: most operations are never asked for. */
    route(dialect: string, operation: string) {
      const counts: (CounterCell | undefined)[] = Array.from({ length: STATUS_CLASSES_MAX });
      let duration: HistogramCell | null = null;
      return {
        /** Null for what was not timed or for nobody known. Allocates nothing unless the log wants a line. */
        answered(status: number, durationMs: number | null, requestId: string, who: Who | null): void {
          const at = Math.min(STATUS_CLASSES_MAX - 1, Math.trunc(status / 100));
          const count = (counts[at] ??= requests({ dialect, operation, status: `${at}xx` }));
          count.count += 1;
          if (durationMs !== null) {
            duration ??= seconds({ dialect, operation });
            duration.observe(durationMs / 1_000);
          }
          if (!isLogged) return;
          const fields = { requestId, dialect, operation, status, durationMs: tenths(durationMs) };
          log.debug({ ...fields, organizationId: who?.organizationId, actor: who?.actor }, 'request answered');
        },
      };
    },
  };
}

function tenths(durationMs: number | null): number | null {
  return durationMs === null ? null : Math.round(durationMs * 10) / 10;
}
