import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readElements, readMembers } from './json-members.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}

function textAt(bytes: Uint8Array, span: { start: number; end: number } | undefined): string | undefined {
  return span && decoder.decode(bytes.subarray(span.start, span.end));
}

const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\r', '\t'), maxLength: 3 });

/** A string written with a random choice of escapes. */
const writtenString = fc
  .tuple(fc.string({ unit: 'binary', maxLength: 12 }), fc.infiniteStream(fc.boolean()))
  .map(([text, choices]) => {
    let written = '';
    for (let index = 0; index < text.length; index += 1) {
      const escaped = `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`;
      // Half of a pair is only text beside its other half, so both are escaped.
      const mustEscape = /["\\\p{Cc}\p{Cs}]/u.test(text[index] ?? '');
      written += mustEscape || choices.next().value === true ? escaped : text[index];
    }
    return { text, written: `"${written}"` };
  });

/** A value and one way to write it, with whitespace wherever it may stand. */
const { written: writtenValue } = fc.letrec<{ written: string }>((tie) => ({
  written: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('null', 'true', 'false', '0', '-0', '1E+2', '12345678901234567890123', '0.10', '-1.5e-7'),
    writtenString.map((each) => each.written),
    fc
      .tuple(fc.array(fc.tuple(space, tie('written'), space), { maxLength: 4 }), space)
      .map(([items, empty]) => `[${items.length === 0 ? empty : items.map((item) => item.join('')).join(',')}]`),
    fc
      .tuple(fc.array(fc.tuple(space, writtenString, space, space, tie('written'), space), { maxLength: 4 }), space)
      .map(([items, empty]) => {
        const members = items.map(([a, key, b, c, value, d]) => `${a}${key.written}${b}:${c}${value}${d}`);
        return `{${members.length === 0 ? empty : members.join(',')}}`;
      }),
  ),
}));

