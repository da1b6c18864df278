import { describe, expect, it } from 'vitest';
import type { Store } from '../store/port.ts';
import { createScheduler } from './scheduler.ts';
import { SILENT_TELEMETRY } from './telemetry.ts';
import { inWorld } from './testing/in-world.ts';
import { VirtualTime } from './testing/virtual-time.ts';

function schedulerOf(time: VirtualTime, failures: string[] = [], takeJob: Store['takeJob'] = async () => true) {
  const telemetry = { ...SILENT_TELEMETRY, jobFailed: (name: string) => failures.push(name) };
  return createScheduler({ clock: time, timers: time, random: () => 0, telemetry, store: { takeJob } });
}

describe('a job', () => {
  it('runs once per period, step by step until nothing is left', async () => {
    const time = new VirtualTime(0);
    const scheduler = schedulerOf(time);
    let left = 0;
    let steps = 0;
    scheduler.add({
      name: 'a',
      periodMs: 1_000,
      step: async () => {
        steps += 1;
        left -= 1;
        return { changed: 1, more: left > 0 };
      },
    });
    scheduler.start();
    await time.advance(999);
    expect(steps).toBe(0);
    left = 5;
    await time.advance(1);
    expect(steps).toBe(5);
    await time.advance(1_000);
    expect(steps).toBe(6);
    await scheduler.stop();
    await time.advance(5_000);
    expect(steps).toBe(6);
  });

  it('rests after many steps even when more is left, and goes on soon', async () => {
    const time = new VirtualTime(0);
    const scheduler = schedulerOf(time);
    let steps = 0;
    scheduler.add({
      name: 'a',
      periodMs: 60_000,
      step: async () => {
        steps += 1;
        return { changed: 1, more: true };
      },
    });
    scheduler.start();
    await time.advance(60_000);
    expect(steps).toBe(50);
    await time.advance(1_000);
    expect(steps).toBe(100);
    await scheduler.stop();
  });

  it('never overlaps itself: asked for during a run, it runs again afterwards', async () => {
    const time = new VirtualTime(0);
    const scheduler = schedulerOf(time);
    let running = 0;
    let runs = 0;
    scheduler.add({
      name: 'a',
      periodMs: 10,
      step: async () => {
        running += 1;
        expect(running).toBe(1);
        await new Promise<void>((resolve) => time.setTimeout(resolve, 35));
        running -= 1;
        runs += 1;
        return { changed: 0, more: false };
      },
    });
    scheduler.start();
    await time.advance(12);
    const asked = [scheduler.runNow('a'), scheduler.runNow('a')];
    await time.advance(200);
    await Promise.all(asked);
    expect(runs).toBeGreaterThanOrEqual(3);
    const stopped = scheduler.stop();
    await time.advance(100);
    await stopped;
    expect(running).toBe(0);
  });

  it('that fails is told about and runs again; asked for by name, it fails to who asked', async () => {
    const time = new VirtualTime(0);
    const failures: string[] = [];
    const scheduler = schedulerOf(time, failures);
    let broken = true;
    let runs = 0;
    scheduler.add({
      name: 'a',
      periodMs: 10,
      step: async () => {
        if (broken) throw new Error('broken');
        runs += 1;
        return { changed: 0, more: false };
      },
    });
    scheduler.start();
    await time.advance(10);
    expect(failures).toEqual(['a']);
    await expect(scheduler.runNow('a')).rejects.toThrow('broken');
    broken = false;
    await time.advance(10);
    expect(runs).toBe(1);
    await expect(scheduler.runNow('b')).rejects.toThrow();
    expect(() => scheduler.add({ name: 'a', periodMs: 1, step: async () => ({ changed: 0, more: false }) })).toThrow();
    await scheduler.stop();
  });
});

