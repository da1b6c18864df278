import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { done, type Outcome, refused } from '../app/outcome.ts';
import { etagOf, ifMatch, versionsOfIfMatch } from './etag.ts';

function given(header: string | undefined): readonly number[] {
  return versionsOfIfMatch(header === undefined ? {} : { 'if-match': header });
}

/** A row of version 5, and each version that was asked of it. */
async function change(header: string | undefined, asked: (number | null)[] = []): Promise<Outcome<string>> {
  return await ifMatch(header === undefined ? {} : { 'if-match': header }, async (version) => {
    asked.push(version);
    return version === null || version === 5 ? done('changed') : refused('precondition_failed', '');
  });
}

describe('If-Match', () => {
  it.each<[string | undefined, readonly number[]]>([
    [undefined, []],
    ['*', []],
    [' * ', []],
    ['"5"', [5]],
    ['"zzz", "5"', [5]],
    ['"5","7" ,\t"6", "5"', [7, 6, 5]],
    [', "5",, "4",', [5, 4]],
    ['"a,b", "5"', [5]],
    ['W/"5"', [0]],
    ['W/"5", "4"', [4]],
    ['"4", *', [0]],
    ['5', [0]],
    ['"5', [0]],
    ['"5" "6"', [0]],
    ['"05", "-5", "5.0", " 5"', [0]],
    ['', [0]],
    ['"zzz"', [0]],
  ])('of %j asks for the versions %j', (header, versions) => {
    expect(given(header)).toEqual(versions);
  });

  it('matches when any of its tags is the current one', async () => {
    for (const header of [undefined, '*', '"5"', '"zzz", "5"', '"9", "5", "4"']) {
      expect([header, await change(header)]).toEqual([header, done('changed')]);
    }
    for (const header of ['"4"', 'W/"5"', '"4", "6"', '5', '']) {
      expect([header, (await change(header)).ok]).toEqual([header, false]);
    }
  });

  it('tries a bounded number of tags, the newest first', async () => {
    const asked: (number | null)[] = [];
    const tags = Array.from({ length: 500 }, (_, index) => etagOf(index + 10)).join(', ');
    expect((await change(tags, asked)).ok).toBe(false);
    expect(asked).toEqual([509, 508, 507, 506, 505, 504, 503, 502]);
  });

  it('gives up at the first refusal that is not about the version', async () => {
    let calls = 0;
    const outcome = await ifMatch({ 'if-match': '"5", "4"' }, async () => {
      calls += 1;
      return refused('endpoint_archived', '');
    });
    expect([calls, outcome.ok]).toEqual([1, false]);
  });

  it('reads back every version that was given out, alone and in a list', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1 }),
        fc.string({ unit: fc.constantFrom('"', ',', ' ', 'W', '/', '7', 'a') }),
        (version, noise) => {
          expect(given(etagOf(version))).toEqual([version]);
          expect(given(`"x", ${etagOf(version)}`)).toEqual([version]);
          // Nothing that a client sends reads as "any version".
          expect(given(noise).length).toBeGreaterThan(0);
        },
      ),
    );
  });
});
