import type { Ask, Json } from '../../testing/checked-client.ts';

/** Requests that Dinie refuses, and how. */

export const PLACE = '/webhooks/endpoints';
const JSON_TYPE = { 'content-type': 'application/json' };
const TOO_MANY_BYTES = 300 * 1_024;

/** What the rows speak of, made before the first of them. */
export type Scene = {
  readonly mine: Json;
  readonly foreignId: string;
  readonly deletedId: string;
  readonly tokens: Readonly<Record<'reader' | 'writer' | 'expired' | 'revoked' | 'foreign', string>>;
};

type Row = readonly [
  name: string,
  method: string,
  path: string | ((scene: Scene) => string),
  ask: Ask | ((scene: Scene) => Ask),
  status: number,
  code: string,
  /** `param` of each of its `errors`. */
  ...params: readonly string[],
];

export const mine = ({ mine: { id } }: Scene): string => `${PLACE}/${id}`;
const rotation = (scene: Scene): string => `${mine(scene)}/secret/rotate`;
const as =
  (who: keyof Scene['tokens']) =>
  ({ tokens }: Scene): Ask => ({ token: tokens[who], json: {} });
const seconds = (expire_current_in: unknown): Ask => ({ json: { expire_current_in } });
const raw = (text: string | Buffer): Ask => ({ raw: text, headers: JSON_TYPE });
const creation = (more: object): Ask => ({ json: { url: 'https://hooks.example.com/x', ...more } });

