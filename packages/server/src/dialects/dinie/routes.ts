import {
  archiveEndpoint,
  clientCredentialsRoute,
  createEndpoint,
  type DialectRoute,
  idPages,
  listEndpoints,
  Refusal,
  readEndpoint,
  rotateEndpointSecret,
  route,
  shownSecretText,
  showTime,
  updateEndpoint,
} from '../public.ts';
import { examples } from './examples.ts';
import { encodeEndpoint, ids, oneEndpoint, settingsOf, statusOf } from './mapping.ts';
import {
  CreateBody,
  CreatedSchema,
  EndpointSchema,
  EndpointsSchema,
  RotateBody,
  RotatedSchema,
  UpdateBody,
} from './schemas.ts';

const tag = 'webhooks';
const TOKEN_SECONDS = 3_600;

/** The pages name the first path, the product's own SDK calls the second. */
const ROTATIONS = [
  ['/webhooks/endpoints/{webhook_endpoint_id}/secret/rotate', 'rotateWebhookSecret'],
  ['/webhooks/endpoints/{webhook_endpoint_id}/rotate-secret', 'rotateWebhookEndpointSecret'],
] as const;

export const routes: readonly DialectRoute[] = [
  clientCredentialsRoute({ path: '/auth/token', tokenSeconds: TOKEN_SECONDS }),
  route({
    method: 'POST',
    path: '/webhooks/endpoints',
    operation: createEndpoint,
    operationId: 'createWebhookEndpoint',
    summary: 'Create a webhook endpoint',
    description: 'The signing secret is in this answer only.',
    tag,
    request: { body: CreateBody },
    status: 201,
    response: CreatedSchema,
    examples: { request: examples.creation, response: examples.created },
    decode: ({ body: { url, ...more } }) => ({ settings: { url, ...settingsOf(more) } }),
    encode(created) {
      const secret = shownSecretText(created.secret);
      return Refusal.is(secret) ? secret : { ...encodeEndpoint(created), secret };
    },
  }),
  route({
    method: 'GET',
    path: '/webhooks/endpoints',
    operation: listEndpoints,
    operationId: 'listWebhookEndpoints',
    summary: 'List webhook endpoints, newest first',
    tag,
    page: idPages('starting_after', ids.endpoint, { itemsDefault: 20, itemsMax: 100 }),
    status: 200,
    response: EndpointsSchema,
    examples: { response: examples.endpoints },
    decode: ({ page }) => ({ page }),
    encode: ({ items }, { next }) => ({ data: items.map(encodeEndpoint), has_more: next !== null }),
  }),
  route({
    method: 'GET',
    path: '/webhooks/endpoints/{webhook_endpoint_id}',
    operation: readEndpoint,
    operationId: 'getWebhookEndpoint',
    summary: 'Read a webhook endpoint',
    tag,
    ids: oneEndpoint,
    status: 200,
    response: EndpointSchema,
    examples: { response: examples.endpoint },
    decode: (request) => ({ endpointId: request.ids.webhook_endpoint_id }),
    encode: encodeEndpoint,
  }),
  route({
    method: 'PATCH',
    path: '/webhooks/endpoints/{webhook_endpoint_id}',
    operation: updateEndpoint,
    operationId: 'updateWebhookEndpoint',
    summary: 'Update url, events, description or status',
    description: 'What is left out stays as it is. A disabled endpoint is sent nothing. A new URL keeps the secret.',
    tag,
    ids: oneEndpoint,
    request: { body: UpdateBody },
    status: 200,
    response: EndpointSchema,
    examples: { request: examples.update, response: examples.endpoint },
    decode: ({ ids: { webhook_endpoint_id }, body: { status, ...more } }) => ({
      endpointId: webhook_endpoint_id,
      change: { ...settingsOf(more), ...(status === undefined ? {} : { status: statusOf(status) }) },
    }),
    encode: encodeEndpoint,
  }),
  route({
    method: 'DELETE',
    path: '/webhooks/endpoints/{webhook_endpoint_id}',
    operation: archiveEndpoint,
    operationId: 'deleteWebhookEndpoint',
    summary: 'Delete a webhook endpoint',
    tag,
    ids: oneEndpoint,
    status: 204,
    response: null,
    decode: (request) => ({ endpointId: request.ids.webhook_endpoint_id }),
    encode: () => undefined,
  }),
  ...ROTATIONS.map(([path, operationId]) =>
    route({
      method: 'POST',
      path,
      operation: rotateEndpointSecret,
      operationId,
      repeatsAs: ROTATIONS[0][1],
      summary: 'Rotate the signing secret',
      description:
        'Makes a new secret. The one before goes on for `expire_current_in` seconds, in which deliveries carry the signatures of both.',
      tag,
      ids: oneEndpoint,
      request: { body: RotateBody, optionalBody: true },
      status: 200,
      response: RotatedSchema,
      examples: { request: examples.rotation, response: examples.rotated },
      decode: ({ ids: { webhook_endpoint_id }, body: { expire_current_in } }) => ({
        endpointId: webhook_endpoint_id,
        ...(expire_current_in === undefined ? {} : { graceSeconds: expire_current_in }),
      }),
      encode({ endpoint: { endpoint }, secret: minted, retired, effectiveAt }) {
        const secret = shownSecretText(minted);
        if (Refusal.is(secret)) return secret;
        const id = ids.endpoint.encode(endpoint.id);
        return { id, secret, previous_secret_expires_at: showTime(retired?.expiresAt ?? effectiveAt) };
      },
    }),
  ),
];
