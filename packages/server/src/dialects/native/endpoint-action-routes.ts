import { Type } from 'typebox';
import {
  CURSOR_LENGTH_MAX,
  type DialectRoute,
  decodeCursor,
  encodeCursor,
  invalid,
  keyRoute,
  listEndpointAttempts,
  nullable,
  pageOf,
  parseTime,
  perform,
  recoverDeliveries,
  route,
  STRICT,
  Time,
  testEndpoint,
  words,
} from '../public.ts';
import { encodeAttempt } from './encode-delivery.ts';
import { ids } from './ids.ts';
import { AttemptSchema, TestResultSchema } from './resources.ts';
import { IdParams, nothingThere, pages, reply } from './route-parts.ts';

const tag = 'endpoints';

const testRoute = route({
  method: 'POST',
  path: '/endpoints/{id}/test',
  operation: testEndpoint,
  operationId: 'testEndpoint',
  summary: 'Send a synthetic event now and see what the receiver says',
  description: 'Signed like a delivery and none itself: it counts for nothing, and works on a suspended endpoint too.',
  tag,
  ids: { id: ids.endpoint },
  status: 200,
  response: TestResultSchema,
  decode: ({ ids: { id } }) => ({ endpointId: id }),
  encode: (result) => ({
    delivered: result.delivered,
    status: result.status,
    latencyMs: result.latencyMs,
    responseBody: result.responseBody,
    error: result.errorKind === null ? null : { kind: result.errorKind, detail: result.errorDetail },
    eventId: result.eventId,
    keyIds: result.keyIds,
  }),
});

const RECOVERABLE = ['dead', 'cancelled', 'succeeded'] as const;

const RecoverBody = Type.Object(
  {
    since: Time,
    until: Type.Optional(Time),
    statuses: Type.Optional(Type.Array(words(RECOVERABLE), { minItems: 1, uniqueItems: true })),
    cursor: Type.Optional(
      Type.String({ maxLength: CURSOR_LENGTH_MAX, description: '`nextCursor` of the call before' }),
    ),
  },
  { $id: 'Recovery', ...STRICT },
);

const recoverRoute = keyRoute({
  method: 'POST',
  path: '/endpoints/{id}/recover',
  operationId: 'recoverDeliveries',
  summary: 'Send again what an endpoint missed in a range of time',
  description:
    'Takes the dead and cancelled deliveries unless told otherwise. When `nextCursor` is not null, call again with it.',
  tag,
  scopes: recoverDeliveries.scopes,
  idempotent: recoverDeliveries.idempotent,
  request: { params: IdParams, body: RecoverBody },
  responses: {
    202: Type.Object(
      {
        recovered: Type.Integer(),
        erased: Type.Integer({ description: 'Passed over, because the payload of their event was erased' }),
        remaining: Type.Integer(),
        nextCursor: nullable(Type.String()),
      },
      STRICT,
    ),
  },
  async handle(context, { params, body }) {
    const endpointId = ids.endpoint.decode(params.id);
    if (endpointId === null) return nothingThere('endpoint');
    const since = parseTime(body.since);
    if (since === null) return invalid('/since', 'must be a date-time such as "2026-01-31T12:00:00Z"', 'wrong_format');
    const until = body.until === undefined ? null : parseTime(body.until);
    if (body.until !== undefined && until === null) return invalid('/until', 'must be a date-time', 'wrong_format');
    const statuses = body.statuses ?? ['dead', 'cancelled'];
    const { operationId, caller } = context;
    const list = JSON.stringify([operationId, caller.organizationId, endpointId, since, statuses]);
    const after = body.cursor === undefined ? null : decodeCursor(list, body.cursor);
    if (body.cursor !== undefined && after === null)
      return invalid('/cursor', 'is not a cursor of this recovery', 'invalid_cursor');
    const input = { endpointId, since, until, statuses, after };
    return reply(await perform(context, recoverDeliveries, input), 202, (done) => ({
      recovered: done.recovered,
      erased: done.erased,
      remaining: done.remaining,
      nextCursor: done.nextCursor === null ? null : encodeCursor(list, done.nextCursor),
    }));
  },
});

const attemptsRoute = route({
  method: 'GET',
  path: '/endpoints/{id}/attempts',
  operation: listEndpointAttempts,
  operationId: 'listAttempts',
  summary: 'List the attempts at an endpoint, newest first',
  tag,
  ids: { id: ids.endpoint },
  page: pages,
  status: 200,
  response: pageOf(AttemptSchema),
  decode: ({ ids: { id }, page }) => ({ endpointId: id, page }),
  encode: ({ items }, { next }) => ({ items: items.map(encodeAttempt), nextCursor: next }),
});

export const endpointActionRoutes: readonly DialectRoute[] = [testRoute, recoverRoute, attemptsRoute];
