import { type Static, Type } from 'typebox';
import { createKey, listKeys, revokeKey } from '../../app/keys.ts';
import { invalid } from '../../app/outcome.ts';
import { type ApiKey, apiKeyState } from '../../domain/api-key.ts';
import { isScope, type Scope } from '../../domain/scope.ts';
import { nextCursorOf, readPage } from '../../http/pagination.ts';
import { type Dialect, type DialectRoute, keyRoute } from '../define-dialect.ts';
import { ids } from './ids.ts';
import { KeySchema } from './resources.ts';
import { IdParams, listQuery, nothingThere, reply } from './route-parts.ts';
import { nullable, pageOf, STRICT, Time } from './schema-parts.ts';
import { parseTime, showTime, showTimeOrNull } from './time.ts';

/** What making a key for the users of a dialect takes. */
export type KeyDialect = Pick<Dialect, 'name' | 'tokenPrefix' | 'scopeAliases'>;

function encodeKey(key: ApiKey, now: number): Static<typeof KeySchema> {
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
  },
  { $id: 'NewKey', ...STRICT },
);

/** Native scopes by their names or by a dialect's; null where a name means nothing. */
function readScopes(names: readonly string[], dialect: KeyDialect): readonly (readonly Scope[] | null)[] {
  return names.map((name) =>
    Object.hasOwn(dialect.scopeAliases, name) ? (dialect.scopeAliases[name] ?? null) : isScope(name) ? [name] : null,
  );
}

function createRoute(dialects: readonly KeyDialect[]): DialectRoute {
  return keyRoute({
    method: 'POST',
    path: '/keys',
    operationId: 'createKey',
    summary: 'Create an API key',
    description:
      'The token is shown in this answer only: a repeated request with the same Idempotency-Key gets `null` for it. A key cannot give a scope that it lacks.',
    tag: 'keys',
    scopes: ['organization:admin'],
    idempotent: true,
    request: { body: CreateBody },
    responses: { 201: Type.Object({ key: KeySchema, token: nullable(Type.String()) }, STRICT) },
    async handle({ services, caller, idempotency }, { body }) {
      const { name = '', dialect: dialectName = 'native' } = body;
      const dialect = dialects.find((one) => one.name === dialectName);
      if (dialect === undefined) {
        return invalid('/dialect', `must be one of ${dialects.map((one) => one.name).join(', ')}`, 'not_allowed');
      }
      const scopes = readScopes(body.scopes, dialect);
      const unknown = scopes.indexOf(null);
      if (unknown >= 0) return invalid(`/scopes/${unknown}`, 'is not a scope', 'not_allowed');
      const expiresAt = typeof body.expiresAt === 'string' ? parseTime(body.expiresAt) : null;
      if (typeof body.expiresAt === 'string' && expiresAt === null) {
        return invalid('/expiresAt', 'must be a date-time such as "2027-01-31T12:00:00Z"', 'wrong_format');
      }
      const input = {
        name,
        scopes: scopes.flatMap((scope) => scope ?? []),
        dialect: dialect.name,
        tokenPrefix: dialect.tokenPrefix,
        expiresAt,
      };
      return reply(await createKey(services, caller, input, idempotency), 201, ({ key, token }) => ({
        key: encodeKey(key, services.clock.now()),
        token,
      }));
    },
  });
}

const listRoute = keyRoute({
  method: 'GET',
  path: '/keys',
  operationId: 'listKeys',
  summary: 'List API keys',
  tag: 'keys',
  scopes: ['organization:admin'],
  idempotent: false,
  request: { query: listQuery({}) },
  responses: { 200: pageOf(KeySchema) },
  async handle(context, input) {
    const page = readPage(context, input);
    if (!page.ok) return page;
    const { services, caller } = context;
    const now = services.clock.now();
    return reply(await listKeys(services, caller, page.page), 200, (found) => ({
      items: found.items.map((key) => encodeKey(key, now)),
      nextCursor: nextCursorOf(context, input, found),
    }));
  },
});

const revokeRoute = keyRoute({
  method: 'POST',
  path: '/keys/{id}/revoke',
  operationId: 'revokeKey',
  summary: 'Revoke an API key',
  description: 'When this answers, the key opens nothing any more, on any node.',
  tag: 'keys',
  scopes: ['organization:admin'],
  idempotent: true,
  request: { params: IdParams },
  responses: { 200: KeySchema },
  async handle({ services, caller, idempotency }, { params }) {
    const id = ids.key.decode(params.id);
    if (id === null) return nothingThere('API key');
    return reply(await revokeKey(services, caller, id, idempotency), 200, (key) =>
      encodeKey(key, services.clock.now()),
    );
  },
});

const deleteRoute = keyRoute({
  method: 'DELETE',
  path: '/keys/{id}',
  operationId: 'deleteKey',
  summary: 'Revoke an API key',
  description:
    'The same as its revoke operation, for those who look for DELETE. The key stays in the list, as revoked.',
  tag: 'keys',
  scopes: ['organization:admin'],
  idempotent: false,
  request: { params: IdParams },
  responses: { 204: null },
  async handle({ services, caller }, { params }) {
    const id = ids.key.decode(params.id);
    if (id === null) return nothingThere('API key');
    return reply(await revokeKey(services, caller, id, null), 204, () => undefined);
  },
});

export function keyRoutes(dialects: readonly KeyDialect[]): readonly DialectRoute[] {
  return [createRoute(dialects), listRoute, revokeRoute, deleteRoute];
}
