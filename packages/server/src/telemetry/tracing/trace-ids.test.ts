import { randomFillSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createIdSource, idFromUuid, uuidOf } from '../../domain/ids.ts';
import { commitSpanIdOf, randomHex, spanIdOf, traceIdsOf } from './trace-ids.ts';

const ids = createIdSource({ now: Date.now, fillRandom: (bytes) => void randomFillSync(bytes) });

describe('the ids of a trace', () => {
  it('are the UUID of the event, and its last half for the span that accepted it', () => {
    const key = idFromUuid('evt', Buffer.from('0193500c7b2e7c0a9f3b112233445566', 'hex'));
    expect(traceIdsOf(key)).toEqual({
      traceId: '0193500c7b2e7c0a9f3b112233445566',
      acceptSpanId: '9f3b112233445566',
    });
  });

  it('follow from the id alone, for any UUID', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (uuid) => {
        const key = idFromUuid('evt', uuid);
        expect(traceIdsOf(key).traceId).toBe(uuidOf(key).replaceAll('-', ''));
      }),
    );
  });

  it('differ between the spans of one event', () => {
    const key = ids.next('evt');
    const trace = traceIdsOf(key);
    const spanIds = [trace.acceptSpanId, commitSpanIdOf(trace), spanIdOf(ids.next('att')), spanIdOf(ids.next('att'))];
    expect(new Set(spanIds).size).toBe(spanIds.length);
    for (const id of spanIds) expect(id).toMatch(/^[0-9a-f]{16}$/);
    // No UUID has this variant, so no attempt can have this id.
    expect(commitSpanIdOf(trace)).toMatch(/^[c-f]/);
  });

  it('refuse what is no id', () => {
    expect(() => traceIdsOf('evt_short')).toThrow(TypeError);
  });
});

describe('randomHex', () => {
  it('has as many digits as it was asked for and is never all zeros', () => {
    expect(randomHex(() => 0, 16)).toBe('0000000000000001');
    expect(randomHex(() => 0, 32)).toBe('00000000000000000000000000000001');
    expect(randomHex(Math.random, 32)).toMatch(/^[0-9a-f]{31}1$/);
    expect(randomHex(Math.random, 16)).not.toBe(randomHex(Math.random, 16));
  });
});
