import { type Static, Type } from 'typebox';
import {
  AUDIT_ACTIONS,
  type AuditEntry,
  type DialectRoute,
  listAudit,
  pageOf,
  parseTime,
  refuseFields,
  route,
  STRICT,
  showTime,
  words,
} from '../public.ts';
import { AuditEntrySchema } from './resources.ts';
import { pages } from './route-parts.ts';

const Moment = Type.String({ format: 'date-time' });

const Filters = Type.Object(
  {
    action: Type.Optional(words(AUDIT_ACTIONS)),
    actor: Type.Optional(Type.String({ minLength: 1, description: 'Exactly as a line has it' })),
    target: Type.Optional(Type.String({ minLength: 1, description: 'The id of what was changed' })),
    since: Type.Optional(Moment),
    until: Type.Optional(Moment),
    all: Type.Optional(Type.Boolean({ description: 'Of every organization; takes the scope `operator`' })),
  },
  STRICT,
);

function encode(entry: AuditEntry): Static<typeof AuditEntrySchema> {
  return {
    id: entry.id,
    at: showTime(entry.at),
    organizationId: entry.organizationId,
    actor: entry.actor,
    action: entry.action,
    target: entry.target,
    reason: entry.reason,
    address: entry.address,
    requestId: entry.requestId,
    detail: showDetail(entry.detail),
  };
}

/** Facts of a line that are times: numbers where they are stored, and text here like every time of this API. */
const TIMES: ReadonlySet<string> = new Set([
  'before',
  'expiresAt',
  'failingSince',
  'retiredExpiresAt',
  'since',
  'until',
]);

function showDetail(detail: AuditEntry['detail']): AuditEntry['detail'] {
  const shown = Object.entries(detail).map(([name, value]) => [
    name,
    TIMES.has(name) && typeof value === 'number' ? showTime(value) : value,
  ]);
  return Object.fromEntries(shown) as AuditEntry['detail']; // Names stay, and text is one of the kinds of value.
}

const listRoute = route({
  method: 'GET',
  path: '/audit',
  operation: listAudit,
  operationId: 'listAudit',
  summary: 'Read the audit log, newest first',
  description:
    'Who changed what, why and from where. `since` is included, `until` is not. A page with filters may be short, even empty, and still have a `nextCursor`.',
  tag: 'audit',
  request: { query: Filters },
  page: pages,
  status: 200,
  response: pageOf(AuditEntrySchema),
  decode({ query: { since, until, ...rest }, page }) {
    const times = { since: timeOf(since), until: timeOf(until) };
    const wrong = (['since', 'until'] as const).filter((name) => times[name] === undefined);
    if (wrong.length > 0) {
      const detail = 'must be a date-time such as "2027-01-31T12:00:00Z"';
      return refuseFields(wrong.map((name) => ({ pointer: `?${name}`, detail, code: 'wrong_format' })));
    }
    return { ...rest, since: times.since ?? null, until: times.until ?? null, page };
  },
  encode: ({ items }, { next }) => ({ items: items.map(encode), nextCursor: next }),
});

/** Undefined when it is no time, null when there is none. */
function timeOf(text: string | undefined): number | null | undefined {
  return text === undefined ? null : (parseTime(text) ?? undefined);
}

export const auditRoutes: readonly DialectRoute[] = [listRoute];
