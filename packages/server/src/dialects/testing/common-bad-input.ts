import type { ErrorCode } from '../public.ts';
import type { BadInput, BadInputProduct, BadInputScene } from './bad-input-scene.ts';
import type { Ask } from './checked-client.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const BODY_BYTES_MAX = 256 * 1_024;
const DEPTH = 50_000;
const LONG = 5_000;

/** The rows that every product shares. */
export function commonBadInput(product: BadInputProduct): readonly BadInput[] {
  return [...bodies(product), ...places(product), ...callers(product)];
}

function bodies({ collection, creation, urlField, words, endpoint, rotation }: BadInputProduct): readonly BadInput[] {
  const good = JSON.stringify({ ...creation, [urlField]: 'https://hooks.example.com/bad-input' });
  const posted = (
    name: string,
    raw: string | Buffer,
    status: number,
    code: ErrorCode,
    headers = JSON_TYPE,
  ): BadInput => ({
    name,
    method: 'POST',
    path: collection,
    ask: { raw, headers },
    status,
    code: words(code),
  });
  const at = (
    method: string,
    path: string,
    name: string,
    raw: string,
    headers: Record<string, string> = JSON_TYPE,
  ) => ({
    ...posted(name, raw, 422, 'validation_failed'),
    method,
    path,
    ask: { raw, headers },
  });
  const opened = good.slice(0, -1);
  return [
    posted('broken JSON', opened, 400, 'invalid_body'),
    posted('text after the JSON', `${good}}`, 400, 'invalid_body'),
    posted('an empty body', '', 400, 'invalid_body'),
    posted('NaN', `${opened},"x":NaN}`, 400, 'invalid_body'),
    posted('a byte order mark', `\uFEFF${good}`, 400, 'invalid_body'),
    posted('UTF-16', Buffer.from(good, 'utf16le'), 400, 'invalid_body'),
    posted('invalid UTF-8', Buffer.from(good.replace('bad-input', '\u00FF'), 'latin1'), 400, 'invalid_body'),
    posted('a key twice', `${opened},"${urlField}":"https://hooks.example.com/other"}`, 422, 'duplicate_key'),
    posted(
      'a key twice, once escaped',
      `${opened},"${escaped(urlField)}":"https://hooks.example.com/other"}`,
      422,
      'duplicate_key',
    ),
    posted('a list', `[${good}]`, 422, 'validation_failed'),
    posted('null', 'null', 422, 'validation_failed'),
    posted('a string', '"https://hooks.example.com/bad-input"', 422, 'validation_failed'),
    posted('a number', '1e400', 422, 'validation_failed'),
    posted('an unknown field', `${opened},"surprise":1}`, 422, 'validation_failed'),
    posted('a field called __proto__', `${opened},"__proto__":{"${urlField}":1}}`, 422, 'validation_failed'),
    posted('a deep body', `${opened},"x":${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}}`, 422, 'validation_failed'),
    posted('a body that is too large', good.padEnd(BODY_BYTES_MAX + 1), 413, 'payload_too_large'),
    posted('another content type', good, 415, 'unsupported_media_type', { 'content-type': 'text/plain' }),
    posted('a form', `${urlField}=x`, 415, 'unsupported_media_type', {
      'content-type': 'application/x-www-form-urlencoded',
    }),
    posted('a content type that is none', good, 415, 'unsupported_media_type', { 'content-type': 'json' }),
    { ...posted('no content type', good, 415, 'unsupported_media_type'), ask: { raw: good } },
    {
      ...posted('a compressed body', good, 415, 'unsupported_media_type'),
      ask: { raw: good, headers: { ...JSON_TYPE, 'content-encoding': 'gzip' } },
    },
    at('PATCH', endpoint, 'a change to an unknown field', '{"surprise":1}'),
    at('PATCH', endpoint, 'a change of the id', '{"id":"x"}'),
    at('PATCH', endpoint, 'an address that is null', `{"${urlField}":null}`),
    at('PATCH', endpoint, 'an address that is a list', `{"${urlField}":["https://hooks.example.com"]}`),
    at('PATCH', endpoint, 'an address with NUL', `{"${urlField}":"https://hooks.example.com/\\u0000"}`),
    at('PATCH', endpoint, 'an address of a closed network', `{"${urlField}":"https://10.0.0.1/"}`),
    at('PATCH', endpoint, 'an address with a password', `{"${urlField}":"https://a:b@hooks.example.com/"}`),
    at('POST', rotation, 'an empty Idempotency-Key', '{}', { ...JSON_TYPE, 'idempotency-key': '' }),
    at('POST', rotation, 'an Idempotency-Key without end', '{}', { ...JSON_TYPE, 'idempotency-key': 'k'.repeat(256) }),
  ];
}

