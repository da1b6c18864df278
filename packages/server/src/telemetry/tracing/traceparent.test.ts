import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTraceparent } from './traceparent.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('parseTraceparent', () => {
  it('reads the caller’s trace', () => {
    const read = { traceId: TRACE, spanId: SPAN, traceFlags: 1 };
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual(read);
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-00`)).toEqual({ ...read, traceFlags: 0 });
  });

  it('reads a later version that goes on after the flags', () => {
    expect(parseTraceparent(`01-${TRACE}-${SPAN}-01-more`)).toMatchObject({ traceId: TRACE });
    expect(parseTraceparent(`01-${TRACE}-${SPAN}-01`)).toMatchObject({ traceId: TRACE });
    expect(parseTraceparent(`01-${TRACE}-${SPAN}-01more`)).toBeNull();
  });

  it.each([
    ['nothing', ''],
    ['more in the first version', `00-${TRACE}-${SPAN}-01-more`],
    ['the version that is none', `ff-${TRACE}-${SPAN}-01`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a span of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['a short trace', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['two headers in one', `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
    ['something before it', ` 00-${TRACE}-${SPAN}-01`],
  ])('takes no part of %s', (_, header) => {
    expect(parseTraceparent(header)).toBeNull();
  });

  it('answers null or ids for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f-]{50,60}$/)), (header) => {
        const read = parseTraceparent(header);
        if (read !== null) expect(`${read.traceId}${read.spanId}`).toMatch(/^[0-9a-f]{48}$/);
      }),
    );
  });
});
