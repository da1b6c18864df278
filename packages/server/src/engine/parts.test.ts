import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UNTRIED } from '../domain/endpoint.ts';
import { Alarm } from './alarm.ts';
import { Budget, type LaneMode } from './budget.ts';
import { EndpointState } from './endpoint-state.ts';
import { Fifo } from './fifo.ts';
import { Lane } from './lane.ts';
import { ModeQueues } from './mode-queues.ts';
import { afterOutcome, quickestOf, Throughput, widened } from './pace.ts';
import { VirtualTime } from './testing/virtual-time.ts';
import { World } from './testing/world.ts';
import { TokenBucket } from './token-bucket.ts';
import { WakeQueue } from './wake-queue.ts';

const MEMORY = {
  deliveries: new Budget(1_000, { overdraft: false }),
  bytes: new Budget(1_000_000, { overdraft: false }),
};

describe('a fifo', () => {
  it('gives out in order what an array would, cuts included', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('push' as const), count: fc.integer({ min: 1, max: 100 }) }),
      fc.record({ kind: fc.constant('shift' as const), count: fc.integer({ min: 1, max: 100 }) }),
      fc.record({ kind: fc.constant('cut' as const), count: fc.integer({ min: 0, max: 20 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const fifo = new Fifo<number>();
        let model: number[] = [];
        let next = 0;
        for (const { kind, count } of steps) {
          if (kind === 'cut') {
            expect(fifo.cut(count)).toEqual(model.slice(count));
            model = model.slice(0, count);
          } else {
            for (let index = 0; index < count; index += 1) {
              if (kind === 'push') {
                fifo.push(next);
                model.push(next);
                next += 1;
              } else expect(fifo.shift()).toBe(model.shift());
            }
          }
          expect(fifo.size).toBe(model.length);
        }
      }),
    );
  });
});

describe('a budget', () => {
  it('keeps half for healthy lanes, an eighth for erring ones, and gives failing ones a quarter', () => {
    const budget = new Budget(80, { overdraft: false });
    const rooms = (): number[] => [budget.room('failing'), budget.room('unproven'), budget.room('healthy')];
    budget.take('failing', 20);
    expect(rooms()).toEqual([0, 10, 60]);
    budget.take('unproven', 10);
    expect(rooms()).toEqual([0, 0, 50]);
    expect(budget.room('erring')).toBe(10);
    budget.take('healthy', 50);
    expect(budget.room('healthy')).toBe(0);
    budget.move('healthy', 'failing', 50);
    expect([budget.isStrained('failing'), budget.isStrained('healthy')]).toEqual([true, false]);
    expect(budget.room('healthy')).toBe(0);
  });

  it('does not charge new lanes for what others hold that failed afterwards', () => {
    const budget = new Budget(100, { overdraft: false });
    budget.take('healthy', 80);
    budget.move('healthy', 'failing', 80);
    expect([budget.room('failing'), budget.room('unproven'), budget.room('healthy')]).toEqual([0, 12, 20]);
  });

  it('with overdraft lets healthy lanes have their half whatever the others hold, up to twice in all', () => {
    const budget = new Budget(100, { overdraft: true });
    budget.take('healthy', 100);
    budget.move('healthy', 'unproven', 100);
    expect(budget.room('healthy')).toBe(50);
    budget.take('healthy', 50);
    budget.move('healthy', 'unproven', 50);
    budget.take('healthy', 40);
    expect(budget.room('healthy')).toBe(10);
    expect(budget.room('erring')).toBe(10);
    expect(budget.room('unproven')).toBe(0);
  });

  it('says how scarce it is for lanes in a mode', () => {
    const budget = new Budget(80, { overdraft: false });
    const pressures = [];
    for (const amount of [40, 1, 30, 5]) {
      budget.take('healthy', amount);
      pressures.push(budget.pressure('healthy'));
    }
    expect(pressures).toEqual(['none', 'low', 'tight', 'full']);
    expect(budget.isScarce('healthy')).toBe(true);
  });

  it('notices what was never lent', () => {
    expect(() => new Budget(1, { overdraft: false }).give('healthy', 1)).toThrow();
  });
});

