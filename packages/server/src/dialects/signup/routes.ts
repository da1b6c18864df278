import {
  archiveEndpoint,
  createEndpoint,
  type DialectRoute,
  type EndpointCap,
  type Envelope,
  listEndpointDeliveries,
  listEndpoints,
  newestOnly,
  type OrganizationId,
  readEndpoint,
  resendDelivery,
  rotateEndpointSecret,
  route,
  testEndpoint,
  updateEndpoint,
} from '../public.ts';
import { examples } from './examples.ts';
import { failureOf } from './failure-sentences.ts';
import { changeOf, encodeDelivery, encodeEndpoint, encodeReplay, encodeWithSecret, ids } from './mapping.ts';
import {
  CreateBody,
  DeliveriesSchema,
  EndpointSchema,
  EndpointsSchema,
  EndpointWithSecretSchema,
  ReplaySchema,
  TestSchema,
  UpdateBody,
} from './schemas.ts';

const tag = 'webhooks';
const oneEndpoint = { id: ids.endpoint };
/** Ten times what the largest plan of the product allows. */
const ENDPOINTS_LISTED_MAX = 1_000;
const UPGRADE_REQUIRED = 402;

export type RoutesOptions = {
  /** What the plan of an organization allows; null: no cap. */
  readonly capOf: (organizationId: OrganizationId) => Promise<EndpointCap | null>;
  /** What a test is sent in, whatever its endpoint has. */
  readonly envelope: Envelope;
};

export function routesOf({ capOf, envelope }: RoutesOptions): readonly DialectRoute[] {
  return [createRoute(capOf), ...endpointRoutes, rotateRoute, testRoute(envelope), ...deliveryRoutes];
}

function createRoute(capOf: RoutesOptions['capOf']): DialectRoute {
  return route({
    method: 'POST',
    path: '/webhooks',
    operation: createEndpoint,
    operationId: 'createWebhookEndpoint',
    summary: 'Create a webhook endpoint (returns its signing secret once)',
    description: `Every event type unless \`eventTypes\` is given. As many endpoints as the plan allows: past it ${UPGRADE_REQUIRED}.`,
    tag,
    request: { body: CreateBody },
    status: 201,
    response: EndpointWithSecretSchema,
    refusals: [UPGRADE_REQUIRED],
    examples: { request: examples.creation, response: examples.withSecret },
    decode: async ({ body, caller }) => ({ settings: body, cap: await capOf(caller.organizationId) }),
    encode: (created) => encodeWithSecret(created, created.secret),
  });
}

const endpointRoutes = [
  route({
    method: 'GET',
    path: '/webhooks',
    operation: listEndpoints,
    operationId: 'listWebhookEndpoints',
    summary: 'List webhook endpoints, newest first',
    description: `All of them, up to the newest ${ENDPOINTS_LISTED_MAX}.`,
    tag,
    status: 200,
    response: EndpointsSchema,
    examples: { response: { data: [examples.endpoint] } },
    decode: () => ({ page: { after: null, itemsMax: ENDPOINTS_LISTED_MAX } }),
    encode: ({ items }) => ({ data: items.map(encodeEndpoint) }),
  }),
  route({
    method: 'GET',
    path: '/webhooks/{id}',
    operation: readEndpoint,
    operationId: 'getWebhookEndpoint',
    summary: 'Read a webhook endpoint',
    tag,
    ids: oneEndpoint,
    status: 200,
    response: EndpointSchema,
    examples: { response: examples.endpoint },
    decode: (request) => ({ endpointId: request.ids.id }),
    encode: encodeEndpoint,
  }),
  route({
    method: 'PATCH',
    path: '/webhooks/{id}',
    operation: updateEndpoint,
    operationId: 'updateWebhookEndpoint',
    summary: 'Change, pause or resume a webhook endpoint',
    description:
      'What is paused keeps its deliveries waiting. Resuming sends them and clears the counter of failures. A new URL keeps the signing secret.',
    tag,
    ids: oneEndpoint,
    request: { body: UpdateBody },
    status: 200,
    response: EndpointSchema,
    examples: { request: examples.update, response: examples.endpoint },
    decode: (request) => ({ endpointId: request.ids.id, change: changeOf(request.body) }),
    encode: encodeEndpoint,
  }),
  route({
    method: 'DELETE',
    path: '/webhooks/{id}',
    operation: archiveEndpoint,
    operationId: 'deleteWebhookEndpoint',
    summary: 'Delete a webhook endpoint',
    description: 'For good. What waits to be delivered is cancelled.',
    tag,
    ids: oneEndpoint,
    status: 204,
    response: null,
    decode: (request) => ({ endpointId: request.ids.id }),
    encode: () => undefined,
  }),
];

const rotateRoute = route({
  method: 'POST',
  path: '/webhooks/{id}/rotate',
  operation: rotateEndpointSecret,
  operationId: 'rotateWebhookSecret',
  summary: 'Rotate the signing secret for a webhook endpoint',
  description:
    'Issues a new signing secret. The previous one stays valid for 24 hours: until then deliveries carry the signatures of both.',
  tag,
  ids: oneEndpoint,
  status: 200,
  response: EndpointWithSecretSchema,
  examples: { response: examples.withSecret },
  decode: (request) => ({ endpointId: request.ids.id }),
  encode: ({ endpoint, secret }) => encodeWithSecret(endpoint, secret),
});

function testRoute(envelope: Envelope): DialectRoute {
  return route({
    method: 'POST',
    path: '/webhooks/{id}/test',
    operation: testEndpoint,
    operationId: 'testWebhookEndpoint',
    summary: 'Send a synthetic test payload',
    description:
      "Posts a `webhook.test` envelope to the endpoint, also when it is paused, and returns the receiver's answer. It is no delivery, and a failure does not count toward the auto-pause.",
    tag,
    ids: oneEndpoint,
    status: 200,
    response: TestSchema,
    examples: { response: examples.test },
    decode: (request) => ({ endpointId: request.ids.id, envelope }),
    encode: ({ delivered, status, responseBody, errorKind, latencyMs }) => ({
      delivered,
      responseStatus: status,
      responseBody,
      errorMessage: failureOf(errorKind, status),
      latencyMs,
    }),
  });
}

const deliveryRoutes = [
  route({
    method: 'GET',
    path: '/webhooks/{id}/deliveries',
    operation: listEndpointDeliveries,
    operationId: 'listWebhookDeliveries',
    summary: 'The last deliveries of a webhook endpoint, newest first',
    tag,
    ids: oneEndpoint,
    page: newestOnly({ itemsDefault: 50, itemsMax: 200 }),
    status: 200,
    response: DeliveriesSchema,
    examples: { response: { data: [examples.delivery] } },
    decode: ({ ids: { id }, page }) => ({ endpointId: id, page }),
    encode: ({ items }) => ({ data: items.map(encodeDelivery) }),
  }),
  route({
    method: 'POST',
    path: '/webhooks/deliveries/{id}/replay',
    operation: resendDelivery,
    operationId: 'replayWebhookDelivery',
    summary: 'Send the event of a delivery again',
    description:
      'Makes a delivery of its own, whose id is returned; the old one stays as it is. One that waits or is being sent cannot be replayed yet.',
    tag,
    ids: { id: ids.delivery },
    status: 202,
    response: ReplaySchema,
    examples: { response: examples.replay },
    decode: (request) => ({ deliveryId: request.ids.id, waiting: 'refused' }),
    encode: encodeReplay,
  }),
];
