import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainAddress } from './client-address.ts';

describe('the plain form of an address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:cb00:7107', '203.0.113.7'],
    ['2001:DB8:0:0:0::1', '2001:db8::1'],
    ['::1', '::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['203.0.113.7:51234', '203.0.113.7'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[::ffff:203.0.113.7]:443', '203.0.113.7'],
  ])('of %s is %s', (text, plain) => {
    expect(plainAddress(text)).toBe(plain);
  });

  it.each([
    [null],
    [''],
    ['unknown'],
    ['none'],
    ['_gateway'],
    ['localhost'],
    ['127.1'],
    ['0177.0.0.1'],
    ['203.0.113.7:'],
    ['203.0.113.7, 10.0.0.1'],
    ['203.0.113.7\nforged line'],
    ['[203.0.113.7]x'],
    ['[2001:db8::1'],
    [`fe80::1%${'x'.repeat(4_000)}`],
  ])('is none of %j', (text) => {
    expect(plainAddress(text)).toBe(null);
  });

  it('is an address or nothing, whatever a proxy writes, and its own plain form', () => {
    const written = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.ipV4(),
      fc.ipV6(),
      fc.ipV4().map((ip) => `::ffff:${ip}`),
    );
    fc.assert(
      fc.property(written, (text) => {
        const plain = plainAddress(text);
        if (isIP(text) !== 0) expect(plain).not.toBe(null);
        if (plain === null) return;
        expect(isIP(plain)).not.toBe(0);
        expect(plainAddress(plain)).toBe(plain);
      }),
    );
  });
});
