import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkJson, readJson } from './json-document.ts';

const encoder = new TextEncoder();

function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}

function nativeAccepts(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const PUNCTUATION = ['{', '}', '[', ']', ':', ',', '"', '\\', '/', ' ', '\n', '\t', '\r', '\f', '\u00a0', '{}', '[]'];
const NUMBER_PARTS = ['0', '1', '9', '-', '+', '.', 'e', 'E', '1.5e-3'];
const WORDS = ['"a"', '\\u00e', '\\ud800', 'true', 'false', 'null', 'nul', 'é', '😀'];

/** Texts that are nearly JSON: its own alphabet in any order. */
const nearlyJson = fc
  .array(fc.constantFrom(...PUNCTUATION, ...NUMBER_PARTS, ...WORDS), { maxLength: 14 })
  .map((parts) => parts.join(''));

/** Valid texts with one byte changed, dropped or added. */
const damagedJson = fc
  .tuple(fc.json({ maxDepth: 4 }), fc.nat(), fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0, max: 2 }))
  .map(([text, place, code, how]) => {
    const at = place % (text.length + 1);
    const added = how === 1 ? '' : String.fromCharCode(code);
    return text.slice(0, at) + added + text.slice(how === 2 ? at : at + 1);
  });

describe('reading a JSON body', () => {
  it('answers the value that JSON.parse answers', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom('', ' ', '\r\n\t'), (text, space) => {
        const reading = readJson(bytesOf(space + text + space));
        expect(reading).toEqual({ ok: true, value: JSON.parse(text) });
        expect(checkJson(bytesOf(space + text + space))).toEqual({ ok: true });
      }),
    );
  });

  it('agrees with JSON.parse on what is valid', () => {
    fc.assert(
      fc.property(fc.oneof(nearlyJson, damagedJson), (text) => {
        const valid = nativeAccepts(text.toWellFormed());
        expect(checkJson(bytesOf(text)).ok).toBe(valid);
        expect(readJson(bytesOf(text)).ok).toBe(valid);
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    '01',
    '-',
    '-01',
    '1.',
    '.5',
    '1e',
    '1e+',
    '+1',
    '0x10',
    'NaN',
    'tru',
    'nulll',
    '"\\x"',
    '"\t"',
    '"\\u12g4"',
  ])('refuses %j', (text) => {
    expect(nativeAccepts(text)).toBe(false);
    expect(checkJson(bytesOf(text))).toMatchObject({ ok: false, code: 'invalid_json' });
  });

  it('never throws and says the same twice, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const check = checkJson(bytes);
        const reading = readJson(bytes);
        expect(reading.ok).toBe(check.ok);
        if (!check.ok) expect(reading).toEqual(check);
      }),
      { numRuns: 2_000 },
    );
  });

  it('names the place by offset, line and column and does not echo what stands there', () => {
    const reading = readJson(bytesOf('{\n  "né": sesame\n}'));
    expect(reading).toEqual({
      ok: false,
      code: 'invalid_json',
      detail: 'The body is not valid JSON (byte offset 11, line 2, column 9).',
      offset: 11,
      line: 2,
      column: 9,
    });
  });

  it('says that a text ends too early', () => {
    expect(readJson(bytesOf('{"a":'))).toMatchObject({ code: 'invalid_json', offset: 5 });
    expect(readJson(bytesOf('"abc'))).toMatchObject({ code: 'invalid_json', offset: 4 });
    expect(readJson(bytesOf('tr'))).toMatchObject({ detail: expect.stringContaining('ends too early') });
  });

  it('refuses a second value after the first', () => {
    expect(readJson(bytesOf('{} {}'))).toMatchObject({ code: 'invalid_json', offset: 3 });
  });

  it('refuses a byte order mark', () => {
    expect(readJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31))).toMatchObject({ code: 'bom', offset: 0 });
  });

  it('tells an empty body from a broken one', () => {
    expect(readJson(new Uint8Array())).toMatchObject({ code: 'empty' });
    expect(readJson(bytesOf(' \n'))).toMatchObject({ code: 'empty', line: 2 });
  });

  it('finds the first byte that is not UTF-8, before it looks at the grammar', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.constantFrom([0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82]),
        fc.string({ unit: 'grapheme-ascii', maxLength: 60 }),
        (before, broken, after) => {
          const start = bytesOf(before.replaceAll('\ufeff', '').toWellFormed());
          const bytes = Uint8Array.from([...start, ...broken, ...bytesOf(after)]);
          expect(readJson(bytes)).toMatchObject({ ok: false, code: 'invalid_utf8', offset: start.length });
        },
      ),
      { numRuns: 200 },
    );
  });

  it('accepts escaped lone surrogates, as JSON does', () => {
    expect(readJson(bytesOf('"\\ud800"'))).toEqual({ ok: true, value: '\ud800' });
  });

  it('reads and refuses a hundred thousand levels without a call stack', () => {
    const depth = 100_000;
    expect(checkJson(bytesOf('['.repeat(depth) + ']'.repeat(depth)))).toEqual({ ok: true });
    expect(checkJson(bytesOf('[{"a":'.repeat(depth) + '1' + '}]'.repeat(depth)))).toEqual({ ok: true });
    expect(checkJson(bytesOf('['.repeat(depth)))).toMatchObject({ code: 'invalid_json', offset: depth });
    const crossed = `${'['.repeat(depth)}1${']'.repeat(depth - 1)}}`;
    expect(checkJson(bytesOf(crossed))).toMatchObject({ code: 'invalid_json', offset: 2 * depth });
  });

  it('keeps the kind of every level apart across any mix of objects and arrays', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 150 }), fc.nat(), (kinds, place) => {
        const opened = kinds.map((isObject) => (isObject ? '{"k":' : '[')).join('');
        const closings = kinds.map((isObject) => (isObject ? '}' : ']')).reverse();
        expect(checkJson(bytesOf(`${opened}0${closings.join('')}`)).ok).toBe(true);
        const wrong = place % closings.length;
        closings[wrong] = closings[wrong] === '}' ? ']' : '}';
        expect(checkJson(bytesOf(`${opened}0${closings.join('')}`)).ok).toBe(false);
      }),
    );
  });
});
