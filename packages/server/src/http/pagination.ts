import { hash } from 'node:crypto';
import { invalid, type Refusal } from '../app/outcome.ts';
import { CURSOR_LENGTH_MAX, PAGE_ITEMS_DEFAULT } from '../domain/limits.ts';
import type { Page, PageRequest } from '../store/port.ts';

/**
 * A cursor is base64url of: a version byte, a digest, and the sort key of the last item seen. The digest covers the
 * sort key and the list that it belongs to, so a cursor of another list, or a damaged one, is refused and never read as
 * a place in this one. It guards against mistakes: a sort key is no secret and gives no access.
 */
const VERSION = 1;
const DIGEST_BYTES = 8;
const HEAD_BYTES = 1 + DIGEST_BYTES;
const BASE64URL = /^[A-Za-z0-9_-]+$/;

/** Names one list: the operation, the organization and the filters. */
export type ListName = string;

export function encodeCursor(list: ListName, after: string): string {
  const key = Buffer.from(after, 'utf8');
  const bytes = Buffer.alloc(HEAD_BYTES + key.length);
  bytes[0] = VERSION;
  bytes.set(digestOf(list, after), 1);
  bytes.set(key, HEAD_BYTES);
  return bytes.toString('base64url');
}

/** The sort key, or null when the text is not a cursor of this list. */
export function decodeCursor(list: ListName, cursor: string): string | null {
  if (cursor.length > CURSOR_LENGTH_MAX || !BASE64URL.test(cursor)) return null;
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.length < HEAD_BYTES || bytes[0] !== VERSION) return null;
  const after = bytes.toString('utf8', HEAD_BYTES);
  // One text per place: a cursor that decodes leniently to the same bytes is not one that was given out.
  return encodeCursor(list, after) === cursor ? after : null;
}

function digestOf(list: ListName, after: string): Buffer {
  return hash('sha256', `${list.length} ${list}${after}`, 'buffer').subarray(0, DIGEST_BYTES);
}

type ListContext = { readonly operationId: string; readonly caller: { readonly organizationId: string } };
type ListInput = {
  readonly params: unknown;
  readonly query: Readonly<Record<string, unknown>> & { readonly limit?: number; readonly cursor?: string };
};

function listNameOf(context: ListContext, input: ListInput): ListName {
  const { limit: _limit, cursor: _cursor, ...filters } = input.query;
  const sorted = Object.entries(filters).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([context.operationId, context.caller.organizationId, input.params, sorted]);
}

/** What a list request asks for; `limit` has been checked by its schema. */
export function readPage(
  context: ListContext,
  input: ListInput,
  itemsDefault: number = PAGE_ITEMS_DEFAULT,
): { readonly ok: true; readonly page: PageRequest } | Refusal {
  const itemsMax = input.query.limit ?? itemsDefault;
  const { cursor } = input.query;
  if (cursor === undefined) return { ok: true, page: { after: null, itemsMax } };
  const after = decodeCursor(listNameOf(context, input), cursor);
  if (after === null) return invalid('?cursor', 'is not a cursor of this list with these filters', 'invalid_cursor');
  return { ok: true, page: { after, itemsMax } };
}

export function nextCursorOf(context: ListContext, input: ListInput, page: Page<unknown>): string | null {
  return page.nextCursor === null ? null : encodeCursor(listNameOf(context, input), page.nextCursor);
}
