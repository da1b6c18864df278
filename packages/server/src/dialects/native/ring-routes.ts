import { type Static, Type } from 'typebox';
import type { SecretSpelling } from '../../app/minting.ts';
import { type DryRun, planRotation, type Rotated, type RotateInput, rotate } from '../../app/rotate.ts';
import { listSecrets, revokeSecret } from '../../app/secrets.ts';
import { SECRETS_PAGE_ITEMS_DEFAULT } from '../../domain/limits.ts';
import type { Scope } from '../../domain/scope.ts';
import type { RingOwner } from '../../domain/secret.ts';
import { nextCursorOf, readPage } from '../../http/pagination.ts';
import { type DialectRoute, keyRoute } from '../define-dialect.ts';
import { encodeEndpoint, encodeSecret } from './encode-endpoint.ts';
import { ids } from './ids.ts';
import { EndpointSchema, RetiredSchema, SecretSchema, ShownSecretSchema } from './resources.ts';
import { IdParams, listQuery, nothingThere, reply, SECRET_AGAIN } from './route-parts.ts';
import { nullable, pageOf, STRICT, Time, words } from './schema-parts.ts';
import { showTime, showTimeOrNull } from './time.ts';

/** The rings of endpoints and of organizations are changed by the same operations at two places. */
type Place = {
  readonly path: '/endpoints' | '/organizations';
  readonly noun: 'endpoint' | 'organization';
  readonly tag: string;
  /** The end of an operation's id. */
  readonly suffix: string;
  readonly decode: (text: string) => RingOwner | null;
  readonly scopes: { readonly read: Scope; readonly change: Scope };
};

const PLACES: readonly Place[] = [
  {
    path: '/endpoints',
    noun: 'endpoint',
    tag: 'endpoints',
    suffix: '',
    decode: (text) => ids.endpoint.decode(text),
    scopes: { read: 'endpoints:read', change: 'secrets:rotate' },
  },
  {
    path: '/organizations',
    noun: 'organization',
    tag: 'organizations',
    suffix: 'OfOrganization',
    decode: (text) => ids.organization.decode(text),
    scopes: { read: 'organization:admin', change: 'organization:admin' },
  },
];

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

function rotateRoute(place: Place, spelling: SecretSpelling): DialectRoute {
  const rotated = place.noun === 'endpoint' ? RotatedEndpointSchema : RotatedOrganizationSchema;
  return keyRoute({
    method: 'POST',
    path: `${place.path}/{id}/rotate`,
    operationId: `rotate${place.suffix}`,
    summary: `Give the ring of an ${place.noun} a new active secret`,
    description: `When this answers, no attempt is signed by the old ring any more. The new secret is shown in this answer only. ${SECRET_AGAIN} A dry run takes no notice of an Idempotency-Key.`,
    tag: place.tag,
    scopes: [place.scopes.change],
    idempotent: true,
    request: { params: IdParams, query: RotateQuery, body: RotateBody, optionalBody: true },
    responses: { 200: Type.Union([rotated, PlannedSchema]) },
    async handle({ services, caller, idempotency }, { params, query, body }) {
      const owner = place.decode(params.id);
      if (owner === null) return nothingThere(place.noun);
      const input = rotateInput(owner, body, spelling);
      if (query.dryRun === true) return reply(await planRotation(services, caller, input), 200, encodePlan);
      return reply(await rotate(services, caller, input, idempotency), 200, (done) => encodeRotated(owner, done));
    },
  });
}

function rotateInput(owner: RingOwner, body: Static<typeof RotateBody>, spelling: SecretSpelling): RotateInput {
  return {
    owner,
    graceSeconds: body.graceSeconds ?? null,
    force: body.force ?? false,
    reason: body.reason ?? null,
    secret: body.secret ?? null,
    algorithm: body.algorithm ?? null,
    spelling,
    // The native API obeys the policy of the ring itself, which is where an operator changes it.
    dialectPolicy: null,
  };
}

function encodeRetired(retired: Rotated['retired']): Static<typeof RetiredSchema> | null {
  return retired === null ? null : { id: retired.id, expiresAt: showTimeOrNull(retired.expiresAt) };
}

function encodeRotated(owner: RingOwner, { endpoint, secret, retired, effectiveAt }: Rotated) {
  return {
    ...(endpoint === null ? { organizationId: owner } : { endpoint: encodeEndpoint(endpoint) }),
    secret,
    retired: encodeRetired(retired),
    effectiveAt: showTime(effectiveAt),
  };
}

function encodePlan({ timeline, secretId, retired, effectiveAt }: DryRun) {
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

function secretsRoute(place: Place): DialectRoute {
  return keyRoute({
    method: 'GET',
    path: `${place.path}/{id}/secrets`,
    operationId: `listSecrets${place.suffix}`,
    summary: `List the secrets of an ${place.noun}, newest first`,
    description: 'The whole history, never a secret itself.',
    tag: place.tag,
    scopes: [place.scopes.read],
    idempotent: false,
    request: { params: IdParams, query: listQuery({}, SECRETS_PAGE_ITEMS_DEFAULT) },
    responses: { 200: pageOf(SecretSchema) },
    async handle(context, input) {
      const owner = place.decode(input.params.id);
      if (owner === null) return nothingThere(place.noun);
      const page = readPage(context, input, SECRETS_PAGE_ITEMS_DEFAULT);
      if (!page.ok) return page;
      const { services, caller } = context;
      const now = services.clock.now();
      return reply(await listSecrets(services, caller, owner, page.page), 200, (found) => ({
        items: found.items.map((secret) => encodeSecret(secret, now)),
        nextCursor: nextCursorOf(context, input, found),
      }));
    },
  });
}

function revokeRoute(place: Place): DialectRoute {
  return keyRoute({
    method: 'POST',
    path: `${place.path}/{id}/secrets/{secretId}/revoke`,
    operationId: `revokeSecret${place.suffix}`,
    summary: 'End a staged or retiring secret now',
    description: 'The active secret ends only by a rotation; use `graceSeconds: 0`.',
    tag: place.tag,
    scopes: [place.scopes.change],
    idempotent: true,
    request: { params: Type.Object({ id: Type.String(), secretId: Type.String() }) },
    responses: { 200: SecretSchema },
    async handle({ services, caller, idempotency }, { params }) {
      const owner = place.decode(params.id);
      const secretId = ids.secret.decode(params.secretId);
      if (owner === null || secretId === null) return nothingThere('secret');
      const input = { owner, secretId, dialectPolicy: null };
      const outcome = await revokeSecret(services, caller, input, idempotency);
      return reply(outcome, 200, (secret) => encodeSecret(secret, services.clock.now()));
    },
  });
}

export function ringRoutes(spelling: SecretSpelling): readonly DialectRoute[] {
  return PLACES.flatMap((place) => [rotateRoute(place, spelling), secretsRoute(place), revokeRoute(place)]);
}
