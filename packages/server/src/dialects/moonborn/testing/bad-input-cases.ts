import { type BadInput, type BadInputProduct, badInputCases, commonBadInput } from '../../testing/bad-input.ts';
import { type MoonbornWorld } from './moonborn-world.ts';
import { EVENTS, expectErrorShape } from './page.ts';

const ONE = '/v1/webhooks/{id}';
const url = 'https://hooks.example.com/moonborn';
const ABSENT = 'whd_01jtbqh2fz8k1rxc0wj4z9p3vm';

function registering(name: string, json: unknown): BadInput {
  return { name, method: 'POST', path: '/v1/webhooks', ask: { json }, status: 422, code: 'validation_failed' };
}

function updating(name: string, json: unknown): BadInput {
  return { name, method: 'PATCH', path: ONE, ask: { json }, status: 422, code: 'validation_failed' };
}

function listing(name: string, query: string): BadInput {
  return { name, method: 'GET', path: `${ONE}/deliveries?${query}`, status: 422, code: 'validation_failed' };
}

const ROWS: readonly BadInput[] = [
  registering('no URL', { events: ['persona.created'] }),
  registering('no events', { url }),
  registering('an unknown event', { url, events: ['persona.created', 'persona.cloned'] }),
  registering('an event in capitals', { url, events: ['PERSONA.CREATED'] }),
  registering('a wildcard of a group', { url, events: ['persona.*'] }),
  registering('an event that is a number', { url, events: [1] }),
  registering('an event that is null', { url, events: [null] }),
  registering('events that are a text', { url, events: 'persona.created' }),
  registering('events that are null', { url, events: null }),
  registering('more events than there are', { url, events: [...EVENTS, '*', '*'] }),
  registering('a description that is a number', { url, events: [], description: 1 }),
  registering('a description that is null', { url, events: [], description: null }),
  registering('a description without end', { url, events: [], description: 'x'.repeat(1_001) }),
  registering('a status', { url, events: [], status: 'active' }),
  registering('a URL that is a number', { url: 1, events: [] }),
  registering('an empty URL', { url: '', events: [] }),
  registering('a URL that is none', { url: 'hooks.example.com', events: [] }),
  registering('a URL of another scheme', { url: 'ftp://hooks.example.com/', events: [] }),
  registering('a URL without end', { url: `${url}/${'x'.repeat(2_048)}`, events: [] }),
  registering('a URL of a closed network', { url: 'https://192.168.0.1/', events: [] }),
  registering('a secret of their own', { url, events: [], secretValue: 'whsec_mine' }),
  updating('a status that is none', { status: 'paused' }),
  updating('a status in capitals', { status: 'Active' }),
  updating('a status that is null', { status: null }),
  updating('events of which one is unknown', { events: ['*', 'persona.cloned'] }),
  updating('an event by an index', { events: { 0: '*' } }),
  updating('secrets', { secrets: [] }),
  updating('a good field beside a wrong one', { description: 'changed', url: 'nonsense' }),
  updating('a grace', { graceSeconds: 0 }),
  {
    name: 'a grace under another name',
    method: 'POST',
    path: `${ONE}/rotate_secret`,
    ask: { json: { grace_seconds: 0 } },
    status: 422,
    code: 'validation_failed',
  },
  {
    name: 'a secret to rotate to',
    method: 'POST',
    path: `${ONE}/rotate_secret`,
    ask: { json: { secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' } },
    status: 422,
    code: 'validation_failed',
  },
  {
    name: 'a rotation with a body that is no JSON',
    method: 'POST',
    path: `${ONE}/rotate_secret`,
    ask: { raw: 'graceSeconds=0', headers: { 'content-type': 'application/json' } },
    status: 400,
    code: 'invalid_body',
  },
  {
    name: 'a rotation with a grace twice',
    method: 'POST',
    path: `${ONE}/rotate_secret`,
    ask: { raw: '{"graceSeconds":0,"graceSeconds":60}', headers: { 'content-type': 'application/json' } },
    status: 422,
    code: 'duplicate_key',
  },
  listing('a status of deliveries that is none', 'status=delivered'),
  listing('a status of deliveries in the words of the engine', 'status=retrying'),
  listing('an empty status of deliveries', 'status='),
  listing('two statuses of deliveries', 'status=failed&status=pending'),
  listing('a page of nothing', 'limit=0'),
  listing('a page over the limit', 'limit=101'),
  listing('a page of less than nothing', 'limit=-1'),
  listing('half an item', 'limit=1.5'),
  listing('a limit that is no number', 'limit=ten'),
  listing('a limit that is NaN', 'limit=NaN'),
  listing('a limit beyond all numbers', 'limit=99999999999999999999'),
  listing('a cursor that is none', 'cursor=next'),
  listing('an empty cursor', 'cursor='),
  listing('a cursor without end', `cursor=${'x'.repeat(600)}`),
  listing('an offset', 'offset=20'),
  {
    name: 'a page of endpoints over the limit',
    method: 'GET',
    path: '/v1/webhooks?limit=101',
    status: 422,
    code: 'validation_failed',
  },
  {
    name: 'deliveries of nothing',
    method: 'GET',
    path: '/v1/webhooks/whe_x/deliveries',
    status: 404,
    code: 'not_found',
  },
  {
    name: 'deliveries of another organization',
    method: 'GET',
    path: '/v1/webhooks/{foreignId}/deliveries',
    status: 404,
    code: 'not_found',
  },
  {
    name: 'a delivery that is none',
    method: 'POST',
    path: `${ONE}/deliveries/${ABSENT}/replay`,
    status: 404,
    code: 'not_found',
  },
  { name: 'a malformed delivery', method: 'POST', path: `${ONE}/deliveries/1/replay`, status: 404, code: 'not_found' },
  {
    name: 'an endpoint of another organization, to delete',
    method: 'DELETE',
    path: '/v1/webhooks/{foreignId}',
    status: 404,
    code: 'not_found',
  },
  {
    name: 'an id under the native prefix',
    method: 'GET',
    path: '/v1/webhooks/ep_01jtbqh2fz8k1rxc0wj4z9p3vm',
    status: 404,
    code: 'not_found',
  },
  { name: 'the path of another product', method: 'POST', path: `${ONE}/rotate-secret`, status: 404, code: 'not_found' },
];

export function moonbornBadInput(world: MoonbornWorld): void {
  const product: BadInputProduct = {
    world,
    name: 'moonborn',
    collection: '/v1/webhooks',
    endpoint: ONE,
    rotation: `${ONE}/rotate_secret`,
    urlField: 'url',
    creation: { events: ['persona.created'] },
    idOf: ({ endpoint }) => endpoint.endpointId,
    codeOf: ({ json }) => json?.error?.code,
    words: (code) => code,
    check: expectErrorShape,
  };
  badInputCases(product, [...commonBadInput(product), ...ROWS]);
}
