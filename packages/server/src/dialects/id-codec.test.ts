import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idFromUuid } from '../domain/ids.ts';
import { hexIds, type IdCodec, typeIds, uuids } from './id-codec.ts';

type EndpointCodec = IdCodec<`ep_${string}`>;

const CODECS: readonly [string, EndpointCodec, RegExp][] = [
  ['the same id', typeIds('ep'), /^ep_[0-7][0-9a-z]{25}$/],
  ['another prefix', typeIds('ep', 'whe'), /^whe_[0-7][0-9a-z]{25}$/],
  ['a UUID', uuids('ep'), /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
  ['hex digits behind a prefix', hexIds('ep', 'we'), /^we_[0-9a-f]{32}$/],
];
const anyId = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => idFromUuid('ep', bytes));
const digits = fc.stringMatching(/^[0-9a-f]{32}$/);

function hyphened(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

describe.each(CODECS)('an id that is written as %s', (_name, codec, shape) => {
  it('is read back as the id that it was', () => {
    fc.assert(
      fc.property(anyId, (id) => {
        expect(codec.encode(id)).toMatch(shape);
        expect(codec.decode(codec.encode(id))).toBe(id);
      }),
    );
  });

  it('is no other text: whatever is read is an id, and is written in one way', () => {
    const nearly = anyId.chain((id) => {
      const text = codec.encode(id);
      return fc.tuple(fc.nat(text.length), fc.string({ maxLength: 2 }), fc.nat(2)).map(([at, put, taken]) => {
        return text.slice(0, at) + put + text.slice(at + taken);
      });
    });
    fc.assert(
      fc.property(fc.oneof(fc.string(), nearly), (text) => {
        const id = codec.decode(text);
        if (id === null) return;
        expect(id).toMatch(/^ep_[0-7][0-9a-hjkmnp-tv-z]{25}$/);
        expect(codec.encode(id).replaceAll('-', '')).toBe(text.toLowerCase().replaceAll('-', ''));
      }),
    );
  });

  it('shows an example that is one', () => {
    expect(codec.noun).toBe('endpoint');
    expect(codec.decode(codec.example)).not.toBeNull();
  });
});

describe('what is no id', () => {
  it.each<[string, EndpointCodec, string]>([
    ['nothing', uuids('ep'), ''],
    ['a UUID without hyphens', uuids('ep'), '0190a1b2c3d47e5fa7b8c9d0e1f2a3b4'],
    ['a UUID with a line break behind it', uuids('ep'), '0190a1b2-c3d4-7e5f-a7b8-c9d0e1f2a3b4\n'],
    ['a UUID in braces', uuids('ep'), '{0190a1b2-c3d4-7e5f-a7b8-c9d0e1f2a3b4}'],
    ['digits without the prefix', hexIds('ep', 'we'), '0190a1b2c3d47e5fa7b8c9d0e1f2a3b4'],
    ['another prefix', hexIds('ep', 'we'), 'wh_0190a1b2c3d47e5fa7b8c9d0e1f2a3b4'],
    ['hyphens at odd places', hexIds('ep', 'we'), 'we_0190-a1b2c3d47e5fa7b8c9d0e1f2a3b4'],
    ['one digit too few', hexIds('ep', 'we'), 'we_0190a1b2c3d47e5fa7b8c9d0e1f2a3b'],
    ['the id of something else', typeIds('ep'), typeIds('dlv').example],
    ['the native prefix where the product has its own', typeIds('ep', 'whe'), typeIds('ep').example],
    ['capitals in base32', typeIds('ep'), typeIds('ep').example.toUpperCase()],
    ['a number that 128 bits do not hold', typeIds('ep'), `ep_8${'0'.repeat(25)}`],
  ])('%s', (_name, codec, text) => {
    expect(codec.decode(text)).toBeNull();
  });

  it('does not include a UUID in capitals, or one with hyphens behind a prefix', () => {
    fc.assert(
      fc.property(digits, (hex) => {
        const id = idFromUuid('ep', Buffer.from(hex, 'hex'));
        expect(uuids('ep').decode(hyphened(hex).toUpperCase())).toBe(id);
        expect(hexIds('ep', 'we').decode(`we_${hyphened(hex)}`)).toBe(id);
      }),
    );
  });
});

it.each(['hook_', '', '9x', 'a-b'])('no product writes its ids with the prefix %j', (written) => {
  expect(() => hexIds('ep', written)).toThrow('is no prefix of ids');
  expect(() => typeIds('ep', written)).toThrow('is no prefix of ids');
});