describe('a job of many nodes', () => {
  /** A store that says which node holds a job. */
  function shared(time: VirtualTime) {
    const holds = new Map<string, { readonly node: string; readonly until: number }>();
    const steps: { readonly node: string; readonly at: number }[] = [];
    function node(name: string, stepMs = 0) {
      const takeJob = async (job: string, forMs: number): Promise<boolean> => {
        const held = holds.get(job);
        if (held !== undefined && held.node !== name && time.monotonic() < held.until) return false;
        holds.set(job, { node: name, until: time.monotonic() + forMs });
        return true;
      };
      const scheduler = schedulerOf(time, [], takeJob);
      let left = 0;
      scheduler.add({
        name: 'a',
        periodMs: 10_000,
        step: async () => {
          steps.push({ node: name, at: time.monotonic() });
          await new Promise<void>((resolve) => time.setTimeout(resolve, stepMs));
          left -= 1;
          return { changed: 1, more: left > 0 };
        },
      });
      return { scheduler, give: (work: number) => (left = work) };
    }
    return { node, steps };
  }

  it('runs on one of them, and on another once that one is gone', async () => {
    const time = new VirtualTime(0);
    const { node, steps } = shared(time);
    const [first, second] = [node('first'), node('second')];
    first.scheduler.start();
    await time.advance(1);
    second.scheduler.start();
    await time.advance(60_000);
    expect(new Set(steps.map((step) => step.node))).toEqual(new Set(['first']));
    expect(steps).toHaveLength(6);
    await first.scheduler.stop();
    await time.advance(40_000);
    expect(steps.at(-1)?.node).toBe('second');
    await second.scheduler.stop();
  });

  it('stays where it runs, however long that takes', async () => {
    const time = new VirtualTime(0);
    const { node, steps } = shared(time);
    const [first, second] = [node('first', 3_000), node('second', 3_000)];
    first.give(40);
    first.scheduler.start();
    await time.advance(1);
    second.scheduler.start();
    await time.advance(100_000);
    expect(steps.length).toBeGreaterThan(25);
    expect(new Set(steps.map((step) => step.node))).toEqual(new Set(['first']));
    const stopped = [first.scheduler.stop(), second.scheduler.stop()];
    await time.advance(5_000);
    await Promise.all(stopped);
  });

  it('ends where another node took it meanwhile', async () => {
    const time = new VirtualTime(0);
    let answers = 0;
    const scheduler = schedulerOf(time, [], async () => ++answers === 1);
    let steps = 0;
    scheduler.add({
      name: 'a',
      periodMs: 1_000,
      step: async () => {
        steps += 1;
        await new Promise<void>((resolve) => time.setTimeout(resolve, 2_000));
        return { changed: 1, more: true };
      },
    });
    const run = scheduler.runNow('a');
    await time.advance(60_000);
    await run;
    expect(steps).toBe(3);
    await scheduler.stop();
  });
});

describe('housekeeping', () => {
  it(
    'ends what was held for too long',
    inWorld({ settings: { autoSuspendAttempts: 1, autoSuspendHours: 0 } }, async (world) => {
      const endpoint = await world.addEndpoint();
      world.sender.script = () => ({ status: 500 });
      await world.accept();
      await world.time.advance(10);
      expect((await world.currentEndpoint(endpoint.id)).status.kind).toBe('suspended');
      await world.time.leap(71 * 3_600_000);
      await world.engine.scheduler.runNow('expire_held');
      expect(await world.deliveries()).toMatchObject([{ state: { kind: 'retrying' } }]);
      await world.time.leap(2 * 3_600_000);
      await world.engine.scheduler.runNow('expire_held');
      expect(await world.deliveries()).toMatchObject([{ state: { kind: 'dead', reason: 'held_too_long' } }]);
    }),
  );

  it(
    'removes events past retention, but none that is still owed',
    inWorld({ settings: { retentionDays: 1 } }, async (world) => {
      const done = await world.addEndpoint({ eventTypes: ['done'] });
      await world.addEndpoint({ eventTypes: ['owed'], retrySchedule: [7 * 86_400, 1] });
      world.sender.script = ({ url }) => ({ status: url === done.url ? 200 : 500 });
      const outcome = await world.accept(world.event({ type: 'done' }), world.event({ type: 'owed' }));
      if (outcome.kind !== 'accepted') throw new Error('not accepted');
      const ids = outcome.events.map((each) => each.id);
      await world.time.advance(10);
      await world.time.leap(2 * 86_400_000);
      await world.engine.scheduler.runNow('prune_events');
      expect(await world.store.reader.event(world.organizationId, ids[0]!)).toBeNull();
      expect(await world.store.reader.event(world.organizationId, ids[1]!)).not.toBeNull();
    }),
  );

  it(
    'has a job for everything that grows',
    inWorld({}, async (world) => {
      for (const name of ['cancel_archived', 'prune_idempotency', 'purge_secrets', 'reap_leases', 'upkeep']) {
        await world.engine.scheduler.runNow(name);
      }
    }),
  );
});
