import {
  archiveEndpoint,
  createEndpoint,
  cursorPages,
  type DialectRoute,
  invalid,
  listEndpoints,
  Refusal,
  readEndpoint,
  rotateEndpointSecret,
  rotateOrganizationSecret,
  route,
  searchAttempts,
  shownSecretText,
  testEndpoint,
  updateEndpoint,
} from '../public.ts';
import { API_VERSION } from './catalogue.ts';
import { examples } from './examples.ts';
import { readFilters } from './filters.ts';
import { encodeDelivery, encodeEndpoint, encodeWithSecret, errorOf, ids, showSecond } from './mapping.ts';
import {
  CreateBody,
  DeliveriesQuery,
  DeliveriesSchema,
  EndpointSchema,
  EndpointsQuery,
  EndpointsSchema,
  EndpointWithSecretSchema,
  OrganizationSecretSchema,
  TestedSchema,
  UpdateBody,
} from './schemas.ts';

const tag = 'webhooks';
const ofOne = { tag, ids: { id: ids.endpoint }, status: 200 } as const;
const ACTIVE_ENDPOINTS_MAX = 50;
const cap = { max: ACTIVE_ENDPOINTS_MAX, of: 'active' } as const;

export const routes: readonly DialectRoute[] = [
  route({
    method: 'POST',
    path: '/v1/webhooks',
    operation: createEndpoint,
    operationId: 'createWebhook',
    summary: 'Create a webhook endpoint (its secret is in this answer only)',
    tag,
    request: { body: CreateBody },
    status: 201,
    response: EndpointWithSecretSchema,
    examples: { request: examples.creation, response: examples.withSecret },
    decode: ({ body: { events, api_version = API_VERSION, ...settings } }) => ({
      settings: { ...settings, eventTypes: events, extra: { api_version } },
      cap,
    }),
    encode: (created) => encodeWithSecret(created, created.secret),
  }),
  route({
    method: 'GET',
    path: '/v1/webhooks',
    operation: listEndpoints,
    operationId: 'listWebhooks',
    summary: 'List webhook endpoints, newest first',
    tag,
    request: { query: EndpointsQuery },
    page: cursorPages({ itemsDefault: 50, itemsMax: 100 }),
    status: 200,
    response: EndpointsSchema,
    examples: { response: examples.endpoints },
    decode: ({ query: { offset = 0 }, page }) =>
      offset > 0 && page.after !== null
        ? invalid('?offset', 'cannot stand beside a cursor', 'not_allowed')
        : { page: { ...page, itemsMax: page.itemsMax + offset }, withTotal: true },
    encode({ items, total }, { request, next }) {
      const { offset = 0 } = request.query;
      const data = items.slice(offset).map(encodeEndpoint);
      const limit = request.page.itemsMax;
      // Whoever counts goes on counting: a cursor would belong to the list with this offset.
      return {
        success: true,
        data,
        meta: {
          total: total ?? data.length,
          limit,
          offset,
          next_cursor: request.query.offset === undefined ? next : null,
        },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/webhooks/{id}',
    operation: readEndpoint,
    operationId: 'getWebhook',
    summary: 'Read a webhook endpoint',
    ...ofOne,
    response: EndpointSchema,
    examples: { response: examples.endpoint },
    decode: ({ ids: { id } }) => ({ endpointId: id }),
    encode: encodeEndpoint,
  }),
  route({
    method: 'PATCH',
    path: '/v1/webhooks/{id}',
    operation: updateEndpoint,
    operationId: 'updateWebhook',
    summary: 'Change a webhook endpoint',
    description: '`events` takes the place of the whole set. The secret stays as it is.',
    ...ofOne,
    request: { body: UpdateBody },
    response: EndpointSchema,
    examples: { request: examples.update, response: examples.endpoint },
    decode({ ids: { id }, body: { events, active, api_version: version, ...change } }) {
      if (version !== undefined) return invalid('/api_version', 'cannot be changed', 'immutable');
      return {
        endpointId: id,
        change: {
          ...change,
          ...(events === undefined ? {} : { eventTypes: events }),
          ...(active === undefined ? {} : { status: active ? ('active' as const) : ('suspended' as const) }),
        },
        cap,
      };
    },
    encode: encodeEndpoint,
  }),
  route({
    method: 'DELETE',
    path: '/v1/webhooks/{id}',
    operation: archiveEndpoint,
    operationId: 'deleteWebhook',
    summary: 'Delete a webhook endpoint for good; what was sent to it stays in the log',
    ...ofOne,
    status: 204,
    response: null,
    decode: ({ ids: { id } }) => ({ endpointId: id }),
    encode: () => undefined,
  }),
  route({
    method: 'POST',
    path: '/v1/webhooks/{id}/rotate-secret',
    operation: rotateEndpointSecret,
    operationId: 'rotateWebhookSecret',
    summary: "Rotate an endpoint's signing secret",
    description:
      'The new secret is in this answer and in no other. It takes the place of the previous one at once: there is no grace.',
    ...ofOne,
    response: EndpointWithSecretSchema,
    examples: { response: examples.withSecret },
    decode: ({ ids: { id } }) => ({ endpointId: id }),
    encode: ({ endpoint, secret }) => encodeWithSecret(endpoint, secret),
  }),
  route({
    method: 'POST',
    path: '/v1/webhooks/{id}/test',
    operation: testEndpoint,
    operationId: 'testWebhook',
    summary: 'Send a test event and tell what the receiver said',
    description: 'A `webhook.test`, signed like any other event, also when the endpoint is not active.',
    ...ofOne,
    response: TestedSchema,
    examples: { response: examples.tested },
    decode: ({ ids: { id } }) => ({ endpointId: id }),
    encode: (result) => ({
      event_id: result.eventId,
      outcome: result.delivered ? 'success' : 'dead',
      url: result.url,
      response_status: result.status,
      response_time_ms: Math.round(result.latencyMs),
      response_body_excerpt: result.responseBody,
      error: errorOf(result),
    }),
  }),
  route({
    method: 'POST',
    path: '/v1/webhook-secret/rotate',
    operation: rotateOrganizationSecret,
    operationId: 'rotateOrganizationSecret',
    summary: "Rotate the organization's signing secret",
    description:
      'It signs for the endpoints without a secret of their own, from now on alone. The previous one is to be accepted for 5 minutes more.',
    tag,
    status: 200,
    response: OrganizationSecretSchema,
    examples: { response: examples.organizationSecret },
    decode: () => ({}),
    encode({ secret, retired, effectiveAt }) {
      const value = shownSecretText(secret);
      if (Refusal.is(value)) return value;
      const until = retired?.expiresAt ?? null;
      return {
        webhook_secret: value,
        rotated_at: showSecond(effectiveAt),
        previous_valid_until: until === null ? null : showSecond(until),
      };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/webhooks/deliveries',
    operation: searchAttempts,
    operationId: 'listWebhookDeliveries',
    summary: 'List what was sent, newest first: one row for each request',
    description: 'A page may hold fewer rows than asked for, even none, and still have a next one.',
    tag,
    request: { query: DeliveriesQuery },
    page: cursorPages({ itemsDefault: 50, itemsMax: 200 }),
    status: 200,
    response: DeliveriesSchema,
    examples: { response: examples.deliveries },
    decode({ query, page }) {
      const filters = readFilters(query);
      return Refusal.is(filters) ? filters : { ...filters, page };
    },
    encode: ({ items }, { request, next }) => ({
      success: true,
      data: items.map(encodeDelivery),
      meta: { limit: request.page.itemsMax, next_cursor: next },
    }),
  }),
];