describe('the health of an endpoint', () => {
  const world = new World();

  it('gathers for the recorder, and failures from before a reset never count after it', () => {
    const state = new EndpointState(world.endpoint(), UNTRIED);
    expect([state.count(false, 10), state.count(false, 20)]).toEqual([true, false]);
    expect(state.health).toMatchObject({ consecutiveFailures: 2, failingSince: 10, lastFailureAt: 20 });
    state.replace({ ...state.endpoint, version: 2 }, true);
    expect(state.health).toMatchObject({ consecutiveFailures: 0, failingSince: null, lastFailureAt: 20 });
    state.count(false, 30);
    expect(state.takePending()).toMatchObject({ failures: 1, firstFailureAt: 30, failureAt: 30 });
    expect(state.takePending()).toBeNull();
  });

  it('takes no older row for a newer one', () => {
    const newer = { ...world.endpoint(), version: 3 };
    const state = new EndpointState(newer, UNTRIED);
    state.replace({ ...newer, version: 2, url: 'https://old.example/' }, false);
    expect(state.endpoint).toBe(newer);
  });
});

describe('a token bucket', () => {
  it('lets no more through in any second than its rate and one burst', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 200 }),
        (rate, waits) => {
          const bucket = new TokenBucket(rate);
          const passed: number[] = [];
          let now = 0;
          for (const wait of waits) {
            now += wait;
            const delay = bucket.take(now);
            if (delay === 0) passed.push(now);
            else expect(delay).toBeLessThanOrEqual(Math.ceil(1_000 / rate));
          }
          const burst = Math.ceil(Math.max(1, rate * 0.02));
          for (const at of passed) {
            expect(passed.filter((other) => other >= at && other < at + 1_000).length).toBeLessThanOrEqual(
              rate + burst,
            );
          }
        },
      ),
    );
  });

  it('has a token exactly when it said it would', () => {
    const bucket = new TokenBucket(3);
    expect(bucket.take(0)).toBe(0);
    let now = 0;
    for (let index = 0; index < 100; index += 1) {
      now += bucket.take(now);
      expect(bucket.take(now)).toBe(0);
    }
  });
});

describe('a wake queue', () => {
  it('wakes everyone at their own time, in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 50 }), async (delays) => {
        const time = new VirtualTime(1_000);
        const woken: number[] = [];
        const queue = new WakeQueue<number>(time, time, (at) => {
          expect(time.monotonic()).toBe(at);
          woken.push(at);
        });
        for (const delay of delays) queue.add(1_000 + delay, 1_000 + delay);
        await time.advance(500);
        expect(woken).toEqual(delays.map((delay) => 1_000 + delay).sort((a, b) => a - b));
        expect(queue.size).toBe(0);
      }),
      { numRuns: 20 },
    );
  });
});

describe('an alarm', () => {
  it('rings after as long as was to pass when it was set, wherever the wall clock goes', async () => {
    const time = new VirtualTime(1_000_000);
    const rung: number[] = [];
    const alarm = new Alarm(time, time, () => rung.push(time.monotonic()));
    alarm.setAt(time.now() + 500);
    time.stepWall(-600_000);
    await time.advance(1_000);
    expect(rung).toEqual([1_000_500]);
    alarm.setAt(time.now() + 500);
    await time.advance(1_000);
    expect(rung).toEqual([1_000_500, 1_001_500]);
  });
});