function places({ collection, endpoint, rotation, words }: BadInputProduct): readonly BadInput[] {
  const row = (name: string, method: string, path: string, status: number, code: ErrorCode): BadInput => ({
    name,
    method,
    path,
    ...(method === 'PATCH' ? { ask: { json: {} } } : {}),
    status,
    code: words(code),
  });
  const absent = (name: string, method: string, path: string): BadInput => row(name, method, path, 404, 'not_found');
  const withId = (path: string, id: string): string => path.replace('{id}', id);
  const ids: Readonly<Record<string, string>> = {
    'an id without end': 'x'.repeat(LONG),
    'NUL in an id': '%00',
    'an id that is a path': '..%2F..%2Fhealthz',
    'an id in two lines': '%0A%0D',
    'an id of another script': encodeURIComponent('ид😀'),
    'a lone surrogate in an id': '%ED%A0%80x',
    'an id with more behind it': '{id}0',
    'an id in spaces': '%20{id}%20',
  };
  return [
    ...Object.entries(ids).flatMap(([name, id]) => {
      const [status, code] = name.includes('surrogate')
        ? ([400, 'invalid_request'] as const)
        : ([404, 'not_found'] as const);
      return [
        row(`${name}, to read`, 'GET', withId(endpoint, id), status, code),
        row(`${name}, to change`, 'PATCH', withId(endpoint, id), status, code),
        row(`${name}, to rotate`, 'POST', withId(rotation, id), status, code),
      ];
    }),
    row('an id that is no percent-encoding', 'GET', withId(endpoint, '%'), 400, 'invalid_request'),
    absent('an unknown path', 'GET', '/nothing'),
    absent('a path below another', 'POST', `${rotation}/now`),
    row('a wrong method', 'PUT', endpoint, 405, 'method_not_allowed'),
    row('a rotation that is read', 'GET', rotation, 405, 'method_not_allowed'),
    row('everything deleted at once', 'DELETE', collection, 405, 'method_not_allowed'),
    row('an unknown query parameter', 'GET', `${collection}?surprise=1`, 422, 'validation_failed'),
    row('a query parameter of a rotation', 'POST', `${rotation}?force=true`, 422, 'validation_failed'),
  ];
}

function callers({ collection, endpoint, rotation, words }: BadInputProduct): readonly BadInput[] {
  const row = (
    name: string,
    [method, path]: readonly [method: string, path: string],
    ask: Ask | ((scene: BadInputScene) => Ask),
    status: number,
    code: ErrorCode,
  ): BadInput => ({ name, method, path, ask, status, code: words(code) });
  const [read, change, rotate] = [
    ['GET', endpoint],
    ['PATCH', endpoint],
    ['POST', rotation],
  ] as const;
  const foreign = (path: string): string => path.replace('{id}', '{foreignId}');
  const as =
    (who: keyof BadInputScene['tokens']) =>
    ({ tokens }: BadInputScene): Ask => ({ token: tokens[who] });
  const changing =
    (who: keyof BadInputScene['tokens']) =>
    (scene: BadInputScene): Ask => ({ ...as(who)(scene), json: {} });
  const header = (authorization: string): Ask => ({ token: null, headers: { authorization } });
  return [
    row('no key', rotate, { token: null }, 401, 'missing_credentials'),
    row(
      'no key, to an unknown id',
      ['GET', endpoint.replace('{id}', 'x')],
      { token: null },
      401,
      'missing_credentials',
    ),
    row('another scheme', rotate, header('Basic dXNlcjpwYXNz'), 401, 'missing_credentials'),
    row('an empty token', rotate, header('Bearer '), 401, 'missing_credentials'),
    row('a garbage key', rotate, { token: 'garbage' }, 401, 'invalid_credentials'),
    row('a key without end', read, { token: 'k'.repeat(LONG) }, 401, 'invalid_credentials'),
    row('something like a JWT', read, { token: 'e30.e30.x' }, 401, 'invalid_credentials'),
    row('an expired key', read, as('expired'), 401, 'expired_credentials'),
    row('an expired key that rotates', rotate, as('expired'), 401, 'expired_credentials'),
    row('a revoked key', rotate, as('revoked'), 401, 'invalid_credentials'),
    row('a key that may only read, to rotate', rotate, as('reader'), 403, 'missing_scope'),
    row('a key that may only read, to change', change, changing('reader'), 403, 'missing_scope'),
    row('a key that may only read, to create', ['POST', collection], changing('reader'), 403, 'missing_scope'),
    row('a key of another organization, to read', read, as('foreign'), 404, 'not_found'),
    row('a key of another organization, to change', change, changing('foreign'), 404, 'not_found'),
    row('a key of another organization, to rotate', rotate, as('foreign'), 404, 'not_found'),
    row('an endpoint of another organization, to read', ['GET', foreign(endpoint)], {}, 404, 'not_found'),
    row('an endpoint of another organization, to change', ['PATCH', foreign(endpoint)], { json: {} }, 404, 'not_found'),
    row('an endpoint of another organization, to rotate', ['POST', foreign(rotation)], {}, 404, 'not_found'),
  ];
}

/** The same name with its first letter as an escape. */
function escaped(name: string): string {
  return `\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}`;
}
