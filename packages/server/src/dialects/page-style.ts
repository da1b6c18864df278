import { type TSchema, Type } from 'typebox';
import type { Refusal } from '../app/outcome.ts';
import { type EndpointId, parseId } from '../domain/ids.ts';
import { CURSOR_LENGTH_MAX, PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX } from '../domain/limits.ts';
import { nextCursorOf, readPage } from '../http/pagination.ts';
import { refuseFields } from '../http/validation.ts';
import type { Page, PageRequest } from '../store/port.ts';
import type { IdCodec } from './id-codec.ts';
import { listEndpoints } from './operations/endpoints.ts';

type Query = Readonly<Record<string, unknown>>;
/** Which list is paged: a cursor of another one is refused. */
export type PagedList = {
  readonly operationId: string;
  readonly caller: { readonly organizationId: string };
};
export type PagedRequest = { readonly params: unknown; readonly query: Query };
type Reading = { readonly ok: true; readonly page: PageRequest } | Refusal;

/** How a product asks for a page of a list, and how it says where the next one starts. */
export type PageStyle = {
  /** Its query parameters. */
  readonly query: Readonly<Record<string, TSchema>>;
  read(list: PagedList, request: PagedRequest): Reading;
  /** What the next page is asked for with; null: this was the last one, or the product does not say. */
  next(list: PagedList, request: PagedRequest, page: Page<unknown>): string | null;
  /** The one operation whose list it can page; absent: any. */
  readonly operation?: { readonly name: string };
};

type Sizes = { readonly itemsDefault?: number; readonly itemsMax?: number };

function limitParameter({ itemsDefault = PAGE_ITEMS_DEFAULT, itemsMax = PAGE_ITEMS_MAX }: Sizes): TSchema {
  const description = `Items on the page; ${itemsDefault} unless given`;
  return Type.Optional(Type.Integer({ minimum: 1, maximum: itemsMax, description }));
}

/** `limit`, checked by the schema above. */
function itemsMaxOf(query: Query, { itemsDefault = PAGE_ITEMS_DEFAULT }: Sizes): number {
  const limit = query['limit'];
  return typeof limit === 'number' ? limit : itemsDefault;
}

/** `limit` and an opaque `cursor`. */
export function cursorPages(sizes: Sizes = {}): PageStyle {
  const description = 'Where the page before said that this one starts';
  return {
    query: {
      limit: limitParameter(sizes),
      cursor: Type.Optional(Type.String({ minLength: 1, maxLength: CURSOR_LENGTH_MAX, description })),
    },
    read: (list, request) => readPage(list, withPage(request), sizes.itemsDefault),
    next: (list, request, page) => nextCursorOf(list, withPage(request), page),
  };
}

/** The query has passed the schemas of `cursorPages`. */
function withPage(request: PagedRequest): PagedRequest & { query: { limit?: number; cursor?: string } } {
  return request;
}

/** `limit` and the id of the last endpoint of the page before. Of all lists, that of endpoints alone goes on after an id. */
export function idPages(parameter: string, ids: IdCodec<EndpointId>, sizes: Sizes = {}): PageStyle {
  const description = `The id of the last ${ids.noun} of the page before`;
  return {
    query: { limit: limitParameter(sizes), [parameter]: Type.Optional(Type.String({ description })) },
    read(_list, { query }) {
      const text = query[parameter];
      const itemsMax = itemsMaxOf(query, sizes);
      if (typeof text !== 'string') return { ok: true, page: { after: null, itemsMax } };
      const after = ids.decode(text);
      if (after !== null) return { ok: true, page: { after, itemsMax } };
      const detail = 'must be the id of the last item of the page before';
      return refuseFields([{ pointer: `?${parameter}`, detail, code: 'wrong_format' }]);
    },
    next(_list, _request, { nextCursor }) {
      if (nextCursor === null) return null;
      const last = parseId('ep', nextCursor);
      if (last === null)
        throw new Error('idPages pages the list of endpoints, and this list goes on after something else');
      return ids.encode(last);
    },
    operation: listEndpoints,
  };
}

/** `limit` alone: the newest so many, and no way on. */
export function newestOnly(sizes: Sizes = {}): PageStyle {
  return {
    query: { limit: limitParameter(sizes) },
    read: (_list, { query }) => ({ ok: true, page: { after: null, itemsMax: itemsMaxOf(query, sizes) } }),
    next: () => null,
  };
}
