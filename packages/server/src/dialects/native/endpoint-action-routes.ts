import { Type } from 'typebox';
import { listAttempts } from '../../app/deliveries.ts';
import { invalid } from '../../app/outcome.ts';
import { recoverDeliveries } from '../../app/recover.ts';
import { sendTest } from '../../app/test-send.ts';
import { CURSOR_LENGTH_MAX } from '../../domain/limits.ts';
import { decodeCursor, encodeCursor, nextCursorOf, readPage } from '../../http/pagination.ts';
import { type DialectRoute, keyRoute } from '../define-dialect.ts';
import { encodeAttempt } from './encode-delivery.ts';
import { ids } from './ids.ts';
import { AttemptSchema, TestResultSchema } from './resources.ts';
import { IdParams, listQuery, nothingThere, reply } from './route-parts.ts';
import { nullable, pageOf, STRICT, Time, words } from './schema-parts.ts';
import { parseTime } from './time.ts';

const testRoute = keyRoute({
  method: 'POST',
  path: '/endpoints/{id}/test',
  operationId: 'testEndpoint',
  summary: 'Send a synthetic event now and see what the receiver says',
  description: 'Signed like a delivery and none itself: it counts for nothing, and works on a suspended endpoint too.',
  tag: 'endpoints',
  scopes: ['endpoints:write'],
  idempotent: true,
  request: { params: IdParams },
  responses: { 200: TestResultSchema },
  async handle({ services, caller, idempotency }, { params }) {
    const id = ids.endpoint.decode(params.id);
    if (id === null) return nothingThere('endpoint');
    return reply(await sendTest(services, caller, id, null, idempotency), 200, (result) => ({
      delivered: result.delivered,
      status: result.status,
      latencyMs: result.latencyMs,
      responseBody: result.responseBody,
      error: result.errorKind === null ? null : { kind: result.errorKind, detail: result.errorDetail },
      eventId: result.eventId,
      keyIds: result.keyIds,
    }));
  },
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
  tag: 'endpoints',
  scopes: ['deliveries:write'],
  idempotent: true,
  request: { params: IdParams, body: RecoverBody },
  responses: {
    202: Type.Object(
      { recovered: Type.Integer(), remaining: Type.Integer(), nextCursor: nullable(Type.String()) },
      STRICT,
    ),
  },
  async handle({ services, caller, operationId, idempotency }, { params, body }) {
    const endpointId = ids.endpoint.decode(params.id);
    if (endpointId === null) return nothingThere('endpoint');
    const since = parseTime(body.since);
    if (since === null) return invalid('/since', 'must be a date-time such as "2026-01-31T12:00:00Z"', 'wrong_format');
    const until = body.until === undefined ? null : parseTime(body.until);
    if (body.until !== undefined && until === null) return invalid('/until', 'must be a date-time', 'wrong_format');
    const statuses = body.statuses ?? ['dead', 'cancelled'];
    const list = JSON.stringify([operationId, caller.organizationId, endpointId, since, statuses]);
    const after = body.cursor === undefined ? null : decodeCursor(list, body.cursor);
    if (body.cursor !== undefined && after === null)
      return invalid('/cursor', 'is not a cursor of this recovery', 'invalid_cursor');
    const input = { endpointId, since, until, statuses, after };
    return reply(await recoverDeliveries(services, caller, input, idempotency), 202, (done) => ({
      recovered: done.recovered,
      remaining: done.remaining,
      nextCursor: done.nextCursor === null ? null : encodeCursor(list, done.nextCursor),
    }));
  },
});

const attemptsRoute = keyRoute({
  method: 'GET',
  path: '/endpoints/{id}/attempts',
  operationId: 'listAttempts',
  summary: 'List the attempts at an endpoint, newest first',
  tag: 'endpoints',
  scopes: ['deliveries:read'],
  idempotent: false,
  request: { params: IdParams, query: listQuery({}) },
  responses: { 200: pageOf(AttemptSchema) },
  async handle(context, input) {
    const id = ids.endpoint.decode(input.params.id);
    if (id === null) return nothingThere('endpoint');
    const page = readPage(context, input);
    if (!page.ok) return page;
    return reply(await listAttempts(context.services, context.caller, id, page.page), 200, (found) => ({
      items: found.items.map(encodeAttempt),
      nextCursor: nextCursorOf(context, input, found),
    }));
  },
});

export const endpointActionRoutes: readonly DialectRoute[] = [testRoute, recoverRoute, attemptsRoute];
