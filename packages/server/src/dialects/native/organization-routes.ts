import { type Static, Type } from 'typebox';
import {
  createOrganization,
  type DialectRoute,
  etagOf,
  ifMatch,
  keyRoute,
  listOrganizations,
  nullable,
  type Organization,
  type Outcome,
  pageOf,
  perform,
  type RouteReply,
  readOrganization,
  route,
  STRICT,
  showTime,
  updateOrganization,
} from '../public.ts';
import { RotationPolicyPatch } from './endpoint-body.ts';
import { ids } from './ids.ts';
import { OrganizationSchema, ShownSecretSchema } from './resources.ts';
import { IdParams, IfMatch, MERGE_PATCH, nothingThere, pages, reply, SECRET_AGAIN } from './route-parts.ts';

const tag = 'organizations';

function encodeOrganization(organization: Organization): Static<typeof OrganizationSchema> {
  return {
    id: organization.id,
    externalId: organization.externalId,
    name: organization.name,
    rotationPolicy: organization.rotationPolicy,
    version: organization.version,
    createdAt: showTime(organization.createdAt),
    updatedAt: showTime(organization.updatedAt),
  };
}

function withTag(outcome: Outcome<Organization>): RouteReply {
  return reply(outcome, 200, encodeOrganization, outcome.ok ? { etag: etagOf(outcome.value.version) } : undefined);
}

const CreatedSchema = Type.Object(
  { ...OrganizationSchema.properties, secret: nullable(ShownSecretSchema) },
  { $id: 'CreatedOrganization', ...STRICT },
);

const createRoute = keyRoute({
  method: 'POST',
  path: '/organizations',
  operationId: 'createOrganization',
  summary: 'Create an organization, or find the one with this externalId',
  description: `It is born with a ring of its own; the secret is shown in the 201 only. ${SECRET_AGAIN}`,
  tag,
  scopes: createOrganization.scopes,
  idempotent: createOrganization.idempotent,
  request: {
    body: Type.Object(
      { name: Type.String(), externalId: Type.Optional(nullable(Type.String())) },
      { $id: 'NewOrganization', ...STRICT },
    ),
  },
  responses: { 200: CreatedSchema, 201: CreatedSchema },
  async handle(context, { body }) {
    const input = { name: body.name, externalId: body.externalId ?? null };
    const outcome = await perform(context, createOrganization, input);
    const status = outcome.ok && outcome.value.created ? 201 : 200;
    return reply(outcome, status, ({ organization, secret }) => ({ ...encodeOrganization(organization), secret }));
  },
});

const listRoute = route({
  method: 'GET',
  path: '/organizations',
  operation: listOrganizations,
  operationId: 'listOrganizations',
  summary: 'List organizations; without the scope `operator`, your own',
  tag,
  page: pages,
  status: 200,
  response: pageOf(OrganizationSchema),
  decode: ({ page }) => ({ page }),
  encode: ({ items }, { next }) => ({ items: items.map(encodeOrganization), nextCursor: next }),
});

const readRoute = keyRoute({
  method: 'GET',
  path: '/organizations/{id}',
  operationId: 'readOrganization',
  summary: 'Read an organization',
  tag,
  scopes: readOrganization.scopes,
  idempotent: false,
  request: { params: IdParams },
  responses: { 200: OrganizationSchema },
  async handle(context, { params }) {
    const organizationId = ids.organization.decode(params.id);
    return organizationId === null
      ? nothingThere('organization')
      : withTag(await perform(context, readOrganization, { organizationId }));
  },
});

const patchRoute = keyRoute({
  method: 'PATCH',
  path: '/organizations/{id}',
  operationId: 'patchOrganization',
  summary: 'Change an organization',
  description: 'A merge patch (RFC 7396): what is not named stays.',
  tag,
  scopes: updateOrganization.scopes,
  idempotent: false,
  request: {
    params: IdParams,
    headers: IfMatch,
    body: Type.Object(
      {
        name: Type.Optional(Type.String()),
        externalId: Type.Optional(nullable(Type.String())),
        rotationPolicy: RotationPolicyPatch,
      },
      { $id: 'OrganizationPatch', ...STRICT },
    ),
    contentTypes: MERGE_PATCH,
  },
  responses: { 200: OrganizationSchema },
  refusals: [412],
  async handle(context, { params, body: change }) {
    const organizationId = ids.organization.decode(params.id);
    if (organizationId === null) return nothingThere('organization');
    return withTag(
      await ifMatch(
        context.headers,
        async (expectedVersion) =>
          await perform(context, updateOrganization, { organizationId, change, expectedVersion }),
      ),
    );
  },
});

export const organizationRoutes: readonly DialectRoute[] = [createRoute, listRoute, readRoute, patchRoute];
