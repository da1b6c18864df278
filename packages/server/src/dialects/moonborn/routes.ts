import {
  archiveEndpoint,
  createEndpoint,
  cursorPages,
  type DialectRoute,
  listEndpointDeliveries,
  listEndpoints,
  Refusal,
  readEndpoint,
  resendDelivery,
  rotateEndpointSecret,
  route,
  shownSecretText,
  updateEndpoint,
} from '../public.ts';
import { examples } from './examples.ts';
import { encodeDelivery, encodeEndpoint, ids, statusesOf } from './mapping.ts';
import {
  DeliveriesQuery,
  DeliveriesSchema,
  EndpointSchema,
  EndpointsSchema,
  RegisterBody,
  RegisteredSchema,
  ReplayedSchema,
  RotateBody,
  RotatedSchema,
  UpdateBody,
} from './schemas.ts';

const tag = 'webhooks';
const pages = cursorPages({ itemsDefault: 20, itemsMax: 100 });
const oneEndpoint = { id: ids.endpoint };

export const routes: readonly DialectRoute[] = [
  route({
    method: 'POST',
    path: '/v1/webhooks',
    operation: createEndpoint,
    operationId: 'registerWebhookEndpoint',
    summary: 'Register a webhook endpoint (returns its secret ONCE)',
    tag,
    request: { body: RegisterBody },
    status: 201,
    response: RegisteredSchema,
    examples: { request: examples.registration, response: examples.registered },
    decode: ({ body: { events, ...settings } }) => ({ settings: { ...settings, eventTypes: events } }),
    encode(created, { now }) {
      const secretValue = shownSecretText(created.secret);
      return Refusal.is(secretValue) ? secretValue : { endpoint: encodeEndpoint(created, now), secretValue };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/webhooks',
    operation: listEndpoints,
    operationId: 'listWebhookEndpoints',
    summary: 'List webhook endpoints',
    tag,
    page: pages,
    status: 200,
    response: EndpointsSchema,
    examples: { response: { items: [examples.endpoint], nextCursor: null } },
    decode: ({ page }) => ({ page }),
    encode: ({ items }, { now, next }) => ({ items: items.map((one) => encodeEndpoint(one, now)), nextCursor: next }),
  }),
  route({
    method: 'GET',
    path: '/v1/webhooks/{id}',
    operation: readEndpoint,
    operationId: 'getWebhookEndpoint',
    summary: 'Read a webhook endpoint',
    tag,
    ids: oneEndpoint,
    status: 200,
    response: EndpointSchema,
    examples: { response: examples.endpoint },
    decode: ({ ids: { id } }) => ({ endpointId: id }),
    encode: (endpoint, { now }) => encodeEndpoint(endpoint, now),
  }),
  route({
    method: 'PATCH',
    path: '/v1/webhooks/{id}',
    operation: updateEndpoint,
    operationId: 'updateWebhookEndpoint',
    summary: 'Update url, event subscription, description, or status',
    description:
      'Status transitions: `active` and `suspended` are reversible; `archived` is terminal. A new URL does not rotate the secret: call `/rotate_secret` for that.',
    tag,
    ids: oneEndpoint,
    request: { body: UpdateBody },
    status: 200,
    response: EndpointSchema,
    examples: { request: examples.update, response: examples.endpoint },
    decode: ({ ids: { id }, body: { events, ...change } }) => ({
      endpointId: id,
      change: events === undefined ? change : { ...change, eventTypes: events },
    }),
    encode: (endpoint, { now }) => encodeEndpoint(endpoint, now),
  }),
  route({
    method: 'DELETE',
    path: '/v1/webhooks/{id}',
    operation: archiveEndpoint,
    operationId: 'archiveWebhookEndpoint',
    summary: 'Archive a webhook endpoint',
    description:
      'For good. Pending deliveries are cancelled, those in flight become dead letters unless the receiver still takes them, and the history stays.',
    tag,
    ids: oneEndpoint,
    status: 204,
    response: null,
    decode: ({ ids: { id } }) => ({ endpointId: id }),
    encode: () => undefined,
  }),
  route({
    method: 'POST',
    path: '/v1/webhooks/{id}/rotate_secret',
    operation: rotateEndpointSecret,
    operationId: 'rotateWebhookSecret',
    summary: 'Rotate the HMAC secret (returns the new value ONCE)',
    description:
      'Makes a new active secret and retires the one before. Until `graceSeconds` have passed, deliveries carry the signatures of both.',
    tag,
    ids: oneEndpoint,
    request: { body: RotateBody, optionalBody: true },
    status: 200,
    response: RotatedSchema,
    examples: { request: { graceSeconds: 3600 }, response: examples.rotated },
    decode: ({ ids: { id }, body }) => ({ endpointId: id, ...body }),
    encode({ endpoint, secret, retired }, { now }) {
      const secretValue = shownSecretText(secret);
      if (Refusal.is(secretValue)) return secretValue;
      const retiredSecretId = retired === null ? '' : ids.secret.encode(retired.id);
      return { endpoint: encodeEndpoint(endpoint, now), secretValue, retiredSecretId };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/webhooks/{id}/deliveries',
    operation: listEndpointDeliveries,
    operationId: 'listWebhookDeliveries',
    summary: 'List the deliveries of an endpoint, newest first',
    tag,
    ids: oneEndpoint,
    request: { query: DeliveriesQuery },
    page: pages,
    status: 200,
    response: DeliveriesSchema,
    examples: { response: { items: [examples.delivery], nextCursor: null } },
    decode: ({ ids: { id }, query, page }) => ({ endpointId: id, statuses: statusesOf(query.status), page }),
    encode: ({ items }, { next }) => ({ items: items.map(encodeDelivery), nextCursor: next }),
  }),
  route({
    method: 'POST',
    path: '/v1/webhooks/{id}/deliveries/{delivery_id}/replay',
    operation: resendDelivery,
    operationId: 'replayWebhookDelivery',
    summary: 'Send the event of a delivery again',
    description: 'Makes a delivery of its own with the same payload; the old one stays as it is.',
    tag,
    ids: { id: ids.endpoint, delivery_id: ids.delivery },
    status: 202,
    response: ReplayedSchema,
    examples: { response: { delivery: examples.delivery } },
    decode: (request) => ({ endpointId: request.ids.id, deliveryId: request.ids.delivery_id, waiting: 'refused' }),
    encode: (delivery) => ({ delivery: encodeDelivery(delivery) }),
  }),
];
