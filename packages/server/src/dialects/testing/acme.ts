import { standardWebhooks } from '@hookring/signing';
import { type Static, Type } from 'typebox';
import {
  createEndpoint,
  cursorPages,
  type Dialect,
  type DialectDefinition,
  defineDialect,
  type EndpointView,
  hexIds,
  listEndpoints,
  NATIVE_ROTATION_POLICY,
  readEndpoint,
  rotateEndpointSecret,
  route,
  STRICT,
} from '../public.ts';

const ids = { endpoint: hexIds('ep', 'hook'), delivery: hexIds('dlv', 'try') };
const HookSchema = Type.Object({ id: Type.String(), target: Type.String(), topics: Type.Array(Type.String()) }, STRICT);

function encodeHook({ endpoint }: EndpointView): Static<typeof HookSchema> {
  return { id: ids.endpoint.encode(endpoint.id), target: endpoint.url, topics: [...(endpoint.eventTypes ?? ['*'])] };
}

const routes = [
  route({
    method: 'POST',
    path: '/hooks',
    operation: createEndpoint,
    operationId: 'createHook',
    summary: 'Create a hook',
    tag: 'hooks',
    request: {
      body: Type.Object({ target: Type.String(), topics: Type.Optional(Type.Array(Type.String())) }, STRICT),
    },
    status: 201,
    response: Type.Object({ hook: HookSchema, key: Type.Union([Type.String(), Type.Null()]) }, STRICT),
    headers: { 'x-made': 'yes' },
    decode: ({ body: { target, topics } }) => ({
      settings: { url: target, ...(topics === undefined ? {} : { eventTypes: topics }) },
    }),
    encode: (made) => ({ hook: encodeHook(made), key: made.secret?.value ?? null }),
  }),
  route({
    method: 'GET',
    path: '/hooks',
    operation: listEndpoints,
    operationId: 'listHooks',
    summary: 'List hooks',
    tag: 'hooks',
    page: cursorPages({ itemsDefault: 2, itemsMax: 3 }),
    status: 200,
    response: Type.Object({ hooks: Type.Array(HookSchema), more: Type.Union([Type.String(), Type.Null()]) }, STRICT),
    decode: ({ page }) => ({ page }),
    encode: ({ items }, { next }) => ({ hooks: items.map(encodeHook), more: next }),
  }),
  route({
    method: 'GET',
    path: '/hooks/{id}',
    operation: readEndpoint,
    operationId: 'readHook',
    summary: 'Read a hook',
    tag: 'hooks',
    ids: { id: ids.endpoint },
    status: 200,
    response: HookSchema,
    decode: ({ ids: { id } }) => ({ endpointId: id }),
    encode: encodeHook,
  }),
  route({
    method: 'POST',
    path: '/hooks/{id}/renew',
    operation: rotateEndpointSecret,
    operationId: 'renewKey',
    summary: 'Renew the key of a hook',
    tag: 'hooks',
    ids: { id: ids.endpoint },
    status: 200,
    response: Type.Object({ key: Type.Union([Type.String(), Type.Null()]) }, STRICT),
    decode: ({ ids: { id } }) => ({ endpointId: id }),
    encode: ({ secret }) => ({ key: secret.value }),
  }),
];

/** A small product that is nobody's, for the tests of what dialects share. */
export function acmeDialect(more: Partial<DialectDefinition> = {}): Dialect {
  return defineDialect({
    name: 'acme',
    title: 'Acme',
    description: '',
    version: '7',
    tokenPrefix: 'ac_live_',
    scopeAliases: {
      'hooks:read': ['endpoints:read', 'deliveries:read'],
      'hooks:write': ['endpoints:write', 'secrets:rotate'],
    },
    ids,
    problems: {
      contentType: 'application/json',
      schema: Type.Object({ oops: Type.String(), why: Type.String(), at: Type.Array(Type.String()) }, STRICT),
      encode: ({ code, detail, errors = [] }) => ({
        oops: code,
        why: detail,
        at: errors.map(({ pointer }) => pointer),
      }),
    },
    fieldNames: { url: 'target', eventTypes: 'topics' },
    endpointDefaults: {
      signatureProfile: standardWebhooks,
      envelope: null,
      retrySchedule: null,
      rotationPolicy: { ...NATIVE_ROTATION_POLICY, onOverlap: 'replace' },
      catalogue: null,
      secretSpelling: 'whsec',
    },
    routes,
    ...more,
  });
}