describe('what a lane may hold', () => {
  const world = new World();
  const laneWith = (options: { readonly held: number; readonly mode: LaneMode }): Lane => {
    const deliveries = new Budget(10_000, { overdraft: false });
    deliveries.take('healthy', options.held);
    const lane = new Lane(new EndpointState(world.endpoint(), UNTRIED), 64, { ...MEMORY, deliveries });
    lane.mode = options.mode;
    return lane;
  };

  it('follows what it has lately completed, within bounds', () => {
    const lane = laneWith({ held: 9_000, mode: 'healthy' });
    expect(lane.inMemoryMax).toBe(8);
    lane.throughput.begin(0);
    for (let at = 0; at < 10_000; at += 10) lane.throughput.add(100, at);
    expect(lane.inMemoryMax).toBeGreaterThan(190);
    expect(lane.inMemoryMax).toBeLessThanOrEqual(210);
    for (let at = 10_000; at < 20_000; at += 1) lane.throughput.add(100, at);
    expect(lane.inMemoryMax).toBeGreaterThan(1_900);
    expect(lane.inMemoryMax).toBeLessThanOrEqual(2_000);
    lane.bucket = new TokenBucket(20);
    expect(lane.inMemoryMax).toBe(40);
  });

  it('is little when next to nothing is left, and a burst while there is plenty', () => {
    const full = laneWith({ held: 9_900, mode: 'healthy' });
    for (let count = 0; count < 1_000; count += 1) full.throughput.add(100, 0);
    expect([full.inMemoryMax, full.slotsMax]).toEqual([8, 8]);
    const empty = laneWith({ held: 0, mode: 'healthy' });
    expect([empty.inMemoryMax, empty.slotsMax]).toEqual([256, 2_000]);
    empty.bucket = new TokenBucket(1);
    expect(empty.slotsMax).toBe(256);
    expect(laneWith({ held: 0, mode: 'erring' }).slotsMax).toBe(256);
    expect(laneWith({ held: 0, mode: 'unproven' }).slotsMax).toBe(64);
  });

  it('follows its pace in bytes as well', () => {
    const bytes = new Budget(1_024_000, { overdraft: false });
    const lane = new Lane(new EndpointState(world.endpoint(), UNTRIED), 64, { ...MEMORY, bytes });
    lane.mode = 'healthy';
    expect([lane.inMemoryBytesMax, lane.slotBytesMax]).toEqual([32_000, 256_000]);
    bytes.take('healthy', 900_000);
    expect([lane.inMemoryBytesMax, lane.slotBytesMax]).toEqual([4_000, 4_000]);
    for (let count = 0; count < 50; count += 1) lane.throughput.add(1_000, 0);
    expect([lane.inMemoryBytesMax, lane.slotBytesMax]).toEqual([100_000, 100_000]);
    bytes.take('healthy', 100_000);
    expect(lane.slotBytesMax).toBe(4_000);
  });

  it('remembers the pace over time without requests', () => {
    const throughput = new Throughput();
    throughput.begin(0);
    throughput.add(10, 0);
    throughput.begin(60_000);
    throughput.fade(60_000);
    expect(throughput).toMatchObject({ deliveries: 1, bytes: 10 });
    throughput.fade(70_000);
    expect(throughput.deliveries).toBeLessThan(0.001);
  });
});

describe('queues by mode', () => {
  const world = new World();
  const laneOf = (mode: LaneMode): Lane => {
    const lane = new Lane(new EndpointState(world.endpoint(), UNTRIED), 8, MEMORY);
    lane.mode = mode;
    return lane;
  };
  const all = (): boolean => true;

  it('serve modes in turn and lanes of a mode in turn, and pass by those without room', () => {
    const queues = new ModeQueues('readyBits');
    const [a, b, c] = [laneOf('healthy'), laneOf('healthy'), laneOf('failing')];
    for (const lane of [a, b, c, a]) queues.push(lane);
    expect(queues.next(all, all)).toBe(a);
    expect(queues.next(all, all)).toBe(c);
    queues.push(a);
    expect([queues.next(all, all), queues.next(all, all), queues.next(all, all)]).toEqual([b, a, null]);
    queues.push(c);
    expect(queues.next((mode) => mode !== 'failing', all)).toBeNull();
    expect(queues.next(all, all)).toBe(c);
  });

  it('find a lane again whose mode changed while it stood in line, once', () => {
    const queues = new ModeQueues('readyBits');
    const lane = laneOf('failing');
    for (let flip = 0; flip < 100; flip += 1) {
      queues.push(lane);
      lane.mode = lane.mode === 'failing' ? 'healthy' : 'failing';
      queues.push(lane);
    }
    expect(queues.next(all, all)).toBe(lane);
    expect(queues.next(all, all)).toBeNull();
  });
});

