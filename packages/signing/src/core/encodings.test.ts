import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { decodeHex, decodeLowerHex, encodeHex } from './hex.ts';

const bytes = fc.uint8Array({ minLength: 1, maxLength: 100 });

describe('base64', () => {
  it('spells bytes as Node does and reads them back', () => {
    fc.assert(
      fc.property(bytes, (given) => {
        const text = encodeBase64(given);
        expect(text).toBe(Buffer.from(given).toString('base64'));
        expect(decodeBase64(text)).toEqual({ ok: true, bytes: given });
      }),
    );
  });

  it('accepts a text only when spelling its bytes gives the same text', () => {
    const text = fc.oneof(fc.string({ unit: fc.constantFrom('A', 'b', '9', '+', '/', '=', '-', ' ') }), fc.string());
    fc.assert(
      fc.property(text, (given) => {
        const decoded = decodeBase64(given);
        const canonical = given !== '' && Buffer.from(given, 'base64').toString('base64') === given;
        expect(decoded.ok).toBe(canonical);
        if (decoded.ok) expect(encodeBase64(decoded.bytes)).toBe(given);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('hex', () => {
  it('spells bytes in lower case and reads them back', () => {
    fc.assert(
      fc.property(bytes, (given) => {
        const text = encodeHex(given);
        expect(text).toBe(Buffer.from(given).toString('hex'));
        expect(decodeLowerHex(text)).toEqual({ ok: true, bytes: given });
        expect(decodeHex(text.toUpperCase())).toEqual({ ok: true, bytes: given });
      }),
    );
  });

  it('reads upper case only where it is asked to', () => {
    expect(decodeLowerHex('AB')).toEqual({ ok: false, reason: 'bad_alphabet' });
    expect(decodeHex('aB')).toMatchObject({ ok: true });
    for (const decode of [decodeHex, decodeLowerHex]) {
      expect(decode('')).toEqual({ ok: false, reason: 'empty' });
      expect(decode('abc')).toEqual({ ok: false, reason: 'bad_padding' });
    }
  });
});
