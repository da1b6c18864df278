import { type Static, Type } from 'typebox';
import {
  apiKeyState,
  createKey,
  type DialectRoute,
  importKey,
  invalid,
  KEY_HINT_LENGTH_MAX,
  type KeyView,
  keyRoute,
  listKeys,
  nullable,
  pageOf,
  parseTime,
  perform,
  revokeKey,
  route,
  SCOPES,
  STRICT,
  scopesOf,
  showTime,
  showTimeOrNull,
  Time,
} from '../public.ts';
import type { PlacedDialect } from './dialect-routes.ts';
import { ids } from './ids.ts';
import { KeySchema } from './resources.ts';
import { pages, reply } from './route-parts.ts';

/** What making a key for the users of a dialect takes. */
type KeyDialect = Pick<PlacedDialect['dialect'], 'name' | 'tokenPrefix' | 'scopeAliases'>;

const tag = 'keys';
const IMPORTED_HINT = 'imported';

function encodeKey(key: KeyView, now: number): Static<typeof KeySchema> {
  return {
    id: key.id,
    organizationId: key.organizationId,
    name: key.name,
    hint: key.hint,
    dialect: key.dialect,
    scopes: [...key.scopes],
    state: apiKeyState(key, now),
    createdAt: showTime(key.createdAt),
    expiresAt: showTimeOrNull(key.expiresAt),
    revokedAt: showTimeOrNull(key.revokedAt),
  };
}

const CreateBody = Type.Object(
  {
    name: Type.Optional(Type.String()),
    scopes: Type.Array(Type.String(), { description: 'Native scopes, or those of the dialect' }),
    dialect: Type.Optional(Type.String({ description: 'Whose token prefix and scope names; `native` unless given' })),
    expiresAt: Type.Optional(nullable(Time)),
    tokenHash: Type.Optional(
      Type.String({
        description:
          'Hex of the SHA-256 of a token that its holder has already: that token opens what this key may do, and none is made',
      }),
    ),
    tokenHint: Type.Optional(
      Type.String({
        maxLength: KEY_HINT_LENGTH_MAX,
        description: `With \`tokenHash\`: by which people recognise the token in a list; \`${IMPORTED_HINT}\` unless given`,
      }),
    ),
  },
  { $id: 'NewKey', ...STRICT },
);

function readRequest(body: Static<typeof CreateBody>, dialects: readonly KeyDialect[]) {
  const { name = '', dialect: dialectName = 'native' } = body;
  const dialect = dialects.find((one) => one.name === dialectName);
  if (dialect === undefined) {
    return invalid('/dialect', `must be one of ${dialects.map((one) => one.name).join(', ')}`, 'not_allowed');
  }
  const scopes = body.scopes.map((scope) => scopesOf(scope, dialect.scopeAliases));
  const unknown = scopes.indexOf(null);
  if (unknown >= 0) {
    const known = [...Object.keys(dialect.scopeAliases), ...SCOPES].join(', ');
    const detail = `is ${JSON.stringify(body.scopes[unknown])}, which is no scope: there are ${known}`;
    return invalid(`/scopes/${unknown}`, detail, 'not_allowed');
  }
  const expiresAt = typeof body.expiresAt === 'string' ? parseTime(body.expiresAt) : null;
  if (typeof body.expiresAt === 'string' && expiresAt === null) {
    return invalid('/expiresAt', 'must be a date-time such as "2027-01-31T12:00:00Z"', 'wrong_format');
  }
  if (body.tokenHash === undefined && body.tokenHint !== undefined) {
    return invalid('/tokenHint', 'says something only beside a tokenHash', 'not_allowed');
  }
  const request = { name, scopes: scopes.flatMap((scope) => scope ?? []), dialect: dialect.name, expiresAt };
  return { ok: true, request, tokenPrefix: dialect.tokenPrefix } as const;
}

function createRoute(dialects: readonly KeyDialect[]): DialectRoute {
  return keyRoute({
    method: 'POST',
    path: '/keys',
    operationId: 'createKey',
    summary: 'Create an API key',
    description:
      'The token is shown in this answer only: a repeated request with the same Idempotency-Key gets `null` for it, and so does one that brings the hash of a token. A key cannot give a scope that it lacks.',
    tag,
    scopes: createKey.scopes,
    idempotent: createKey.idempotent,
    request: { body: CreateBody },
    responses: { 201: Type.Object({ key: KeySchema, token: nullable(Type.String()) }, STRICT) },
    async handle(context, { body }) {
      const read = readRequest(body, dialects);
      if (!read.ok) return read;
      const { request, tokenPrefix } = read;
      const now = context.services.now();
      if (body.tokenHash === undefined) {
        const outcome = await perform(context, createKey, { ...request, tokenPrefix });
        return reply(outcome, 201, ({ key, token }) => ({ key: encodeKey(key, now), token }));
      }
      const { tokenHint: hint = IMPORTED_HINT } = body;
      const imported = { ...request, tokenHash: body.tokenHash.toLowerCase(), hint };
      const outcome = await perform(context, importKey, imported);
      return reply(outcome, 201, (key) => ({ key: encodeKey(key, now), token: null }));
    },
  });
}

const listRoute = route({
  method: 'GET',
  path: '/keys',
  operation: listKeys,
  operationId: 'listKeys',
  summary: 'List API keys',
  tag,
  page: pages,
  status: 200,
  response: pageOf(KeySchema),
  decode: ({ page }) => ({ page }),
  encode: ({ items }, { now, next }) => ({ items: items.map((key) => encodeKey(key, now)), nextCursor: next }),
});

const revokeRoute = route({
  method: 'POST',
  path: '/keys/{id}/revoke',
  operation: revokeKey,
  operationId: 'revokeKey',
  summary: 'Revoke an API key',
  description: 'When this answers, the key opens nothing any more, on any node.',
  tag,
  ids: { id: ids.key },
  status: 200,
  response: KeySchema,
  decode: ({ ids: { id } }) => ({ keyId: id }),
  encode: (key, { now }) => encodeKey(key, now),
});

const deleteRoute = route({
  method: 'DELETE',
  path: '/keys/{id}',
  operation: revokeKey,
  operationId: 'deleteKey',
  summary: 'Revoke an API key',
  description:
    'The same as its revoke operation, for those who look for DELETE. The key stays in the list, as revoked.',
  tag,
  ids: { id: ids.key },
  status: 204,
  response: null,
  decode: ({ ids: { id } }) => ({ keyId: id }),
  encode: () => undefined,
});

export function keyRoutes(dialects: readonly KeyDialect[]): readonly DialectRoute[] {
  return [createRoute(dialects), listRoute, revokeRoute, deleteRoute];
}
