import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readForm } from './form.ts';

function read(text: string) {
  const form = readForm(Buffer.from(text, 'latin1'));
  return form.ok ? Object.fromEntries(form.fields) : form.reason;
}

describe('a form', () => {
  it.each([
    ['', {}],
    ['a=1&b=2', { a: '1', b: '2' }],
    ['a=1+2%2B3', { a: '1 2+3' }],
    ['a', { a: '' }],
    ['a=b=c', { a: 'b=c' }],
    ['&a=1&', { a: '1' }],
    ['__proto__=1', { ['__proto__']: '1' }],
    ['%C3%A9=%E2%82%AC', { é: '€' }],
    ['a=%zz', 'unreadable'],
    ['a=%', 'unreadable'],
    ['a=%ff', 'unreadable'],
    ['a=\xff', 'unreadable'],
    ['a=1&a=1', 'repeated'],
    ['a=1&%61=2', 'repeated'],
    [Array.from({ length: 65 }, (_, index) => `f${index}=`).join('&'), 'too_many_fields'],
  ])('of %j reads as %j', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it('reads back whatever was encoded', () => {
    const fields = fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' }), {
      maxKeys: 20,
    });
    fc.assert(
      fc.property(fields, (given) => {
        const form = readForm(Buffer.from(new URLSearchParams(given).toString()));
        expect(form.ok && [...form.fields]).toEqual(Object.entries(given));
      }),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readForm(bytes)));
  });
});
