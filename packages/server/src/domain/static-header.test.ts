import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STATIC_HEADER_VALUE_LENGTH_MAX, STATIC_HEADERS_MAX } from './limits.ts';
import { headerSealId, staticHeaderProblems } from './static-header.ts';

const SIGNED = ['webhook-signature', 'x-acme-signature'];

function codes(headers: Record<string, string>): readonly string[] {
  return staticHeaderProblems(headers, SIGNED).map(({ code }) => code);
}

describe('static headers', () => {
  it('may carry what a receiver asks for, Authorization among it', () => {
    expect(codes({ Authorization: 'Bearer abc', 'X-Tenant': 'acme inc', 'x-1': '=' })).toEqual([]);
  });

  it.each([
    'Host',
    'content-length',
    'Content-Type',
    'connection',
    'Cookie',
    'transfer-encoding',
    'TE',
    'upgrade',
    'expect',
    'accept-encoding',
    'user-agent',
    'Webhook-Id',
    'webhook-anything',
    'hookring-x',
    'proxy-connection',
    'x-acme-signature',
  ])('may not set %s, which the delivery writes or which changes its framing', (name) => {
    expect(codes({ [name]: 'x' })).toEqual(['reserved_header']);
  });

  it.each([['a b'], [''], ['näme'], ['a:b'], ['(a)'], [':path'], ['a\r\nb'], ['-a']])(
    'have a name that HTTP allows, unlike %j',
    (name) => {
      expect(codes({ [name]: 'x' })).toEqual(['invalid_header_name']);
    },
  );

  it.each([
    ['a\r\nx: y'],
    ['a\nb'],
    [''],
    [' a'],
    ['a '],
    ['é'],
    ['\u0000'],
    ['a'.repeat(STATIC_HEADER_VALUE_LENGTH_MAX + 1)],
  ])('have a value that cannot end the header or be read in two ways, unlike %j', (value) => {
    expect(codes({ 'x-a': value })).toEqual(['invalid_header_value']);
  });

  it('are not repeated in another case', () => {
    expect(codes({ 'X-A': '1', 'x-a': '2' })).toEqual(['repeated']);
  });

  it('are bounded in number and in bytes', () => {
    const many = Object.fromEntries(Array.from({ length: STATIC_HEADERS_MAX + 1 }, (_, n) => [`x-${n}`, 'v']));
    expect(codes(many)).toEqual(['too_many']);
    expect(codes({ 'x-a': 'a'.repeat(4_000), 'x-b': 'b'.repeat(4_000), 'x-c': 'c'.repeat(4_000) })).toEqual([
      'too_large',
    ]);
  });

  it('point at the header that is wrong, whatever its name', () => {
    expect(staticHeaderProblems({ 'a/b~c': 'x' }, [])[0]?.pointer).toBe('/headers/a~1b~0c');
  });

  it('that are accepted hold no line break, no control character and no colon in a name', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), (name, value) => {
        if (codes({ [name]: value }).length > 0) return;
        expect(name).toMatch(/^[\x21-\x39\x3b-\x7e]+$/);
        expect(value).toMatch(/^[\t\x20-\x7e]+$/);
      }),
    );
  });

  it('are sealed for their name in any case', () => {
    expect(headerSealId('X-Token')).toBe(headerSealId('x-token'));
    expect(headerSealId('x-token')).not.toBe(headerSealId('x-other'));
  });
});
