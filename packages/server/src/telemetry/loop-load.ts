import { performance } from 'node:perf_hooks';

/** Tells at each call which share of the time since the one before this thread worked: 0 at rest, 1 without a pause. */
export function loopLoad(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}
