import { Type } from 'typebox';
import {
  type DialectRoute,
  listDeliveries,
  pageOf,
  readDelivery,
  refuseFields,
  resendDelivery,
  route,
  SHOWN_STATUSES,
  STRICT,
  words,
} from '../public.ts';
import { encodeAttempt, encodeDelivery } from './encode-delivery.ts';
import { followRoute } from './follow-route.ts';
import { ids } from './ids.ts';
import { DeliverySchema, DeliveryWithAttemptsSchema } from './resources.ts';
import { pages } from './route-parts.ts';

const tag = 'deliveries';

const Filters = Type.Object(
  {
    endpointId: Type.Optional(Type.String()),
    eventId: Type.Optional(Type.String()),
    status: Type.Optional(words(SHOWN_STATUSES)),
  },
  STRICT,
);

const listRoute = route({
  method: 'GET',
  path: '/deliveries',
  operation: listDeliveries,
  operationId: 'listDeliveries',
  summary: 'List deliveries, newest first',
  tag,
  request: { query: Filters },
  page: pages,
  status: 200,
  response: pageOf(DeliverySchema),
  decode({ query, page }) {
    const { endpointId: text, eventId = null, status } = query;
    const endpointId = text === undefined ? null : ids.endpoint.decode(text);
    if (text !== undefined && endpointId === null) {
      return refuseFields([{ pointer: '?endpointId', detail: 'is not the id of an endpoint', code: 'wrong_format' }]);
    }
    return { endpointId, eventId, statuses: status === undefined ? null : [status], page };
  },
  encode: ({ items }, { next }) => ({ items: items.map(encodeDelivery), nextCursor: next }),
});

const readRoute = route({
  method: 'GET',
  path: '/deliveries/{id}',
  operation: readDelivery,
  operationId: 'readDelivery',
  summary: 'Read a delivery, with its attempts',
  tag,
  ids: { id: ids.delivery },
  status: 200,
  response: DeliveryWithAttemptsSchema,
  decode: ({ ids: { id } }) => ({ deliveryId: id }),
  encode: (found) => ({ ...encodeDelivery(found), attempts: found.attempts.map(encodeAttempt) }),
});

const resendRoute = route({
  method: 'POST',
  path: '/deliveries/{id}/resend',
  operation: resendDelivery,
  operationId: 'resendDelivery',
  summary: 'Send the event of a delivery to its endpoint again',
  description: 'Makes a delivery of its own; the old one and its retries go on as they were.',
  tag,
  ids: { id: ids.delivery },
  status: 202,
  response: DeliverySchema,
  decode: ({ ids: { id } }) => ({ deliveryId: id }),
  encode: encodeDelivery,
});

export const deliveryRoutes: readonly DialectRoute[] = [listRoute, readRoute, resendRoute, followRoute];
