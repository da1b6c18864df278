import { Type } from 'typebox';
import {
  archiveEndpoint,
  createEndpoint,
  type DialectRoute,
  type EndpointView,
  etagOf,
  ifMatch,
  keyRoute,
  listEndpoints,
  nullable,
  type Outcome,
  pageOf,
  perform,
  type RouteReply,
  readEndpoint,
  route,
  STRICT,
  updateEndpoint,
} from '../public.ts';
import { encodeEndpoint } from './encode-endpoint.ts';
import { CreateEndpointBody, PatchEndpointBody, settingsOf } from './endpoint-body.ts';
import { ids } from './ids.ts';
import { EndpointSchema, ShownSecretSchema } from './resources.ts';
import { IdParams, IfMatch, MERGE_PATCH, nothingThere, pages, reply, SECRET_AGAIN } from './route-parts.ts';

const tag = 'endpoints';

function withTag(outcome: Outcome<EndpointView>): RouteReply {
  const headers = outcome.ok ? { etag: etagOf(outcome.value.endpoint.version) } : undefined;
  return reply(outcome, 200, encodeEndpoint, headers);
}

const createRoute = route({
  method: 'POST',
  path: '/endpoints',
  operation: createEndpoint,
  operationId: 'createEndpoint',
  summary: 'Subscribe a URL to event types',
  description: `The secret is shown in this answer only. An endpoint on the ring of its organization has none of its own. ${SECRET_AGAIN}`,
  tag,
  request: { body: CreateEndpointBody },
  status: 201,
  response: Type.Object({ endpoint: EndpointSchema, secret: nullable(ShownSecretSchema) }, STRICT),
  decode({ body: { keyring = 'own', algorithm = 'hmac-sha256', ...settings } }) {
    return { settings: settingsOf(settings), keyring, algorithm };
  },
  encode: (created) => ({ endpoint: encodeEndpoint(created), secret: created.secret }),
});

const listRoute = route({
  method: 'GET',
  path: '/endpoints',
  operation: listEndpoints,
  operationId: 'listEndpoints',
  summary: 'List endpoints',
  tag,
  page: pages,
  status: 200,
  response: pageOf(EndpointSchema),
  decode: ({ page }) => ({ page }),
  encode: ({ items }, { next }) => ({ items: items.map(encodeEndpoint), nextCursor: next }),
});

const readRoute = keyRoute({
  method: 'GET',
  path: '/endpoints/{id}',
  operationId: 'readEndpoint',
  summary: 'Read an endpoint',
  tag,
  scopes: readEndpoint.scopes,
  idempotent: false,
  request: { params: IdParams },
  responses: { 200: EndpointSchema },
  async handle(context, { params }) {
    const endpointId = ids.endpoint.decode(params.id);
    return endpointId === null
      ? nothingThere('endpoint')
      : withTag(await perform(context, readEndpoint, { endpointId }));
  },
});

const patchRoute = keyRoute({
  method: 'PATCH',
  path: '/endpoints/{id}',
  operationId: 'patchEndpoint',
  summary: 'Change an endpoint',
  description:
    'A merge patch (RFC 7396): what is not named stays. `status` suspends, resumes or archives; archived is for good. A new URL keeps the secrets.',
  tag,
  scopes: updateEndpoint.scopes,
  idempotent: false,
  request: { params: IdParams, headers: IfMatch, body: PatchEndpointBody, contentTypes: MERGE_PATCH },
  responses: { 200: EndpointSchema },
  refusals: [412],
  async handle(context, { params, body }) {
    const endpointId = ids.endpoint.decode(params.id);
    if (endpointId === null) return nothingThere('endpoint');
    const change = settingsOf(body);
    return withTag(
      await ifMatch(
        context.headers,
        async (expectedVersion) => await perform(context, updateEndpoint, { endpointId, change, expectedVersion }),
      ),
    );
  },
});

const deleteRoute = keyRoute({
  method: 'DELETE',
  path: '/endpoints/{id}',
  operationId: 'archiveEndpoint',
  summary: 'Archive an endpoint',
  description: 'It receives nothing any more; what was queued is cancelled, and its history stays.',
  tag,
  scopes: archiveEndpoint.scopes,
  idempotent: false,
  request: { params: IdParams, headers: IfMatch },
  responses: { 204: null },
  refusals: [412],
  async handle(context, { params }) {
    const endpointId = ids.endpoint.decode(params.id);
    if (endpointId === null) return nothingThere('endpoint');
    const outcome = await ifMatch(
      context.headers,
      async (expectedVersion) => await perform(context, archiveEndpoint, { endpointId, expectedVersion }),
    );
    return reply(outcome, 204, () => undefined);
  },
});

export const endpointRoutes: readonly DialectRoute[] = [createRoute, listRoute, readRoute, patchRoute, deleteRoute];
