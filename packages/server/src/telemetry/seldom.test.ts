import { describe, expect, it } from 'vitest';
import { createTelemetry } from './telemetry.ts';

const UNAVAILABLE = new Error('store unavailable: commit_failed');

function create() {
  const lines: string[] = [];
  let now = 0;
  const clock = { now: () => 0, monotonic: () => now };
  const { events, registry } = createTelemetry({
    level: 'info',
    destination: { write: (line) => lines.push(line) },
    clock,
  });
  return {
    events,
    registry,
    told: () => lines.splice(0).map((line) => JSON.parse(line)),
    advance: (milliseconds: number) => void (now += milliseconds),
  };
}

describe('while the store takes nothing', () => {
  it('what fails for the same reason is told of once a minute, with how often it was not', async () => {
    const { events, registry, told, advance } = create();
    for (let second = 0; second < 60; second += 1) {
      events.storeRefused('take', UNAVAILABLE);
      events.jobFailed(second % 2 === 0 ? 'reap_leases' : 'upkeep', UNAVAILABLE);
      advance(1_000);
    }
    expect(told()).toMatchObject([
      { operation: 'take', untold: 0 },
      { job: 'reap_leases', untold: 0 },
    ]);
    events.storeRefused('claim', UNAVAILABLE);
    events.jobFailed('upkeep', UNAVAILABLE);
    expect(told()).toMatchObject([
      { operation: 'claim', untold: 59 },
      { job: 'upkeep', untold: 59 },
    ]);
    const text = await registry.metrics();
    expect(text).toContain('hookring_store_refusals_total{operation="take"} 60');
    expect(text).toContain('hookring_job_failures_total{name="upkeep"} 31');
  });

  it('another reason is told of at once, and reasons without end take no memory', () => {
    const { events, told } = create();
    events.jobFailed('upkeep', UNAVAILABLE);
    events.jobFailed('upkeep', new Error('another'));
    events.jobFailed('upkeep', 'no error');
    expect(told()).toHaveLength(3);
    for (let number = 0; number < 1_000; number += 1) events.jobFailed('upkeep', new Error(`number ${number}`));
    expect(told()).toHaveLength(1_000);
    // Forgotten meanwhile, so it is told of again.
    events.jobFailed('upkeep', UNAVAILABLE);
    expect(told()).toHaveLength(1);
  });

  it('says when it works again in whole milliseconds', () => {
    const { events, told } = create();
    events.storeWorksAgain(31_549.459);
    expect(told()).toMatchObject([{ afterMs: 31_549 }]);
  });
});
