import { type Static, Type } from 'typebox';
import {
  cursorPages,
  type DialectRoute,
  keyRoute,
  listEndpointSecrets,
  listOrganizationSecrets,
  nullable,
  pageOf,
  perform,
  planEndpointRotation,
  planOrganizationRotation,
  type RotatedRing,
  type RotationPlan,
  revokeEndpointSecret,
  revokeOrganizationSecret,
  rotateEndpointSecret,
  rotateOrganizationSecret,
  route,
  SECRETS_PAGE_ITEMS_DEFAULT,
  STRICT,
  showTime,
  showTimeOrNull,
  Time,
  words,
} from '../public.ts';
import { encodeEndpoint, encodeSecret } from './encode-endpoint.ts';
import { ids } from './ids.ts';
import { EndpointSchema, RetiredSchema, SecretSchema, ShownSecretSchema } from './resources.ts';
import { IdParams, nothingThere, reply, SECRET_AGAIN } from './route-parts.ts';

const RotateBody = Type.Object(
  {
    graceSeconds: Type.Optional(Type.Number({ description: 'How long the secret that is active now goes on living' })),
    force: Type.Optional(Type.Boolean({ description: 'Rotate also while an older secret is retiring' })),
    reason: Type.Optional(Type.String({ description: '`compromise` ends all older secrets now' })),
    secret: Type.Optional(Type.String({ description: 'A secret of your own; one is made unless given' })),
    algorithm: Type.Optional(words(['hmac-sha256', 'ed25519'])),
  },
  { $id: 'Rotation', ...STRICT },
);
const RotateQuery = Type.Object(
  { dryRun: Type.Optional(Type.Boolean({ description: 'Say what would happen, and change nothing' })) },
  STRICT,
);

const TimelineSchema = Type.Array(
  Type.Object({ secretId: Type.String(), signsFrom: Time, signsUntil: nullable(Time) }, STRICT),
  { description: 'Which secret signs from when to when; the one that would be made is called `new`' },
);
const RotatedParts = {
  secret: ShownSecretSchema,
  retired: nullable(RetiredSchema),
  effectiveAt: Time,
};
const PlannedSchema = Type.Object(
  { dryRun: Type.Literal(true), timeline: TimelineSchema, retired: nullable(RetiredSchema), effectiveAt: Time },
  { $id: 'PlannedRotation', ...STRICT },
);
const RotatedEndpointSchema = Type.Object(
  { endpoint: EndpointSchema, ...RotatedParts },
  { $id: 'RotatedEndpoint', ...STRICT },
);
const RotatedOrganizationSchema = Type.Object(
  { organizationId: Type.String(), ...RotatedParts },
  { $id: 'RotatedOrganization', ...STRICT },
);

const NEW_SECRET = 'new';
const pages = cursorPages({ itemsDefault: SECRETS_PAGE_ITEMS_DEFAULT });

/** The rings of endpoints and of organizations are changed in the same way at two places. */
const ROTATE = {
  method: 'POST',
  description: `When this answers, no attempt is signed by the old ring any more. The new secret is shown in this answer only. ${SECRET_AGAIN} A dry run takes no notice of an Idempotency-Key.`,
  idempotent: true,
  request: { params: IdParams, query: RotateQuery, body: RotateBody, optionalBody: true },
} as const;
const SECRETS = {
  method: 'GET',
  description: 'The whole history, never a secret itself.',
  page: pages,
  status: 200,
  response: pageOf(SecretSchema),
} as const;
const REVOKE = {
  method: 'POST',
  summary: 'End a staged or retiring secret now',
  description: 'The active secret ends only by a rotation; use `graceSeconds: 0`.',
  status: 200,
  response: SecretSchema,
} as const;

const rotateRoute = keyRoute({
  ...ROTATE,
  path: '/endpoints/{id}/rotate',
  operationId: 'rotate',
  summary: 'Give the ring of an endpoint a new active secret',
  tag: 'endpoints',
  scopes: rotateEndpointSecret.scopes,
  responses: { 200: Type.Union([RotatedEndpointSchema, PlannedSchema]) },
  async handle(context, { params, query, body }) {
    const endpointId = ids.endpoint.decode(params.id);
    if (endpointId === null) return nothingThere('endpoint');
    const input = { endpointId, ...body };
    if (query.dryRun === true) return reply(await perform(context, planEndpointRotation, input), 200, encodePlan);
    return reply(await perform(context, rotateEndpointSecret, input), 200, ({ endpoint, ...ring }) => ({
      endpoint: encodeEndpoint(endpoint),
      ...encodeRotated(ring),
    }));
  },
});