describe('reading the members of an object', () => {
  it('finds each value exactly as it was written, under the name that its key stands for', () => {
    const member = fc.tuple(space, writtenString, space, space, writtenValue, space);
    const members = fc.uniqueArray(member, { maxLength: 6, selector: ([, key]) => key.text });
    fc.assert(
      fc.property(space, members, space, (before, items, after) => {
        const inner = items.map(([a, key, b, c, value, d]) => `${a}${key.written}${b}:${c}${value}${d}`).join(',');
        const text = `${before}{${inner}}${after}`;
        const bytes = bytesOf(text);
        const reading = readMembers(bytes);
        if (!reading.ok) throw new Error(reading.code);
        expect([...reading.members.keys()]).toEqual(items.map(([, key]) => key.text));
        for (const [, key, , , value] of items) {
          expect(textAt(bytes, reading.members.get(key.text))).toBe(value);
        }
        expect(Object.keys(JSON.parse(text)).toSorted()).toEqual([...reading.members.keys()].toSorted());
      }),
      { numRuns: 500 },
    );
  });

  it('finds a key that repeats another in any spelling', () => {
    fc.assert(
      fc.property(writtenString, writtenValue, ({ text, written }, value) => {
        const bytes = bytesOf(`{${JSON.stringify(text)}:${value},"other \\ud800":1,${written}:2}`);
        fc.pre(text !== 'other \ud800');
        expect(readMembers(bytes)).toEqual({ ok: false, code: 'duplicate_key', name: text });
      }),
    );
    expect(readMembers(bytesOf('{"a":1,"\\u0061":2}'))).toEqual({ ok: false, code: 'duplicate_key', name: 'a' });
    expect(readMembers(bytesOf('{"\\uD800":1,"\\ud800":2}'))).toMatchObject({ code: 'duplicate_key', name: '\ud800' });
  });

  it('keeps different lone surrogates apart', () => {
    expect(readMembers(bytesOf('{"\\ud800":1,"\\ud801":2,"\ufffd":3}'))).toMatchObject({ ok: true });
  });

  it('takes the names of Object.prototype as ordinary keys', () => {
    const bytes = bytesOf('{"__proto__":{"a":1},"constructor":2,"toString":3}');
    const reading = readMembers(bytes);
    expect(reading.ok && [...reading.members.keys()]).toEqual(['__proto__', 'constructor', 'toString']);
    expect(reading.ok && textAt(bytes, reading.members.get('__proto__'))).toBe('{"a":1}');
    expect(readMembers(bytesOf('{"__proto__":1,"__proto__":2}'))).toMatchObject({ code: 'duplicate_key' });
  });

  it('does not look into nested objects', () => {
    expect(readMembers(bytesOf('{"a":{"b":1,"b":2},"b":3}'))).toMatchObject({ ok: true });
  });

  it('reads a part of a larger body and answers offsets into the whole', () => {
    const bytes = bytesOf('[[ {"a": 1} ], {"b": "x"}]');
    const reading = readMembers(bytes, 1, 13);
    expect(reading).toEqual({ ok: false, code: 'not_an_object' });
    const inner = readMembers(bytes, 2, 12);
    expect(inner.ok && textAt(bytes, inner.members.get('a'))).toBe('1');
    const last = readMembers(bytes, 15, 25);
    expect(last.ok && textAt(bytes, last.members.get('b'))).toBe('"x"');
  });

  it('never reads past the end of its part', () => {
    const bytes = bytesOf('{"a":12345}');
    for (let end = 0; end < bytes.length; end += 1) expect(readMembers(bytes, 0, end).ok).toBe(false);
  });

  it('says that broken JSON is broken before it says anything else', () => {
    expect(readMembers(bytesOf('{"a":1,"a":2'))).toMatchObject({ code: 'invalid_json', offset: 12 });
    expect(readMembers(bytesOf('[1,'))).toMatchObject({ code: 'invalid_json' });
    expect(readMembers(bytesOf('[1]'))).toEqual({ ok: false, code: 'not_an_object' });
    expect(readMembers(bytesOf('{"a":1,}'))).toMatchObject({ code: 'invalid_json', offset: 7 });
    expect(readMembers(Uint8Array.of(0x7b, 0x22, 0xff, 0x22))).toMatchObject({ code: 'invalid_utf8', offset: 2 });
    expect(readMembers(bytesOf(''))).toMatchObject({ code: 'empty' });
  });

  it('never throws, whatever the bytes, and accepts only what JSON.parse makes an object of', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...bytesOf('{}[]:,"\\u0061a1.e- \n'), 0xff, 0x00), { maxLength: 16 }),
        (codes) => {
          const reading = readMembers(Uint8Array.from(codes));
          if (!reading.ok) return;
          const value: unknown = JSON.parse(decoder.decode(Uint8Array.from(codes)));
          expect(Object.keys(value as object)).toHaveLength(reading.members.size); // It is an object: just read as one.
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

describe('reading the elements of an array', () => {
  it('finds each element exactly as it was written', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(space, writtenValue, space), { maxLength: 6 }), (items) => {
        const bytes = bytesOf(`-[${items.map((item) => item.join('')).join(',')}]-`);
        const reading = readElements(bytes, 1, bytes.length - 1, 6);
        if (!reading.ok) throw new Error(reading.code);
        expect(reading.elements.map((span) => textAt(bytes, span))).toEqual(items.map(([, value]) => value));
      }),
    );
  });

  it('refuses more elements than it may hold, and other values', () => {
    expect(readElements(bytesOf('[1,2,3]'), 0, 7, 2)).toEqual({ ok: false, code: 'too_many_elements', max: 2 });
    expect(readElements(bytesOf('[1,2,3'), 0, 6, 2)).toMatchObject({ code: 'invalid_json' });
    expect(readElements(bytesOf('{}'), 0, 2, 2)).toEqual({ ok: false, code: 'not_an_array' });
    expect(readElements(bytesOf('[1,]'), 0, 4, 2)).toMatchObject({ code: 'invalid_json', offset: 3 });
    expect(readElements(bytesOf('[ ]'), 0, 3, 0)).toEqual({ ok: true, elements: [] });
  });
});
