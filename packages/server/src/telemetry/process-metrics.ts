import { performance } from 'node:perf_hooks';
import type { Registry } from 'prom-client';
import { histogram } from './cells.ts';
import { gauge, readCounter } from './tally.ts';

const SAMPLE_MS = 50;
const DELAY_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** What this program is, and whether its event loop gets round. */
export function registerProcessMetrics(registry: Registry, version: string): void {
  const node = process.version;
  gauge(registry, { name: 'hookring_build_info', help: 'Always 1; the labels say what runs.' }, () => [
    { labels: { version, node }, value: 1 },
  ]);
  readCounter(
    registry,
    {
      name: 'hookring_event_loop_busy_seconds_total',
      help: 'Time that the event loop spent working instead of waiting; its rate is the share of one core.',
    },
    () => performance.eventLoopUtilization().active / 1_000,
  );
  const delay = histogram(
    registry,
    'hookring_event_loop_delay_seconds',
    `By how much a timer came late that runs every ${SAMPLE_MS} ms: what any callback may have to wait.`,
    DELAY_SECONDS,
  );
  // Counted, not reset at each scrape as the figures of prom-client are: several may scrape.
  let expectedAt = performance.now() + SAMPLE_MS;
  setInterval(() => {
    const now = performance.now();
    delay.observe(Math.max(0, now - expectedAt) / 1_000);
    expectedAt = now + SAMPLE_MS;
  }, SAMPLE_MS).unref();
}