describe('the pace of a lane', () => {
  const end = { timedOut: false, retryAfter: null, tookMs: 5, isNodeBusy: false };
  const lane = { limit: 9, concurrency: 64, inFlight: 9, quickestMs: 5 };

  it('never leaves its bounds', () => {
    const classes = fc.constantFrom('success', 'retry', 'gone', 'slow_down');
    const outcome = fc.record({
      class: classes,
      timedOut: fc.boolean(),
      retryAfter: fc.option(fc.nat()),
      tookMs: fc.nat(),
      isNodeBusy: fc.boolean(),
      inFlight: fc.nat(64),
      quickestMs: fc.oneof(fc.nat(), fc.constant(Number.POSITIVE_INFINITY)),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.array(outcome), (concurrency, outcomes) => {
        let limit = concurrency;
        for (const each of outcomes) {
          const { inFlight, quickestMs } = each;
          const pace = afterOutcome({ limit, concurrency, inFlight, quickestMs }, each);
          limit = pace.limit;
          expect(limit).toBeGreaterThanOrEqual(1);
          expect(limit).toBeLessThanOrEqual(concurrency);
          expect(pace.pauseMs).toBeLessThanOrEqual(300_000);
        }
      }),
    );
  });

  it('is halved by a timeout, not by an answer that is quick and wrong', () => {
    expect(afterOutcome(lane, { ...end, class: 'retry', timedOut: true, tookMs: 15_000 })).toEqual({
      mode: 'failing',
      limit: 4,
      pauseMs: 0,
    });
    expect(afterOutcome(lane, { ...end, class: 'retry' })).toEqual({ mode: 'erring', limit: 9, pauseMs: 0 });
    expect(afterOutcome(lane, { ...end, class: 'retry', tookMs: 9_000 })).toMatchObject({ mode: 'failing', limit: 9 });
    expect(afterOutcome(lane, { ...end, class: 'success' })).toEqual({ mode: 'healthy', limit: 10, pauseMs: 0 });
    expect(afterOutcome(lane, { ...end, class: 'slow_down', retryAfter: 7_000 })).toEqual({
      mode: 'erring',
      limit: 4,
      pauseMs: 7_000,
    });
  });

  it('widens as long as its requests wait for the receiver, on a busy node too', () => {
    expect(widened({ ...lane, limit: 63, inFlight: 63, quickestMs: 5 }, 5, true)).toBe(64);
    expect(widened({ ...lane, limit: 63, inFlight: 63, quickestMs: 50 }, 500, true)).toBe(64);
    expect(widened({ ...lane, limit: 9, quickestMs: Number.POSITIVE_INFINITY }, 5, true)).toBe(10);
  });

  it('narrows when they wait for a busy node', () => {
    const waiting = { ...lane, limit: 64, inFlight: 64, quickestMs: 0.5 };
    expect(widened(waiting, 10, true)).toBe(63);
    expect(widened({ ...waiting, limit: 63 }, 10, false)).toBe(64);
    expect(widened({ ...waiting, limit: 20, inFlight: 6 }, 10, true)).toBe(20);
    // Never below a few, and a timeout's narrower limit is not widened by it either.
    expect(widened({ ...waiting, limit: 4 }, 10, true)).toBe(4);
    expect(widened({ ...waiting, limit: 2 }, 10, true)).toBe(2);
  });

  it('remembers a quick answer for a minute or so', () => {
    expect(quickestOf(Number.POSITIVE_INFINITY, 7, 1)).toBe(7);
    expect(quickestOf(7, 3, 1)).toBe(3);
    expect(quickestOf(3, 9, 6_000)).toBeCloseTo(3.6);
    expect(quickestOf(3, 9, 3_600_000)).toBe(9);
  });

  it('lets ten lanes whose receivers answer at once share a busy node with few requests each', () => {
    const nodeMsPerRequest = 0.03;
    const receiverMs = 0.3;
    const lanes = Array.from({ length: 10 }, () => ({ limit: 64, concurrency: 64, quickestMs: receiverMs }));
    for (let step = 0; step < 2_000; step += 1) {
      const inFlightOfAll = lanes.reduce((sum, each) => sum + each.limit, 0);
      const tookMs = receiverMs + inFlightOfAll * nodeMsPerRequest;
      for (const each of lanes) {
        each.quickestMs = quickestOf(each.quickestMs, tookMs, 0.3);
        each.limit = widened({ ...each, inFlight: each.limit }, tookMs, true);
      }
    }
    for (const { limit } of lanes) expect(limit).toBeLessThanOrEqual(16);
  });
});
