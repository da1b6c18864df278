import { Type } from 'typebox';
import { listDeliveries, readDelivery, resendDelivery } from '../../app/deliveries.ts';
import { SHOWN_STATUSES } from '../../domain/delivery.ts';
import { nextCursorOf, readPage } from '../../http/pagination.ts';
import { refuseFields } from '../../http/validation.ts';
import { type DialectRoute, keyRoute } from '../define-dialect.ts';
import { encodeAttempt, encodeDelivery } from './encode-delivery.ts';
import { ids } from './ids.ts';
import { DeliverySchema, DeliveryWithAttemptsSchema } from './resources.ts';
import { IdParams, listQuery, nothingThere, reply } from './route-parts.ts';
import { pageOf, words } from './schema-parts.ts';

const listRoute = keyRoute({
  method: 'GET',
  path: '/deliveries',
  operationId: 'listDeliveries',
  summary: 'List deliveries, newest first',
  tag: 'deliveries',
  scopes: ['deliveries:read'],
  idempotent: false,
  request: {
    query: listQuery({
      endpointId: Type.Optional(Type.String()),
      eventId: Type.Optional(Type.String()),
      status: Type.Optional(words(SHOWN_STATUSES)),
    }),
  },
  responses: { 200: pageOf(DeliverySchema) },
  async handle(context, input) {
    const page = readPage(context, input);
    if (!page.ok) return page;
    const { endpointId, eventId = null, status = null } = input.query;
    const endpoint = endpointId === undefined ? null : ids.endpoint.decode(endpointId);
    if (endpointId !== undefined && endpoint === null) {
      return refuseFields([{ pointer: '?endpointId', detail: 'is not the id of an endpoint', code: 'wrong_format' }]);
    }
    const query = { endpointId: endpoint, eventId, status };
    return reply(await listDeliveries(context.services, context.caller, query, page.page), 200, (found) => ({
      items: found.items.map(encodeDelivery),
      nextCursor: nextCursorOf(context, input, found),
    }));
  },
});

const readRoute = keyRoute({
  method: 'GET',
  path: '/deliveries/{id}',
  operationId: 'readDelivery',
  summary: 'Read a delivery, with its attempts',
  tag: 'deliveries',
  scopes: ['deliveries:read'],
  idempotent: false,
  request: { params: IdParams },
  responses: { 200: DeliveryWithAttemptsSchema },
  async handle({ services, caller }, { params }) {
    const id = ids.delivery.decode(params.id);
    if (id === null) return nothingThere('delivery');
    return reply(await readDelivery(services, caller, id), 200, (found) => ({
      ...encodeDelivery(found),
      attempts: found.attempts.map(encodeAttempt),
    }));
  },
});

const resendRoute = keyRoute({
  method: 'POST',
  path: '/deliveries/{id}/resend',
  operationId: 'resendDelivery',
  summary: 'Send the event of a delivery to its endpoint again',
  description: 'Makes a delivery of its own; the old one and its retries go on as they were.',
  tag: 'deliveries',
  scopes: ['deliveries:write'],
  idempotent: true,
  request: { params: IdParams },
  responses: { 202: DeliverySchema },
  async handle({ services, caller, idempotency }, { params }) {
    const id = ids.delivery.decode(params.id);
    if (id === null) return nothingThere('delivery');
    return reply(await resendDelivery(services, caller, id, idempotency), 202, encodeDelivery);
  },
});

export const deliveryRoutes: readonly DialectRoute[] = [listRoute, readRoute, resendRoute];
