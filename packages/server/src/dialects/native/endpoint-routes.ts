import { Type } from 'typebox';
import {
  archiveEndpoint,
  createEndpoint,
  type EndpointDefaults,
  listEndpoints,
  patchEndpoint,
  readEndpoint,
} from '../../app/endpoints.ts';
import { etagOf, ifMatch } from '../../http/etag.ts';
import { nextCursorOf, readPage } from '../../http/pagination.ts';
import type { RouteReply } from '../../http/route.ts';
import type { EndpointWithHealth } from '../../store/port.ts';
import { type DialectRoute, keyRoute } from '../define-dialect.ts';
import { encodeEndpoint } from './encode-endpoint.ts';
import { CreateEndpointBody, PatchEndpointBody, settingsOf } from './endpoint-body.ts';
import { ids } from './ids.ts';
import { EndpointSchema, ShownSecretSchema } from './resources.ts';
import { IdParams, listQuery, nothingThere, reply, SECRET_AGAIN } from './route-parts.ts';
import { nullable, pageOf, STRICT } from './schema-parts.ts';

const MERGE_PATCH = ['application/json', 'application/merge-patch+json'] as const;
const IfMatch = Type.Object({
  'if-match': Type.Optional(Type.String({ description: 'The ETag that was read, a list of them, or `*`' })),
});

function withTag(outcome: Awaited<ReturnType<typeof readEndpoint>>): RouteReply {
  return reply<EndpointWithHealth>(
    outcome,
    200,
    encodeEndpoint,
    outcome.ok ? { etag: etagOf(outcome.value.endpoint.version) } : undefined,
  );
}

function createRoute(defaults: EndpointDefaults): DialectRoute {
  return keyRoute({
    method: 'POST',
    path: '/endpoints',
    operationId: 'createEndpoint',
    summary: 'Subscribe a URL to event types',
    description: `The secret is shown in this answer only. An endpoint on the ring of its organization has none of its own. ${SECRET_AGAIN}`,
    tag: 'endpoints',
    scopes: ['endpoints:write'],
    idempotent: true,
    request: { body: CreateEndpointBody },
    responses: { 201: Type.Object({ endpoint: EndpointSchema, secret: nullable(ShownSecretSchema) }, STRICT) },
    async handle({ services, caller, idempotency }, { body }) {
      const { keyring = 'own', algorithm = 'hmac-sha256', ...settings } = body;
      const input = { settings: settingsOf(settings), keyring, algorithm, defaults };
      return reply(await createEndpoint(services, caller, input, idempotency), 201, (created) => ({
        endpoint: encodeEndpoint(created),
        secret: created.secret,
      }));
    },
  });
}

const listRoute = keyRoute({
  method: 'GET',
  path: '/endpoints',
  operationId: 'listEndpoints',
  summary: 'List endpoints',
  tag: 'endpoints',
  scopes: ['endpoints:read'],
  idempotent: false,
  request: { query: listQuery({}) },
  responses: { 200: pageOf(EndpointSchema) },
  async handle(context, input) {
    const page = readPage(context, input);
    if (!page.ok) return page;
    return reply(await listEndpoints(context.services, context.caller, page.page), 200, (found) => ({
      items: found.items.map(encodeEndpoint),
      nextCursor: nextCursorOf(context, input, found),
    }));
  },
});

const readRoute = keyRoute({
  method: 'GET',
  path: '/endpoints/{id}',
  operationId: 'readEndpoint',
  summary: 'Read an endpoint',
  tag: 'endpoints',
  scopes: ['endpoints:read'],
  idempotent: false,
  request: { params: IdParams },
  responses: { 200: EndpointSchema },
  async handle({ services, caller }, { params }) {
    const id = ids.endpoint.decode(params.id);
    return id === null ? nothingThere('endpoint') : withTag(await readEndpoint(services, caller, id));
  },
});

const patchRoute = keyRoute({
  method: 'PATCH',
  path: '/endpoints/{id}',
  operationId: 'patchEndpoint',
  summary: 'Change an endpoint',
  description:
    'A merge patch (RFC 7396): what is not named stays. `status` suspends, resumes or archives; archived is for good. A new URL keeps the secrets.',
  tag: 'endpoints',
  scopes: ['endpoints:write'],
  idempotent: false,
  request: { params: IdParams, headers: IfMatch, body: PatchEndpointBody, contentTypes: MERGE_PATCH },
  responses: { 200: EndpointSchema },
  refusals: [412],
  async handle({ services, caller, headers }, { params, body }) {
    const id = ids.endpoint.decode(params.id);
    if (id === null) return nothingThere('endpoint');
    const settings = settingsOf(body);
    return withTag(
      await ifMatch(headers, async (version) => await patchEndpoint(services, caller, id, settings, version)),
    );
  },
});

const deleteRoute = keyRoute({
  method: 'DELETE',
  path: '/endpoints/{id}',
  operationId: 'archiveEndpoint',
  summary: 'Archive an endpoint',
  description: 'It receives nothing any more; what was queued is cancelled, and its history stays.',
  tag: 'endpoints',
  scopes: ['endpoints:write'],
  idempotent: false,
  request: { params: IdParams, headers: IfMatch },
  responses: { 204: null },
  refusals: [412],
  async handle({ services, caller, headers }, { params }) {
    const id = ids.endpoint.decode(params.id);
    if (id === null) return nothingThere('endpoint');
    const outcome = await ifMatch(headers, async (version) => await archiveEndpoint(services, caller, id, version));
    return reply(outcome, 204, () => undefined);
  },
});

export function endpointRoutes(defaults: EndpointDefaults): readonly DialectRoute[] {
  return [createRoute(defaults), listRoute, readRoute, patchRoute, deleteRoute];
}