const secretsRoute = route({
  ...SECRETS,
  path: '/endpoints/{id}/secrets',
  operation: listEndpointSecrets,
  operationId: 'listSecrets',
  summary: 'List the secrets of an endpoint, newest first',
  tag: 'endpoints',
  ids: { id: ids.endpoint },
  decode: ({ ids: { id }, page }) => ({ endpointId: id, page }),
  encode: ({ items }, { now, next }) => ({ items: items.map((one) => encodeSecret(one, now)), nextCursor: next }),
});

const revokeRoute = route({
  ...REVOKE,
  path: '/endpoints/{id}/secrets/{secretId}/revoke',
  operation: revokeEndpointSecret,
  operationId: 'revokeSecret',
  tag: 'endpoints',
  ids: { id: ids.endpoint, secretId: ids.secret },
  decode: ({ ids: { id, secretId } }) => ({ endpointId: id, secretId }),
  encode: (secret, { now }) => encodeSecret(secret, now),
});

const rotateOrganizationRoute = keyRoute({
  ...ROTATE,
  path: '/organizations/{id}/rotate',
  operationId: 'rotateOfOrganization',
  summary: 'Give the ring of an organization a new active secret',
  tag: 'organizations',
  scopes: rotateOrganizationSecret.scopes,
  responses: { 200: Type.Union([RotatedOrganizationSchema, PlannedSchema]) },
  async handle(context, { params, query, body }) {
    const organizationId = ids.organization.decode(params.id);
    if (organizationId === null) return nothingThere('organization');
    const input = { organizationId, ...body };
    if (query.dryRun === true) return reply(await perform(context, planOrganizationRotation, input), 200, encodePlan);
    return reply(await perform(context, rotateOrganizationSecret, input), 200, (rotated) => ({
      organizationId: rotated.organizationId,
      ...encodeRotated(rotated),
    }));
  },
});

const organizationSecretsRoute = route({
  ...SECRETS,
  path: '/organizations/{id}/secrets',
  operation: listOrganizationSecrets,
  operationId: 'listSecretsOfOrganization',
  summary: 'List the secrets of an organization, newest first',
  tag: 'organizations',
  ids: { id: ids.organization },
  decode: ({ ids: { id }, page }) => ({ organizationId: id, page }),
  encode: ({ items }, { now, next }) => ({ items: items.map((one) => encodeSecret(one, now)), nextCursor: next }),
});

const revokeOrganizationRoute = route({
  ...REVOKE,
  path: '/organizations/{id}/secrets/{secretId}/revoke',
  operation: revokeOrganizationSecret,
  operationId: 'revokeSecretOfOrganization',
  tag: 'organizations',
  ids: { id: ids.organization, secretId: ids.secret },
  decode: ({ ids: { id, secretId } }) => ({ organizationId: id, secretId }),
  encode: (secret, { now }) => encodeSecret(secret, now),
});

function encodeRetired(retired: RotatedRing['retired']): Static<typeof RetiredSchema> | null {
  return retired === null ? null : { id: retired.id, expiresAt: showTimeOrNull(retired.expiresAt) };
}

function encodeRotated({ secret, retired, effectiveAt }: RotatedRing) {
  return { secret, retired: encodeRetired(retired), effectiveAt: showTime(effectiveAt) };
}

function encodePlan({ timeline, secretId, retired, effectiveAt }: RotationPlan) {
  return {
    dryRun: true,
    timeline: timeline.map((span) => ({
      // The id was made for the plan and belongs to nothing.
      secretId: span.secretId === secretId ? NEW_SECRET : span.secretId,
      signsFrom: showTime(span.signsFrom),
      signsUntil: showTimeOrNull(span.signsUntil),
    })),
    retired: encodeRetired(retired),
    effectiveAt: showTime(effectiveAt),
  };
}

export const ringRoutes: readonly DialectRoute[] = [
  rotateRoute,
  secretsRoute,
  revokeRoute,
  rotateOrganizationRoute,
  organizationSecretsRoute,
  revokeOrganizationRoute,
];
