import { describe, expect, it } from 'vitest';
import { CONTROL_BODY_BYTES_MAX } from '../domain/limits.ts';
import { ask, post, start } from './testing/two-faces.ts';

describe('bodies', () => {
  it.each([
    ['broken JSON', '{"name":', 400, 'invalid_body'],
    ['no body where one is needed', '', 400, 'invalid_body'],
    ['a byte order mark', '\ufeff{"name":"a"}', 400, 'invalid_body'],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, 'invalid_body'],
    ['two values', '{} {}', 400, 'invalid_body'],
    ['a repeated key', '{"name":"a","name":"b"}', 422, 'duplicate_key'],
    ['a key repeated in escapes', String.raw`{"name":"a","na\u006de":"b"}`, 422, 'duplicate_key'],
    ['an array', '[]', 422, 'validation_failed'],
    ['null', 'null', 422, 'validation_failed'],
    ['a character that no store keeps', String.raw`{"name":"a\u0000b"}`, 422, 'validation_failed'],
    ['too many bytes', `{"name":"${'a'.repeat(100)}"}`, 413, 'payload_too_large'],
  ])('says of %s what is wrong with it', async (_name, body, status, code) => {
    const answer = await ask(start(), post(body));
    expect([answer.status, answer.json.code, answer.json.face]).toEqual([status, code, 'one']);
  });

  it.each([
    ['a form', 'application/x-www-form-urlencoded'],
    ['another charset', 'application/json; charset=iso-8859-1'],
    ['nothing like a media type', 'json'],
    ['a patch where none is taken', 'application/merge-patch+json'],
  ])('refuses %s with 415', async (_name, type) => {
    const answer = await ask(start(), post('{"name":"a"}', { type }));
    expect([answer.status, answer.json.code]).toEqual([415, 'unsupported_media_type']);
  });

  it('names the limit of the route that a body is over', async () => {
    const server = start();
    const small = await ask(server, post(`{"name":"${'a'.repeat(100)}"}`));
    expect([small.status, small.json.detail]).toEqual([413, expect.stringContaining(' 100 bytes')]);
    const ignored = await ask(server, { method: 'DELETE', url: '/one/things/7', body: 'x'.repeat(2_000_000) });
    expect([ignored.status, ignored.json.detail]).toEqual([
      413,
      expect.stringContaining(` ${CONTROL_BODY_BYTES_MAX} bytes`),
    ]);
  });

  it.each([
    ['nothing', '', undefined, 200],
    ['an empty object', '{}', 'application/json', 200],
    ['broken JSON', '{"a"', 'application/json', 400],
    ['a field that somebody meant', '{"graceSeconds":60}', 'application/json', 422],
    ['a form', 'a=b', 'application/x-www-form-urlencoded', 415],
  ])('lets nothing but nothing through where no body is expected: %s', async (_name, body, type, status) => {
    const headers = type === undefined ? {} : { 'content-type': type };
    const answer = await ask(start(), { method: 'DELETE', url: '/one/things/7', body, headers });
    expect(answer.status < 300 ? 200 : answer.status).toBe(status);
  });

  it('refuses a body without a content type, and a compressed one', async () => {
    const server = start();
    expect((await ask(server, { method: 'POST', url: '/one/things', body: Buffer.from('{"name":"a"}') })).status).toBe(
      415,
    );
    expect((await ask(server, post('{"name":"a"}', { headers: { 'content-encoding': 'gzip' } }))).status).toBe(415);
  });

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'Application/JSON',
  ])('takes %s', async (type) => {
    expect((await ask(start(), post('{"name":"a"}', { type }))).status).toBe(201);
  });

  it('takes a merge patch where the route does', async () => {
    const answer = await ask(start(), {
      method: 'PATCH',
      url: '/one/things/7',
      type: 'application/merge-patch+json',
      body: '{"name":"a"}',
    });
    expect(answer.json).toEqual({ id: '7', body: { name: 'a' } });
  });

  it('counts an empty body as an empty object where the body is optional', async () => {
    const server = start();
    expect((await ask(server, { method: 'POST', url: '/one/things/7/spin' })).json).toEqual({});
    expect(
      (await ask(server, { method: 'POST', url: '/one/things/7/spin', type: 'text/plain', body: '' })).json,
    ).toEqual({});
    expect(
      (await ask(server, { method: 'POST', url: '/one/things/7/spin', type: 'application/json', body: '{"speed":1}' }))
        .json,
    ).toEqual({ speed: 1 });
  });

  it('names each wrong field with a pointer, a code and a hint', async () => {
    const answer = await ask(start(), post('{"nmae":"a","size":"3","a/b":1}'));
    expect(answer.status).toBe(422);
    expect(answer.json.errors).toHaveLength(4);
    expect(answer.json.errors).toEqual(
      expect.arrayContaining([
        { pointer: '/name', detail: 'is required', code: 'required' },
        { pointer: '/nmae', detail: 'is not known here; did you mean "name"?', code: 'unknown_field' },
        { pointer: '/a~1b', detail: 'is not known here', code: 'unknown_field' },
        { pointer: '/size', detail: 'must be an integer', code: 'wrong_type' },
      ]),
    );
  });

  it('does not turn strings of a body into numbers', async () => {
    expect((await ask(start(), post('{"name":1}'))).json.errors).toEqual([
      { pointer: '/name', detail: 'must be a string', code: 'wrong_type' },
    ]);
  });
});

