import { randomFillSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createIdSource, decodeUuid, encodeUuid, idFromUuid, isId, parseId, timeOfId, uuidOf } from './ids.ts';

function bytesOf(uuid: string): Uint8Array {
  return Uint8Array.from(Buffer.from(uuid.replaceAll('-', ''), 'hex'));
}

/** The specification's examples (jetify-com/typeid, spec/valid.yml). */
const VALID: readonly (readonly [suffix: string, uuid: string])[] = [
  ['00000000000000000000000000', '00000000-0000-0000-0000-000000000000'],
  ['00000000000000000000000001', '00000000-0000-0000-0000-000000000001'],
  ['0000000000000000000000000a', '00000000-0000-0000-0000-00000000000a'],
  ['0000000000000000000000000g', '00000000-0000-0000-0000-000000000010'],
  ['00000000000000000000000010', '00000000-0000-0000-0000-000000000020'],
  ['7zzzzzzzzzzzzzzzzzzzzzzzzz', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  ['0123456789abcdefghjkmnpqrs', '0110c853-1d09-52d8-d73e-1194e95b5f19'],
  ['01h455vb4pex5vsknk084sn02q', '01890a5d-ac96-774b-bcce-b302099a8057'],
];

describe('the suffix of an id', () => {
  it('agrees with the specification, both ways', () => {
    for (const [suffix, uuid] of VALID) {
      expect(encodeUuid(bytesOf(uuid))).toBe(suffix);
      expect(uuidOf(`ep_${suffix}`)).toBe(uuid);
    }
  });

  it('round-trips any 16 bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const suffix = encodeUuid(bytes);
        expect(suffix).toMatch(/^[0-7][0-9a-hjkmnp-tv-z]{25}$/);
        expect(decodeUuid(suffix)).toEqual(bytes);
      }),
    );
  });

  it('is refused when the specification says so', () => {
    const wrong = [
      '',
      '1234567890123456789012345',
      '123456789012345678901234567',
      '8zzzzzzzzzzzzzzzzzzzzzzzzz',
      'ABCDEFGHJKMNPQRSTVWXYZ0123',
      '0123456789ABCDEFGHJKMNPQRS',
      '01234567-89ab-cdef-0123-45',
      '1234567890 234567890123456',
      'ooooooiiiiiiuuuuuuulllllll',
      '0123456789abcdefghjkmnpqr\u00e9',
    ];
    for (const suffix of wrong) expect([suffix, parseId('ep', `ep_${suffix}`)]).toEqual([suffix, null]);
  });
});

describe('an id', () => {
  const suffix = '01h455vb4pex5vsknk084sn02q';

  it('belongs to one prefix', () => {
    expect(parseId('ep', `ep_${suffix}`)).toBe(`ep_${suffix}`);
    for (const text of [
      suffix,
      `_${suffix}`,
      `EP_${suffix}`,
      `org_${suffix}`,
      `ep${suffix}`,
      `ep__${suffix}`,
      `x_ep_${suffix}`,
    ]) {
      expect(isId('ep', text)).toBe(false);
    }
  });

  it('is made from a UUID and tells its time', () => {
    expect(idFromUuid('org', bytesOf('01890a5d-ac96-774b-bcce-b302099a8057'))).toBe(`org_${suffix}`);
    expect(timeOfId(`ep_${suffix}`)).toBe(0x01890a5dac96);
    expect(() => uuidOf('ep_short')).toThrow(TypeError);
  });
});

describe('a source of ids', () => {
  it('makes UUIDv7 of the time it is given', () => {
    const ids = createIdSource({ now: () => 1_700_000_000_123.9, fillRandom: (bytes) => bytes.fill(0xff) });
    expect(uuidOf(ids.next('ep'))).toBe('018bcfe5-687b-7000-bfff-ffffffffffff');
    expect(uuidOf(ids.next('ep'))).toBe('018bcfe5-687b-7001-bfff-ffffffffffff');
    const zeros = createIdSource({ now: () => 2 ** 48 - 1, fillRandom: (bytes) => bytes.fill(0) });
    expect(uuidOf(zeros.next('evt'))).toBe('ffffffff-ffff-7000-8000-000000000000');
  });

  it('sorts ids in the order in which they were made, however the clock moves', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 200 }), (steps) => {
        let now = 1_700_000_000_000;
        const ids = createIdSource({ now: () => now, fillRandom: (bytes) => randomFillSync(bytes) });
        const made = steps.map((step) => {
          now += step;
          return ids.next('dlv');
        });
        expect([...made].sort()).toEqual(made);
        expect(new Set(made).size).toBe(made.length);
        expect(made.every((id) => isId('dlv', id))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('borrows the next millisecond when one has used up its counter', () => {
    const ids = createIdSource({ now: () => 1_700_000_000_000, fillRandom: (bytes) => randomFillSync(bytes) });
    const made = Array.from({ length: 10_000 }, () => ids.next('att'));
    expect([...made].sort()).toEqual(made);
    expect(timeOfId(made[4_095]!)).toBe(1_700_000_000_000);
    expect(timeOfId(made[4_096]!)).toBe(1_700_000_000_001);
    expect(timeOfId(made[9_999]!)).toBe(1_700_000_000_002);
  });

  it('uses each random byte for one id only', () => {
    let fills = 0;
    const seen = new Set<string>();
    const ids = createIdSource({
      now: () => 1,
      fillRandom: (bytes) => {
        fills += 1;
        randomFillSync(bytes);
      },
    });
    for (let n = 0; n < 2_000; n += 1) seen.add(ids.next('ep').slice(-12));
    expect(seen.size).toBe(2_000);
    expect(fills).toBe(3);
  });
});
