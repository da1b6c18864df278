import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRateLimiter } from './rate-limit.ts';

describe('the rate limiter', () => {
  it('never lets more through in any window than the burst and what flowed in', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.nat(5_000), { maxLength: 100 }),
        (requests, windowSeconds, waits) => {
          let now = 0;
          const limiter = createRateLimiter({ requests, windowSeconds }, () => now);
          let passed = 0;
          for (const wait of waits) {
            now += wait;
            if (limiter.take('key').allowed) passed += 1;
            expect(passed).toBeLessThanOrEqual(requests + (now / 1_000) * (requests / windowSeconds) + 1e-6);
          }
        },
      ),
    );
  });

  it('lets a refused key through after the time that it was told', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 600 }), (requests, windowSeconds) => {
        let now = 0;
        const limiter = createRateLimiter({ requests, windowSeconds }, () => now);
        for (let count = 0; count < requests; count += 1) expect(limiter.take('key').allowed).toBe(true);
        const refused = limiter.take('key');
        expect(refused.allowed).toBe(false);
        now += refused.retryAfterSeconds * 1_000;
        expect(limiter.take('key').allowed).toBe(true);
      }),
    );
  });

  it('stands still when the clock does, and when it steps back', () => {
    let now = 10_000;
    const limiter = createRateLimiter({ requests: 1, windowSeconds: 1 }, () => now);
    limiter.take('key');
    now = 0;
    expect(limiter.take('key').allowed).toBe(false);
  });

  it('forgets the key that has been idle for longest when it knows too many', () => {
    const limiter = createRateLimiter({ requests: 1, windowSeconds: 1_000 }, () => 0, 2);
    limiter.take('a');
    limiter.take('b');
    limiter.take('a');
    limiter.take('c');
    expect(limiter.take('a').allowed).toBe(false);
    expect(limiter.take('b').allowed).toBe(true);
  });
});
