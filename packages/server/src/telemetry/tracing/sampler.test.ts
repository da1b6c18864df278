import { randomFillSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createIdSource, idFromUuid, uuidOf } from '../../domain/ids.ts';
import { createSampler } from './sampler.ts';

const ids = createIdSource({ now: Date.now, fillRandom: (bytes) => void randomFillSync(bytes) });
const uuid = fc.uint8Array({ minLength: 16, maxLength: 16 });

/** The rule as OpenTelemetry writes it: the last 56 bits of the trace id against the threshold of rejection. */
function byTheRule(key: string, ratio: number): 'in' | 'out' | 'at the edge' {
  const randomness = BigInt(`0x${uuidOf(key).replaceAll('-', '')}`) & (2n ** 56n - 1n);
  const threshold = BigInt(Math.round((1 - ratio) * 2 ** 51)) << 5n;
  if (randomness >> 5n === threshold >> 5n) return 'at the edge';
  return randomness >= threshold ? 'in' : 'out';
}

describe('the sampler', () => {
  it('takes all or nothing at the ends', () => {
    const keys = Array.from({ length: 100 }, () => ids.next('evt'));
    expect(keys.every(createSampler(1))).toBe(true);
    expect(keys.some(createSampler(0))).toBe(false);
  });

  it('decides by the last 56 bits of the trace id', () => {
    fc.assert(
      fc.property(uuid, fc.double({ min: 0.001, max: 0.999, noNaN: true }), (bytes, ratio) => {
        const key = idFromUuid('evt', bytes);
        const expected = byTheRule(key, ratio);
        if (expected !== 'at the edge') expect(createSampler(ratio)(key)).toBe(expected === 'in');
      }),
    );
  });

  it.each([
    ['the largest random part', '00000000000000000fffffffffffffff', 0.001, true],
    ['the smallest', 'ffffffffffffffffff00000000000000', 0.999, false],
    ['one in the middle', '00000000000000000080000000000000', 0.5, true],
    ['one just below the middle', 'ffffffffffffffffff7fffffffffffff', 0.5, false],
  ])('looks at nothing but those bits: %s', (_, hex, ratio, expected) => {
    expect(createSampler(ratio)(idFromUuid('evt', Buffer.from(hex, 'hex')))).toBe(expected);
  });

  it('keeps with a larger ratio whatever it keeps with a smaller one', () => {
    const ratio = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(uuid, ratio, ratio, (bytes, one, other) => {
        const key = idFromUuid('evt', bytes);
        if (createSampler(Math.min(one, other))(key)) expect(createSampler(Math.max(one, other))(key)).toBe(true);
      }),
    );
  });

  it.each([0.1, 0.5, 0.9])('takes about the share %d of ids as they are made', (ratio) => {
    const sampler = createSampler(ratio);
    let taken = 0;
    for (let index = 0; index < 20_000; index += 1) if (sampler(ids.next('evt'))) taken += 1;
    // Ten standard deviations at the most.
    expect(Math.abs(taken / 20_000 - ratio)).toBeLessThan(0.035);
  });
});
