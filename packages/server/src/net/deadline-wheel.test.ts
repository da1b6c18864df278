import net, { type AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeadlineWheel, WheelDriver, type WheelEntry } from './deadline-wheel.ts';

function entry(onExpire: () => void): WheelEntry {
  return { wheelPrevious: null, wheelNext: null, wheelTick: 0, expire: onExpire };
}

describe('DeadlineWheel', () => {
  it('expires each entry once, never early and at most two ticks late', () => {
    const delays = fc.array(fc.record({ delay: fc.nat(200_000), removed: fc.boolean() }), { maxLength: 50 });
    fc.assert(
      fc.property(
        delays,
        fc.integer({ min: 0, max: 1e9 }),
        fc.integer({ min: 1, max: 90_000 }),
        (specs, start, step) => {
          const wheel = new DeadlineWheel();
          let now = start;
          const expired = specs.map(() => [] as number[]);
          const entries = specs.map((_, index) => entry(() => expired[index]?.push(now)));
          specs.forEach(({ delay }, index) => wheel.add(entries[index]!, start, delay));
          specs.forEach(({ removed }, index) => removed && wheel.remove(entries[index]!));
          expect(wheel.size).toBe(specs.filter(({ removed }) => !removed).length);
          for (; now < start + 200_100 + step; now += step) wheel.advance(now);
          specs.forEach(({ delay, removed }, index) => {
            const times = expired[index]!;
            expect(times.length).toBe(removed ? 0 : 1);
            if (removed) return;
            expect(times[0]).toBeGreaterThanOrEqual(start + delay);
            expect(times[0]).toBeLessThan(start + delay + 40 + step);
          });
          expect(wheel.size).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('lets an entry that expires remove another one that is due', () => {
    const wheel = new DeadlineWheel();
    let expired = 0;
    const first = entry(() => {
      expired += 1;
      wheel.remove(second);
    });
    const second = entry(() => {
      expired += 1;
      wheel.remove(first);
    });
    wheel.add(first, 0, 100);
    wheel.add(second, 0, 100);
    wheel.advance(1_000);
    expect([expired, wheel.size]).toEqual([1, 0]);
  });

  it('ignores a second removal', () => {
    const wheel = new DeadlineWheel();
    const only = entry(() => undefined);
    wheel.add(only, 0, 100);
    wheel.remove(only);
    wheel.remove(only);
    expect(wheel.size).toBe(0);
  });
});

describe('WheelDriver', () => {
  it('turns by itself, also after it had come to rest', async () => {
    const driver = new WheelDriver(() => performance.now());
    for (let round = 0; round < 2; round += 1) {
      await new Promise<void>((resolve) => driver.add(entry(resolve), performance.now(), 30));
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  });

  it('lets what arrived while the process was paused be read before it expires anything', async () => {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const peer = new Promise<net.Socket>((resolve) => server.once('connection', resolve));
    const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
    const driver = new WheelDriver(() => performance.now());
    const sender = await peer;
    const first = await new Promise<string>((resolve) => {
      const waiting = entry(() => resolve('expired'));
      socket.once('data', () => {
        driver.remove(waiting);
        resolve('answered');
      });
      // From the check phase, timers come before sockets.
      setImmediate(() => {
        driver.add(waiting, performance.now(), 60);
        sender.write('answer');
        const until = performance.now() + 200;
        while (performance.now() < until);
      });
    });
    expect(first).toBe('answered');
    socket.destroy();
    sender.destroy();
    server.close();
  });
});
