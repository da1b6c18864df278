import { type Static, Type } from 'typebox';
import { createOrganization, listOrganizations, patchOrganization, readOrganization } from '../../app/organizations.ts';
import type { Outcome } from '../../app/outcome.ts';
import type { Organization } from '../../domain/organization.ts';
import { etagOf, ifMatch } from '../../http/etag.ts';
import { nextCursorOf, readPage } from '../../http/pagination.ts';
import type { RouteReply } from '../../http/route.ts';
import { type DialectRoute, keyRoute } from '../define-dialect.ts';
import { ids } from './ids.ts';
import { OrganizationSchema, ShownSecretSchema } from './resources.ts';
import { IdParams, listQuery, nothingThere, reply, SECRET_AGAIN } from './route-parts.ts';
import { nullable, pageOf, STRICT } from './schema-parts.ts';
import { showTime } from './time.ts';

function encodeOrganization(organization: Organization): Static<typeof OrganizationSchema> {
  return {
    id: organization.id,
    externalId: organization.externalId,
    name: organization.name,
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
  tag: 'organizations',
  scopes: ['operator'],
  idempotent: true,
  request: {
    body: Type.Object(
      { name: Type.String(), externalId: Type.Optional(nullable(Type.String())) },
      { $id: 'NewOrganization', ...STRICT },
    ),
  },
  responses: { 200: CreatedSchema, 201: CreatedSchema },
  async handle({ services, caller, idempotency }, { body }) {
    const input = { name: body.name, externalId: body.externalId ?? null };
    const outcome = await createOrganization(services, caller, input, idempotency);
    const status = outcome.ok && outcome.value.created ? 201 : 200;
    return reply(outcome, status, ({ organization, secret }) => ({ ...encodeOrganization(organization), secret }));
  },
});

const listRoute = keyRoute({
  method: 'GET',
  path: '/organizations',
  operationId: 'listOrganizations',
  summary: 'List organizations; without the scope `operator`, your own',
  tag: 'organizations',
  scopes: [],
  idempotent: false,
  request: { query: listQuery({}) },
  responses: { 200: pageOf(OrganizationSchema) },
  async handle(context, input) {
    const page = readPage(context, input);
    if (!page.ok) return page;
    return reply(await listOrganizations(context.services, context.caller, page.page), 200, (found) => ({
      items: found.items.map(encodeOrganization),
      nextCursor: nextCursorOf(context, input, found),
    }));
  },
});

const readRoute = keyRoute({
  method: 'GET',
  path: '/organizations/{id}',
  operationId: 'readOrganization',
  summary: 'Read an organization',
  tag: 'organizations',
  scopes: [],
  idempotent: false,
  request: { params: IdParams },
  responses: { 200: OrganizationSchema },
  async handle({ services, caller }, { params }) {
    const id = ids.organization.decode(params.id);
    return id === null ? nothingThere('organization') : withTag(await readOrganization(services, caller, id));
  },
});

const patchRoute = keyRoute({
  method: 'PATCH',
  path: '/organizations/{id}',
  operationId: 'patchOrganization',
  summary: 'Change an organization',
  description: 'A merge patch (RFC 7396): what is not named stays.',
  tag: 'organizations',
  scopes: ['organization:admin'],
  idempotent: false,
  request: {
    params: IdParams,
    headers: Type.Object({
      'if-match': Type.Optional(Type.String({ description: 'The ETag that was read, a list of them, or `*`' })),
    }),
    body: Type.Object(
      { name: Type.Optional(Type.String()), externalId: Type.Optional(nullable(Type.String())) },
      { $id: 'OrganizationPatch', ...STRICT },
    ),
    contentTypes: ['application/json', 'application/merge-patch+json'],
  },
  responses: { 200: OrganizationSchema },
  refusals: [412],
  async handle({ services, caller, headers }, { params, body }) {
    const id = ids.organization.decode(params.id);
    if (id === null) return nothingThere('organization');
    return withTag(
      await ifMatch(headers, async (version) => await patchOrganization(services, caller, id, body, version)),
    );
  },
});

export const organizationRoutes: readonly DialectRoute[] = [createRoute, listRoute, readRoute, patchRoute];
