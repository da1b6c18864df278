import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { compileCheck } from '../http/validation.ts';
import { hexIds, uuids } from './id-codec.ts';
import { cursorPages, idPages, newestOnly, type PagedRequest, type PageStyle } from './page-style.ts';

const list = { operationId: 'listHooks', caller: { organizationId: 'org_a' } };
const last = hexIds('ep', 'hook');
const id = last.decode(last.example) ?? 'ep_';

function asking(query: PagedRequest['query'], params: unknown = {}): PagedRequest {
  return { params, query };
}

function fits(style: PageStyle, query: object): boolean {
  return compileCheck(Type.Object(style.query, { additionalProperties: false }))(query) === null;
}

describe('pages by cursor', () => {
  const style = cursorPages({ itemsDefault: 20, itemsMax: 100 });

  it('go on where the page before ended', () => {
    const first = style.read(list, asking({ state: 'dead' }));
    expect(first).toEqual({ ok: true, page: { after: null, itemsMax: 20 } });
    const cursor = style.next(list, asking({ state: 'dead' }), { items: [], nextCursor: 'the last key' });
    expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(style.read(list, asking({ state: 'dead', cursor, limit: 3 }))).toEqual({
      ok: true,
      page: { after: 'the last key', itemsMax: 3 },
    });
    expect(style.next(list, asking({}), { items: [], nextCursor: null })).toBeNull();
  });

  it('refuse the cursor of another list, organization or filter', () => {
    const cursor = style.next(list, asking({ state: 'dead' }), { items: [], nextCursor: 'the last key' });
    for (const [other, request] of [
      [list, asking({ cursor })],
      [list, asking({ cursor, state: 'dead' }, { id: 'x' })],
      [{ ...list, operationId: 'listOthers' }, asking({ state: 'dead', cursor })],
      [{ ...list, caller: { organizationId: 'org_b' } }, asking({ state: 'dead', cursor })],
      [list, asking({ state: 'dead', cursor: 'bm9uc2Vuc2U' })],
    ] as const) {
      expect(style.read(other, request)).toMatchObject({ ok: false, problem: { code: 'validation_failed' } });
    }
  });

  it('have the sizes that the product says', () => {
    expect([1, 100, 0, 101, 2.5, '3'].map((limit) => fits(style, { limit }))).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('pages by the last id', () => {
  const style = idPages('starting_after', last, { itemsDefault: 10 });

  it('take and give ids as the product writes them', () => {
    expect(style.read(list, asking({}))).toEqual({ ok: true, page: { after: null, itemsMax: 10 } });
    expect(style.read(list, asking({ starting_after: last.example, limit: 2 }))).toEqual({
      ok: true,
      page: { after: id, itemsMax: 2 },
    });
    expect(style.next(list, asking({}), { items: [], nextCursor: id })).toBe(last.example);
    expect(style.next(list, asking({}), { items: [], nextCursor: null })).toBeNull();
  });

  it('stop where a list goes on after anything else', () => {
    for (const nextCursor of ['1042', hexIds('dlv', 'try').example, 'hook_1']) {
      expect(() => style.next(list, asking({}), { items: [], nextCursor })).toThrow('pages the list of endpoints');
    }
  });

  it('refuse what is no id there, by the name of the parameter', () => {
    for (const text of ['', id, uuids('ep').encode(id), 'hook_1']) {
      expect(style.read(list, asking({ starting_after: text }))).toMatchObject({
        ok: false,
        problem: { errors: [{ pointer: '?starting_after', code: 'wrong_format' }] },
      });
    }
  });
});

describe('the newest alone', () => {
  it('take a size and lead nowhere', () => {
    const style = newestOnly({ itemsDefault: 50, itemsMax: 200 });
    expect(style.read(list, asking({ limit: 7 }))).toEqual({ ok: true, page: { after: null, itemsMax: 7 } });
    expect(style.read(list, asking({}))).toEqual({ ok: true, page: { after: null, itemsMax: 50 } });
    expect(style.next(list, asking({}), { items: [], nextCursor: 'more' })).toBeNull();
    expect([fits(style, { limit: 200 }), fits(style, { limit: 201 }), fits(style, { cursor: 'x' })]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