const GRACE = 'expire_current_in';
export const ROWS: readonly Row[] = [
  ['a negative number of seconds', 'POST', rotation, seconds(-1), 422, 'validation_failed', GRACE],
  ['a fraction of a second', 'POST', rotation, seconds(1.5), 422, 'validation_failed', GRACE],
  ['more than a day', 'POST', rotation, seconds(86_401), 422, 'validation_failed', GRACE],
  [
    'more seconds than a double has',
    'POST',
    rotation,
    raw('{"expire_current_in":1e999}'),
    422,
    'validation_failed',
    GRACE,
  ],
  ['a number as text', 'POST', rotation, seconds('3600'), 422, 'validation_failed', GRACE],
  ['"NaN" for a number', 'POST', rotation, seconds('NaN'), 422, 'validation_failed', GRACE],
  ['NaN itself', 'POST', rotation, raw('{"expire_current_in":NaN}'), 400, 'invalid_body'],
  ['null for a number', 'POST', rotation, seconds(null), 422, 'validation_failed', GRACE],
  [
    'the name of another product',
    'POST',
    rotation,
    { json: { graceSeconds: 1 } },
    422,
    'validation_failed',
    'graceSeconds',
  ],
  ['a list for a body', 'POST', rotation, { json: [] }, 422, 'validation_failed', 'body'],
  [
    'a repeated key',
    'POST',
    rotation,
    raw('{"expire_current_in":1,"expire_current_in":2}'),
    422,
    'duplicate_key',
    GRACE,
  ],
  ['broken JSON', 'POST', rotation, raw('{"expire_current_in":'), 400, 'invalid_body'],
  ['a byte order mark', 'POST', rotation, raw('\uFEFF{}'), 400, 'invalid_body'],
  ['invalid UTF-8', 'POST', PLACE, raw(Buffer.from('{"url":"\xff"}', 'latin1')), 400, 'invalid_body'],
  [
    'another content type',
    'POST',
    rotation,
    { raw: '{}', headers: { 'content-type': 'text/plain' } },
    415,
    'unsupported_media_type',
  ],
  ['no content type', 'POST', PLACE, { raw: '{}' }, 415, 'unsupported_media_type'],
  [
    'an oversized body',
    'POST',
    PLACE,
    raw(`{"description":"${'x'.repeat(TOO_MANY_BYTES)}"}`),
    413,
    'payload_too_large',
  ],
  [
    'an empty Idempotency-Key',
    'POST',
    rotation,
    { headers: { 'idempotency-key': '' } },
    422,
    'validation_failed',
    'idempotency-key',
  ],
  [
    'a long X-Idempotency-Key',
    'POST',
    rotation,
    { headers: { 'x-idempotency-key': 'k'.repeat(300) } },
    422,
    'validation_failed',
    'x-idempotency-key',
  ],
  ['no url', 'POST', PLACE, { json: {} }, 422, 'validation_failed', 'url'],
  ['a url that is none', 'POST', PLACE, creation({ url: 'nonsense' }), 422, 'validation_failed', 'url'],
  [
    'a url that is no web address',
    'POST',
    PLACE,
    creation({ url: 'ftp://example.com/' }),
    422,
    'validation_failed',
    'url',
  ],
  ['a url of this network', 'POST', PLACE, creation({ url: 'https://10.0.0.1/' }), 422, 'validation_failed', 'url'],
  ['a url that is a number', 'POST', PLACE, creation({ url: 7 }), 422, 'validation_failed', 'url'],
  [
    'an unknown event',
    'POST',
    PLACE,
    creation({ events: ['loan.created', 'loan.lost'] }),
    422,
    'validation_failed',
    'events[1]',
  ],
  ['a wildcard of nothing', 'POST', PLACE, creation({ events: ['invoice.*'] }), 422, 'validation_failed', 'events[0]'],
  [
    'a wildcard in the middle',
    'PATCH',
    mine,
    { json: { events: ['*.created'] } },
    422,
    'validation_failed',
    'events[0]',
  ],
  ['events as text', 'PATCH', mine, { json: { events: '*' } }, 422, 'validation_failed', 'events'],
  ['no events at all', 'PATCH', mine, { json: { events: null } }, 422, 'validation_failed', 'events'],
  [
    'more events than there are',
    'POST',
    PLACE,
    creation({ events: Array<string>(23).fill('*') }),
    422,
    'validation_failed',
    'events',
  ],
  ['a description that is none', 'PATCH', mine, { json: { description: 5 } }, 422, 'validation_failed', 'description'],
  [
    'a very long description',
    'PATCH',
    mine,
    { json: { description: 'x'.repeat(1_001) } },
    422,
    'validation_failed',
    'description',
  ],
  ['a status of another product', 'PATCH', mine, { json: { status: 'suspended' } }, 422, 'validation_failed', 'status'],
  ['an unknown field', 'PATCH', mine, { json: { secret: 'whsec_mine' } }, 422, 'validation_failed', 'secret'],
  [
    'two mistakes at once',
    'PATCH',
    mine,
    { json: { url: 1, status: 'paused' } },
    422,
    'validation_failed',
    'url',
    'status',
  ],
  ['a status at creation', 'POST', PLACE, creation({ status: 'disabled' }), 422, 'validation_failed', 'status'],
  ['a page of nothing', 'GET', `${PLACE}?limit=0`, {}, 422, 'validation_failed', 'limit'],
  ['a page over the limit', 'GET', `${PLACE}?limit=101`, {}, 422, 'validation_failed', 'limit'],
  ['a limit that is no number', 'GET', `${PLACE}?limit=ten`, {}, 422, 'validation_failed', 'limit'],
  ['a page after no id', 'GET', `${PLACE}?starting_after=latest`, {}, 422, 'validation_failed', 'starting_after'],
  ['an unknown parameter', 'GET', `${PLACE}?ending_before=x`, {}, 422, 'validation_failed', 'ending_before'],
  ['a malformed id', 'GET', `${PLACE}/we_1`, {}, 404, 'not_found'],
  ['an id in capitals', 'GET', ({ mine: { id } }) => `${PLACE}/we_${id.slice(3).toUpperCase()}`, {}, 404, 'not_found'],
  ['an id of another product', 'POST', `${PLACE}/whe_01jtbqh2fz8k1rxc0wj4z9p3vm/secret/rotate`, {}, 404, 'not_found'],
  ['a foreign id', 'POST', ({ foreignId }) => `${PLACE}/${foreignId}/secret/rotate`, as('writer'), 404, 'not_found'],
  [
    'a foreign id to read',
    'GET',
    ({ foreignId }) => `${PLACE}/${foreignId}`,
    ({ tokens }) => ({ token: tokens.writer }),
    404,
    'not_found',
  ],
  ['an endpoint seen from another organization', 'PATCH', mine, as('foreign'), 404, 'not_found'],
  ['a deleted endpoint', 'POST', ({ deletedId }) => `${PLACE}/${deletedId}/secret/rotate`, {}, 404, 'not_found'],
  ['no key', 'POST', rotation, { token: null }, 401, 'missing_credentials'],
  ['an unknown key', 'POST', rotation, { token: 'dn_live_unknown' }, 401, 'invalid_credentials'],
  ['something like a JWT', 'POST', rotation, { token: 'e30.e30.x' }, 401, 'invalid_credentials'],
  ['a revoked key', 'POST', rotation, as('revoked'), 401, 'invalid_credentials'],
  ['an expired key', 'POST', rotation, as('expired'), 401, 'expired_credentials'],
  ['a key that may only read', 'PATCH', mine, as('reader'), 403, 'missing_scope'],
  ['a key that may not rotate', 'POST', rotation, as('reader'), 403, 'missing_scope'],
  ['an unknown path', 'GET', '/webhooks', {}, 404, 'not_found'],
  ['another method', 'PUT', mine, { json: {} }, 405, 'method_not_allowed'],
  ['a method that rotates nothing', 'GET', rotation, {}, 405, 'method_not_allowed'],
  ['a broken path', 'GET', `${PLACE}/%`, {}, 400, 'invalid_request'],
  ['a very long id', 'GET', `${PLACE}/we_${'0'.repeat(2_000)}`, {}, 404, 'not_found'],
];