describe('queries', () => {
  it('reads integers, booleans and lists', async () => {
    expect((await ask(start(), { method: 'GET', url: '/one/things?limit=10&deep=true&tags=a,b&tags=c' })).json).toEqual(
      { limit: 10, deep: true, tags: ['a', 'b', 'c'] },
    );
  });

  it.each([
    'limit=ten',
    'limit=1e1',
    'limit=%2B5',
    'limit=05',
    'limit=',
    'limit=5.0',
    'limit=0',
    'limit=11',
    'limit=5&limit=6',
    'deep=1',
    'limits=5',
    '__proto__=5',
  ])('refuses %s', async (query) => {
    const answer = await ask(start(), { method: 'GET', url: `/one/things?${query}` });
    expect(answer.status).toBe(422);
    expect(answer.json.errors[0].pointer).toBe(`?${query.slice(0, query.indexOf('='))}`);
  });

  it('hints at the parameter that was meant', async () => {
    expect((await ask(start(), { method: 'GET', url: '/one/things?limits=5' })).json.errors[0].detail).toContain(
      '"limit"',
    );
  });
});

describe('idempotency keys', () => {
  it.each([
    ['bare', 'abc-1', 'abc-1'],
    ['quoted', '"abc 1"', 'abc 1'],
    ['quoted with escapes', String.raw`"a\"b\\c"`, String.raw`a"b\c`],
  ])('takes a %s one', async (_name, header, key) => {
    const answer = await ask(start(), post('{"name":"a"}', { headers: { 'idempotency-key': header } }));
    expect(answer.json).toMatchObject({ key, route: 'POST /one/things' });
  });

  it('takes it from the other header of the surface', async () => {
    expect((await ask(start(), post('{"name":"a"}', { headers: { 'x-idempotency-key': 'k' } }))).json.key).toBe('k');
  });

  it.each(['', '""', '"open', 'a'.repeat(256), 'ü'])('refuses %j', async (header) => {
    const answer = await ask(start(), post('{"name":"a"}', { headers: { 'idempotency-key': header } }));
    expect([answer.status, answer.json.errors[0].code]).toEqual([422, 'invalid_idempotency_key']);
  });

  it('ignores it where the route does not take one', async () => {
    expect((await ask(start(), { method: 'GET', url: '/one/things', headers: { 'idempotency-key': '' } })).status).toBe(
      200,
    );
  });
});
