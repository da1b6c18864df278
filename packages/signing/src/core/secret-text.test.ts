import { describe, expect, it } from 'vitest';
import { encodeBase64 } from './base64.ts';
import { encodeHex } from './hex.ts';
import { checkImportedSecret, readSecret } from './secret-text.ts';

describe('checkImportedSecret', () => {
  it.each([
    [23, 'too_short'],
    [24, null],
    [64, null],
    [65, 'too_long'],
  ])('counts %i bytes of key in every decoding', (length, reason) => {
    const bytes = new Uint8Array(length).fill(65);
    const spelled = { base64: `whsec_${encodeBase64(bytes)}`, hex: encodeHex(bytes), utf8: 'A'.repeat(length) };
    for (const decoding of ['base64', 'hex', 'utf8'] as const) {
      const result = checkImportedSecret(spelled[decoding], decoding);
      if (reason === null) expect(result).toEqual({ ok: true, byteLength: length });
      else expect(result).toMatchObject({ ok: false, reason, detail: expect.stringContaining(`${length} bytes`) });
    }
  });

  it('counts bytes, not characters, of a text', () => {
    expect(checkImportedSecret('ë'.repeat(12), 'utf8')).toEqual({ ok: true, byteLength: 24 });
    expect(checkImportedSecret('ë'.repeat(33), 'utf8')).toMatchObject({ reason: 'too_long' });
  });

  it('never quotes what it refuses', () => {
    const text = 'whsec_not base64, but secret';
    expect(checkImportedSecret(text, 'base64')).toMatchObject({ ok: false, reason: 'bad_alphabet' });
    expect(JSON.stringify(checkImportedSecret(text, 'base64'))).not.toContain('secret, ');
    expect(JSON.stringify(checkImportedSecret(text, 'base64'))).not.toContain('not base64');
  });
});

describe('readSecret', () => {
  it('refuses half a surrogate pair, which has no UTF-8', () => {
    const text = '\ud800 and more text that is long enough';
    expect(readSecret(text, 'hmac-sha256', 'utf8')).toEqual({ ok: false, reason: 'not_well_formed' });
  });
});
