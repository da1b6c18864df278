import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CURSOR_LENGTH_MAX } from '../domain/limits.ts';
import { decodeCursor, encodeCursor, nextCursorOf, readPage } from './pagination.ts';

const sortKey = fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => text.toWellFormed());
const context = { operationId: 'list', caller: { organizationId: 'org_a' } };

describe('cursors', () => {
  it('lead back to the place that they were made of, in their own list', () => {
    fc.assert(
      fc.property(fc.string(), sortKey, (list, after) => {
        expect(decodeCursor(list, encodeCursor(list, after))).toBe(after);
      }),
    );
  });

  it('lead nowhere in another list', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), sortKey, (list, other, after) => {
        fc.pre(list !== other);
        expect(decodeCursor(other, encodeCursor(list, after))).toBeNull();
      }),
    );
  });

  it('lead nowhere when any character was changed, added or taken away', () => {
    fc.assert(
      fc.property(
        sortKey,
        fc.nat(),
        fc.constantFrom('A', 'B', 'Q', 'g', 'w', 'z', '0', '9', '-', '_'),
        (after, at, character) => {
          const cursor = encodeCursor('list', after);
          const place = at % cursor.length;
          const changed = cursor.slice(0, place) + character + cursor.slice(place + 1);
          fc.pre(changed !== cursor);
          expect(decodeCursor('list', changed)).toBeNull();
          expect(decodeCursor('list', cursor + character)).toBeNull();
          expect(decodeCursor('list', cursor.slice(0, -1))).toBeNull();
        },
      ),
    );
  });

  it('are not read out of anything else', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => decodeCursor('list', text) === null));
    expect(decodeCursor('list', 'A'.repeat(CURSOR_LENGTH_MAX + 4))).toBeNull();
    expect(decodeCursor('list', `${encodeCursor('list', 'a')}=`)).toBeNull();
  });
});

describe('pages', () => {
  const input = { params: { id: 'ep_1' }, query: { status: 'dead', type: 'a' } };
  const cursor = nextCursorOf(context, input, { items: [], nextCursor: 'place' }) ?? '';

  it('go on from their cursor whatever the limit and the order of the filters', () => {
    const again = { params: { id: 'ep_1' }, query: { type: 'a', status: 'dead', cursor, limit: 7 } };
    expect(readPage(context, again)).toEqual({ ok: true, page: { after: 'place', itemsMax: 7 } });
  });

  it.each([
    ['other filters', context, { params: { id: 'ep_1' }, query: { status: 'held', type: 'a', cursor } }],
    ['a filter less', context, { params: { id: 'ep_1' }, query: { status: 'dead', cursor } }],
    ['another thing', context, { params: { id: 'ep_2' }, query: { status: 'dead', type: 'a', cursor } }],
    ['another operation', { ...context, operationId: 'other' }, { ...input, query: { ...input.query, cursor } }],
    [
      'another organization',
      { ...context, caller: { organizationId: 'org_b' } },
      { ...input, query: { ...input.query, cursor } },
    ],
  ])('refuse a cursor of %s', (_name, asked, request) => {
    expect(readPage(asked, request)).toMatchObject({
      ok: false,
      problem: { code: 'validation_failed', errors: [{ pointer: '?cursor' }] },
    });
  });

  it('begin at the beginning, and have no cursor at the end', () => {
    expect(readPage(context, input, 33)).toEqual({ ok: true, page: { after: null, itemsMax: 33 } });
    expect(nextCursorOf(context, input, { items: [], nextCursor: null })).toBeNull();
  });
});
