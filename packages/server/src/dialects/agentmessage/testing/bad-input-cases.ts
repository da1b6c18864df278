import { beforeAll, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../public.ts';
import { type BadInputProduct, commonBadInput, badInputCases as sharedCases } from '../../testing/bad-input.ts';
import type { Ask, Json } from '../../testing/checked-client.ts';
import { createKey, revokeKey } from '../../testing/native-steps.ts';
import { expectRefusal, expectRefusalShape } from './page.ts';
import {
  type AgentMessageWorld,
  createWebhook,
  EVENT,
  nativeAsk,
  nativeIdOf,
  newTenant,
  type Tenant,
} from './world.ts';

/** What the requests may name. */
type Scene = {
  tenant: Tenant;
  id: string;
  foreign: string;
  gone: string;
  readOnly: string;
  expired: string;
  revoked: string;
};

type Request = Ask & { readonly method?: string; readonly path?: string };
/** What is wrong; the status and the code that say so; the fields that are named; the request, a POST of a new webhook unless it says more. */
type Row = readonly [
  name: string,
  status: number,
  code: string,
  fields: readonly string[] | undefined,
  request: (scene: Scene) => Request,
];

const GOOD = { url: 'https://hooks.example.com/a', events: [EVENT] };
const JSON_TYPE = { 'content-type': 'application/json' };
const NOBODY = '00000000-0000-7000-8000-000000000000';

const body = (json: unknown) => (): Request => ({ json });
const raw =
  (text: string | Buffer, headers: Record<string, string> = JSON_TYPE) =>
  (): Request => ({ raw: text, headers });
const patch =
  (json: unknown) =>
  ({ id }: Scene): Request => ({ method: 'PATCH', path: `/v1/webhooks/${id}`, json });
const get = (path: string) => (): Request => ({ method: 'GET', path });
const search = (query: string) => get(`/v1/webhooks/deliveries?${query}`);
const on =
  (method: string, suffix: string, webhook: (scene: Scene) => string, more: Ask = {}) =>
  (scene: Scene): Request => ({ method, path: `/v1/webhooks/${webhook(scene)}${suffix}`, ...more });

const invalid = (name: string, field: string | readonly string[], request: Row[4]): Row => [
  name,
  422,
  'VALIDATION_FAILED',
  [field].flat(),
  request,
];

const BODIES: readonly Row[] = [
  invalid('no url', 'url', body({ events: [EVENT] })),
  invalid('no events', 'events', body({ url: GOOD.url })),
  invalid('nothing at all', ['url', 'events'], body({})),
  invalid('a url that is a number', 'url', body({ ...GOOD, url: 1 })),
  invalid('a url that is null', 'url', body({ ...GOOD, url: null })),
  invalid('a url that is empty', 'url', body({ ...GOOD, url: '' })),
  invalid('a url of another scheme', 'url', body({ ...GOOD, url: 'ftp://hooks.example.com' })),
  invalid('a url into a private network', 'url', body({ ...GOOD, url: 'https://10.0.0.1/hook' })),
  invalid('a url with a password', 'url', body({ ...GOOD, url: 'https://me:secret@hooks.example.com' })),
  invalid('events that are a text', 'events', body({ ...GOOD, events: EVENT })),
  invalid('events that are empty', 'events', body({ ...GOOD, events: [] })),
  invalid('an event that nobody knows', 'events', body({ ...GOOD, events: [EVENT, 'wallet.ballance_low'] })),
  invalid('a pattern', 'events', body({ ...GOOD, events: ['wallet.*'] })),
  invalid('every event by a star', 'events', body({ ...GOOD, events: ['*'] })),
  invalid('the event of a test', 'events', body({ ...GOOD, events: ['webhook.test'] })),
  invalid('an event of the engine', 'events', body({ ...GOOD, events: ['endpoint.secret.rotated'] })),
  invalid('an event twice', 'events', body({ ...GOOD, events: [EVENT, EVENT] })),
  invalid('an event that is null', 'events', body({ ...GOOD, events: [null] })),
  invalid('51 events', 'events', body({ ...GOOD, events: Array(51).fill(EVENT) })),
  invalid('a description of 201 characters', 'description', body({ ...GOOD, description: 'd'.repeat(201) })),
  invalid('a description that is a number', 'description', body({ ...GOOD, description: -1.5 })),
  invalid('an api_version of tomorrow', 'api_version', body({ ...GOOD, api_version: '2027-01-01' })),
  invalid('an unknown field', 'active', body({ ...GOOD, active: true })),
  invalid('a secret of its own', 'secret', body({ ...GOOD, secret: 'BU3aA56KLn/gYzL+2yE0kZ9wD3jA2QAnLaWKkjNl8Z0=' })),
  invalid(
    'a field with a name of the language',
    '__proto__',
    raw('{"url":"https://a.example","events":["brand.vetted"],"__proto__":1}'),
  ),
  invalid('a list for a body', 'body', body([GOOD])),
  invalid('a number for a body', 'body', raw('1e999')),
  invalid('null for a body', 'body', raw('null')),
  invalid('a key twice', 'url', raw('{"url":"https://a.example","url":"https://b.example","events":["brand.vetted"]}')),
  invalid('a change to nothing', 'url', patch({ url: null })),
  invalid('a change to an empty set', 'events', patch({ events: [] })),
  invalid('active as a text', 'active', patch({ active: 'false' })),
  invalid('active as a number', 'active', patch({ active: 0 })),
  invalid('another api_version', 'api_version', patch({ api_version: '2027-01-01', active: false })),
  invalid('the same api_version', 'api_version', patch({ api_version: '2026-04-01', active: false })),
  invalid('a field that only the engine knows', 'status', patch({ status: 'suspended' })),
  invalid('several wrong fields', ['surprise', 'url', 'events'], patch({ url: 1, events: 2, surprise: 3 })),
  [
    'a body that is no JSON',
    415,
    'UNSUPPORTED_MEDIA_TYPE',
    undefined,
    raw('url=a', { 'content-type': 'application/x-www-form-urlencoded' }),
  ],
  ['a body of 6 MiB', 413, 'PAYLOAD_TOO_LARGE', undefined, raw(`{"url":"${'a'.repeat(6_291_456)}"}`)],
];

const QUERIES: readonly Row[] = [
  invalid('no page size', 'limit', get('/v1/webhooks?limit=0')),
  invalid('a page too large', 'limit', get('/v1/webhooks?limit=101')),
  invalid('a negative page', 'limit', get('/v1/webhooks?limit=-1')),
  invalid('a fraction of a page', 'limit', get('/v1/webhooks?limit=1.5')),
  invalid('a page in words', 'limit', get('/v1/webhooks?limit=NaN')),
  invalid('a huge page', 'limit', get('/v1/webhooks?limit=99999999999999999999')),
  invalid('two page sizes', 'limit', get('/v1/webhooks?limit=1&limit=2')),
  invalid('an offset below nothing', 'offset', get('/v1/webhooks?offset=-1')),
  invalid('a huge offset', 'offset', get('/v1/webhooks?offset=10001')),
  invalid('a cursor of nowhere', 'cursor', get('/v1/webhooks?cursor=abc')),
  invalid('an empty cursor', 'cursor', get('/v1/webhooks?cursor=')),
  invalid('a page of the log too large', 'limit', search('limit=201')),
  invalid('a type with a typo', 'event_type', search('event_type=wallet.ballance_low')),
  invalid('a pattern of types', 'event_type', search('event_type=wallet.*')),
  invalid('an outcome of another product', 'outcome', search('outcome=failed')),
  invalid('a status below 100', 'http_status_min', search('http_status_min=99')),
  invalid('a status above 599', 'http_status_max', search('http_status_max=600')),
  invalid('a lowest status above the highest', 'http_status_min', search('http_status_min=500&http_status_max=400')),
  invalid('a time that is none', 'since', search('since=yesterday')),
  invalid('a day that does not exist', 'until', search('until=2026-02-30T00:00:00Z')),
  invalid('a time without an offset', 'since', search('since=2026-04-26T12:00:00')),
  invalid('a beginning after the end', 'since', search('since=2026-04-26T12:00:01Z&until=2026-04-26T12:00:00Z')),
  invalid('an id that is none', 'endpoint_id', search('endpoint_id=497f6eca')),
  invalid('an unknown filter', 'status', search('status=dead')),
  [
    'the log of a stranger',
    404,
    'NOT_FOUND',
    undefined,
    ({ foreign }) => get(`/v1/webhooks/deliveries?endpoint_id=${foreign}`)(),
  ],
  ['a path that cannot be read', 400, 'INVALID_REQUEST', undefined, get('/v1/webhooks/%zz')],
];

const nobody = () => NOBODY;
const stranger = ({ foreign }: Scene): string => foreign;
const dead = ({ gone }: Scene): string => gone;
const own = ({ id }: Scene): string => id;

const PLACES: readonly Row[] = [
  ...(['497f6eca', '0', 'deliveries', '%00', 'x'.repeat(500), `${NOBODY}0`, `{${NOBODY}}`] as const).map(
    (id): Row => [`the id ${id.slice(0, 20)}`, 404, 'NOT_FOUND', undefined, on('POST', '/rotate-secret', () => id)],
  ),
  ...([nobody, stranger, dead] as const).flatMap((webhook) =>
    [
      ['GET of', 'GET', '', {}] as const,
      ['change of', 'PATCH', '', { json: { active: false } }] as const,
      ['deletion of', 'DELETE', '', {}] as const,
      ['rotation of', 'POST', '/rotate-secret', {}] as const,
      ['test of', 'POST', '/test', {}] as const,
    ].map(
      ([name, method, suffix, ask]): Row => [
        `${name} ${webhook.name}`,
        404,
        'NOT_FOUND',
        undefined,
        on(method, suffix, webhook, ask),
      ],
    ),
  ),
  ['a change of the log', 404, 'NOT_FOUND', undefined, on('PATCH', '', () => 'deliveries', { json: {} })],
  ['an unknown path', 404, 'NOT_FOUND', undefined, get('/v1/nothing')],
  ['a path in capitals', 404, 'NOT_FOUND', undefined, get('/v1/Webhooks')],
  ['a slash at the end', 404, 'NOT_FOUND', undefined, get('/v1/webhooks/')],
  ['a wrong method', 405, 'METHOD_NOT_ALLOWED', undefined, () => ({ method: 'PUT', json: GOOD })],
  ['GET of a rotation', 405, 'METHOD_NOT_ALLOWED', undefined, on('GET', '/rotate-secret', own)],
  ['GET of the other rotation', 405, 'METHOD_NOT_ALLOWED', undefined, get('/v1/webhook-secret/rotate')],
  invalid('a rotation with a query', 'grace', on('POST', '/rotate-secret?grace=60', own)),
  [
    'a key that is too long to be one',
    422,
    'VALIDATION_FAILED',
    ['idempotency-key'],
    on('POST', '/rotate-secret', own, { headers: { 'idempotency-key': 'k'.repeat(300) } }),
  ],
];

const rotation =
  (token: (scene: Scene) => string | null, headers: Record<string, string> = {}) =>
  (scene: Scene) => ({
    method: 'POST',
    path: `/v1/webhooks/${scene.id}/rotate-secret`,
    token: token(scene),
    headers,
  });
const none = () => null;

const CALLERS: readonly Row[] = [
  ['no key', 401, 'UNAUTHORIZED', undefined, rotation(none)],
  ['an unknown key', 401, 'UNAUTHORIZED', undefined, rotation(() => `am_live_${'a'.repeat(43)}`)],
  ['a key that has expired', 401, 'UNAUTHORIZED', undefined, rotation(({ expired }) => expired)],
  ['a key that was revoked', 401, 'UNAUTHORIZED', undefined, rotation(({ revoked }) => revoked)],
  ['a key in another way', 401, 'UNAUTHORIZED', undefined, rotation(none, { authorization: 'Basic YTpi' })],
  ['a key that only reads', 403, 'FORBIDDEN', undefined, rotation(({ readOnly }) => readOnly)],
  ['a key of the administrator', 403, 'FORBIDDEN', undefined, rotation(({ tenant }) => tenant.adminToken)],
  [
    'the rotation of all by a key that writes',
    403,
    'FORBIDDEN',
    undefined,
    ({ tenant }) => ({ path: '/v1/webhook-secret/rotate', token: tenant.token }),
  ],
  [
    'a creation by a key that only reads',
    403,
    'FORBIDDEN',
    undefined,
    ({ readOnly }) => ({ json: GOOD, token: readOnly }),
  ],
  [
    'the log for a key of the administrator',
    403,
    'FORBIDDEN',
    undefined,
    ({ tenant }) => ({ ...search('limit=1')(), token: tenant.adminToken }),
  ],
];

/** What the product calls the errors that any request can meet. */
const WORDS: Readonly<Partial<Record<ErrorCode, string>>> = {
  invalid_body: 'INVALID_REQUEST',
  invalid_request: 'INVALID_REQUEST',
  missing_credentials: 'UNAUTHORIZED',
  invalid_credentials: 'UNAUTHORIZED',
  expired_credentials: 'UNAUTHORIZED',
  missing_scope: 'FORBIDDEN',
  not_found: 'NOT_FOUND',
  method_not_allowed: 'METHOD_NOT_ALLOWED',
  payload_too_large: 'PAYLOAD_TOO_LARGE',
  unsupported_media_type: 'UNSUPPORTED_MEDIA_TYPE',
  validation_failed: 'VALIDATION_FAILED',
  duplicate_key: 'VALIDATION_FAILED',
};

function productOf(world: AgentMessageWorld): BadInputProduct {
  return {
    world,
    name: 'agentmessage',
    collection: '/v1/webhooks',
    endpoint: '/v1/webhooks/{id}',
    rotation: '/v1/webhooks/{id}/rotate-secret',
    urlField: 'url',
    creation: { events: [EVENT] },
    idOf: ({ id }) => id,
    codeOf: ({ json }) => json.error.code,
    words: (code) => WORDS[code] ?? `no word for ${code}`,
    check: expectRefusalShape,
  };
}

export function badInputCases(world: AgentMessageWorld): void {
  const product = productOf(world);
  sharedCases(product, commonBadInput(product));

  describe.each([
    ['bodies', BODIES],
    ['queries', QUERIES],
    ['places', PLACES],
    ['callers', CALLERS],
  ])('%s that are refused', (_what, rows) => {
    // Filled by beforeAll; a test never runs before it.
    const scene = {} as Scene;

    beforeAll(async () => {
      const { running } = world;
      const tenant = await newTenant(world);
      const key = async (more: object = {}) =>
        await createKey(running, {
          scopes: ['webhooks:read'],
          dialect: 'agentmessage',
          organization: tenant.externalId,
          ...more,
        });
      const { id } = await createWebhook(world, tenant);
      const gone = await createWebhook(world, tenant);
      await world.ask('DELETE', `/v1/webhooks/${gone.id}`, { token: tenant.token });
      const expiresAt = new Date(running.clock.now() + 60_000).toISOString();
      const scopes = ['webhooks:read', 'webhooks:write'];
      const [readOnly, expired, revoked] = [await key(), await key({ scopes, expiresAt }), await key({ scopes })];
      running.advance(60_000);
      await revokeKey(running, revoked.id, tenant.externalId);
      const { id: foreign } = await createWebhook(world, await newTenant(world));
      const tokens = { readOnly: readOnly.token, expired: expired.token, revoked: revoked.token };
      Object.assign(scene, { tenant, id, gone: gone.id, foreign, ...tokens });
    });

    const everything = async (): Promise<Json> => {
      const { tenant, id } = scene;
      const nativeId = await nativeIdOf(world, tenant, { id });
      return [
        await nativeAsk(world, tenant, 'GET', '/endpoints?limit=100'),
        await nativeAsk(world, tenant, 'GET', `/endpoints/${nativeId}/secrets`),
        await nativeAsk(world, tenant, 'GET', `/organizations/${tenant.organizationId}/secrets`),
      ];
    };

    it.each(rows)('%s: %i %s', async (_name, status, code, fields, request) => {
      const before = await everything();
      const { method = 'POST', path = '/v1/webhooks', ...ask } = request(scene);
      const answer = await world.ask(method, path, { token: scene.tenant.token, ...ask });
      expectRefusal(answer, status, code, fields);
      expect(await everything()).toEqual(before);
    });
  });

  it('a field with several faults is told the first, and which item it is about', async () => {
    const { token } = await newTenant(world);
    const { json } = await world.ask('POST', '/v1/webhooks', { token, json: { ...GOOD, events: [EVENT, 'a', 1] } });
    expect(json.error.details).toEqual({ events: expect.stringMatching(/^\[1\] must be one of "brand\.vetted", /) });
  });

  it('a stranger is told the same as if there were nothing', async () => {
    const tenant = await newTenant(world);
    const foreign = await createWebhook(world, await newTenant(world));
    const said = await Promise.all(
      [foreign.id, NOBODY].map(async (id) => {
        const { json } = await world.ask('GET', `/v1/webhooks/${id}`, { token: tenant.token });
        return { ...json.error, request_id: '' };
      }),
    );
    expect(said[0]).toEqual(said[1]);
  });
}
