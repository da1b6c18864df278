import { hash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accessTokens, apiKeys, sessionJwts } from './authentication.ts';
import { clientCredentialsRoute } from './client-credentials.ts';
import { type RunningDialects, runDialects } from './testing/running-dialects.ts';
import { type MadeKey, makeKey, revokeKey, type Told, whoami, whoamiDialect } from './testing/whoami-dialect.ts';

const salted = (token: string): string => hash('sha256', `old ${token}`, 'hex');
const token = clientCredentialsRoute({
  path: '/auth/token',
  tokenSeconds: 600,
});
const dialect = whoamiDialect('acme', [accessTokens, apiKeys({ hash: salted })], [token]);
const sibling = whoamiDialect('sibling', [sessionJwts, accessTokens, apiKeys()], [token]);
const keysOnly = whoamiDialect('keysonly', [apiKeys()]);

let running: RunningDialects;
let key: MadeKey;

beforeAll(async () => {
  running = await runDialects([dialect, sibling, keysOnly], {
    rateLimit: { requests: 1_000, windowSeconds: 60 },
    sessionJwts: { key: { kind: 'secret', secret: 's'.repeat(32) }, issuer: null, audience: null },
  });
});
afterAll(async () => await running.stop());
beforeEach(async () => {
  running.advance(60_000);
  key = await makeKey(running, 'customer 1+1', ['endpoints:read', 'endpoints:write', 'events:write', 'operator']);
});

type Fields = Readonly<Record<string, unknown>>;
const GRANT = { grant_type: 'client_credentials' };
const withKey = (more: Fields = {}): Fields => ({ ...GRANT, client_id: key.id, client_secret: key.token, ...more });
const basic = (id: string, secret: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});

async function post(payload: string, headers: Record<string, string>): Promise<Told> {
  const answer = await running.http.inject({ method: 'POST', url: '/acme/auth/token', headers, payload });
  return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
}

const form = async (fields: Fields, headers: Record<string, string> = {}): Promise<Told> =>
  await post(new URLSearchParams(fields as Record<string, string>).toString(), {
    'content-type': 'application/x-www-form-urlencoded',
    ...headers,
  });
const json = async (fields: unknown, headers: Record<string, string> = {}): Promise<Told> =>
  await post(JSON.stringify(fields), { 'content-type': 'application/json', ...headers });

async function granted(fields: Fields = withKey()): Promise<string> {
  const { status, body } = await form(fields);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return String(body['access_token']);
}

const outcome = ({ status, body }: Told) => [status, body['code'], body['error']];

describe('the token endpoint', () => {
  it('gives a bearer token that says what it is for and is kept nowhere', async () => {
    const { status, headers, body } = await form(withKey());
    expect([status, headers['cache-control'], headers['pragma']]).toEqual([200, 'no-store', 'no-cache']);
    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 600,
      scope: 'webhooks:manage webhooks:send operator',
    });
    const now = Math.floor(running.clock.now() / 1_000);
    const claims = decodeJwt(String(body['access_token']));
    expect(claims).toMatchObject({ iss: 'hookring', aud: 'acme', sub: key.id, org: key.organizationId });
    expect(claims.iat).toBeGreaterThanOrEqual(now - 1);
    expect(claims.exp).toBe((claims.iat ?? 0) + 600);
    expect(claims.jti).toMatch(/^[\w-]{22}$/);
    expect(JSON.stringify(claims)).not.toContain(key.token);
  });

  it('takes the client from the body or from HTTP Basic, as a form or as JSON', async () => {
    const { id, organizationId, token: secret } = key;
    const encoded = encodeURIComponent('customer 1+1').replaceAll('%20', '+');
    const answers = [
      await form(withKey()),
      await json(withKey()),
      await json(withKey(), { 'content-type': 'application/json; charset=utf-8' }),
      await form(withKey({ client_id: organizationId })),
      await form(withKey({ client_id: 'customer 1+1' })),
      await form(withKey({ resource: 'ignored', scope: '' })),
      await form(GRANT, basic(id, secret)),
      await form(GRANT, basic(encoded, secret)),
      await form({ ...GRANT, client_id: id }, basic(id, secret)),
      await form(
        { ...GRANT, client_secret: '' },
        { authorization: basic(id, secret)['authorization']!.replace('Basic', 'basic') },
      ),
    ];
    for (const answer of answers) expect(answer.status).toBe(200);
  });

  it('takes the bootstrap key by the name of its organization, and keys that were imported', async () => {
    await makeKey(running, 'importer', ['events:read'], { tokenHash: salted('a legacy token') }).catch(() => null);
    const legacy = { ...GRANT, client_id: 'importer', client_secret: 'a legacy token' };
    expect((await form(legacy)).body).toMatchObject({ scope: 'events:read' });
    for (const client_id of ['default', 'bootstrap']) {
      const token = await granted({ ...GRANT, client_id, client_secret: running.bootstrapKey });
      expect((await whoami(running, dialect, token)).body['actor']).toBe('bootstrap');
    }
    const other = await form({ ...GRANT, client_id: 'importer', client_secret: running.bootstrapKey });
    expect(outcome(other)).toEqual([401, 'invalid_credentials', 'invalid_client']);
  });

  it.each<[string, Fields]>([
    ['an unknown secret', { client_secret: 'hk_live_nothing' }],
    ['the id of another', { client_id: 'default' }],
    ['an id that is none', { client_id: 'key_0' }],
    ['an id with a line break', { client_id: 'a\r\nset-cookie: b' }],
    ['an endless secret', { client_secret: 'x'.repeat(5_000) }],
  ])('refuses %s', async (_, wrong) => {
    for (const answer of [await form(withKey(wrong)), await json(withKey(wrong))]) {
      expect(outcome(answer)).toEqual([401, 'invalid_credentials', 'invalid_client']);
      expect(answer.headers['www-authenticate']).toBe('Basic realm="acme", charset="UTF-8"');
      expect([answer.headers['cache-control'], answer.headers['pragma']]).toEqual(['no-store', 'no-cache']);
      expect(answer.headers).not.toHaveProperty('set-cookie');
    }
  });

  it.each<[string, Fields, Record<string, string>, readonly unknown[]]>([
    ['no grant type', { grant_type: undefined }, {}, [400, 'token_request_refused', 'invalid_request']],
    ['another grant type', { grant_type: 'password' }, {}, [400, 'token_request_refused', 'unsupported_grant_type']],
    ['no secret', { client_secret: undefined }, {}, [401, 'missing_credentials', 'invalid_client']],
    ['no client', { client_id: undefined }, {}, [401, 'missing_credentials', 'invalid_client']],
    ['a secret that is no text', { client_secret: 1 }, {}, [400, 'token_request_refused', 'invalid_request']],
    [
      'a grant type that is no text',
      { grant_type: ['client_credentials'] },
      {},
      [400, 'token_request_refused', 'invalid_request'],
    ],
    ['a scope that is no text', { scope: ['events:write'] }, {}, [400, 'token_request_refused', 'invalid_request']],
    ['a scope that does not exist', { scope: 'events:write x' }, {}, [400, 'token_request_refused', 'invalid_scope']],
    ['a scope that the key lacks', { scope: 'audit:read' }, {}, [400, 'token_request_refused', 'invalid_scope']],
    ['two ways at once', {}, basic('a', 'b'), [400, 'token_request_refused', 'invalid_request']],
    [
      'an Authorization of another kind',
      { client_secret: undefined },
      { authorization: 'Bearer x' },
      [401, 'invalid_credentials', 'invalid_client'],
    ],
    [
      'Basic without a colon',
      { client_secret: undefined },
      { authorization: 'Basic YWJj' },
      [401, 'invalid_credentials', 'invalid_client'],
    ],
    [
      'Basic that is no base64',
      { client_secret: undefined },
      { authorization: 'Basic ???' },
      [401, 'invalid_credentials', 'invalid_client'],
    ],
    [
      'Basic with a broken escape',
      { client_secret: undefined },
      basic('a%zz', 'b'),
      [401, 'invalid_credentials', 'invalid_client'],
    ],
    [
      'two clients',
      { client_id: 'b', client_secret: undefined },
      basic('a', 'b'),
      [400, 'token_request_refused', 'invalid_request'],
    ],
  ])('refuses %s in the words of RFC 6749', async (_, wrong, headers, expected) => {
    expect(outcome(await json(withKey(wrong), headers))).toEqual(expected);
  });

  it.each([
    ['broken JSON', '{', 'application/json', [400, 'invalid_body']],
    ['a list', '[]', 'application/json', [400, 'token_request_refused']],
    ['a key that comes twice', '{"scope":"a","scope":"b"}', 'application/json', [422, 'duplicate_key']],
    [
      'a field that comes twice',
      'scope=a&scope=b',
      'application/x-www-form-urlencoded',
      [400, 'token_request_refused'],
    ],
    ['a broken form', 'a=%zz', 'application/x-www-form-urlencoded', [400, 'invalid_body']],
    ['too many fields', 'a&'.repeat(70), 'application/x-www-form-urlencoded', [400, 'token_request_refused']],
    ['another content type', 'a', 'text/plain', [415, 'unsupported_media_type']],
    ['another charset', 'a=b', 'application/x-www-form-urlencoded; charset=utf-16', [415, 'unsupported_media_type']],
  ])('refuses %s', async (_, payload, contentType, [status, code]) => {
    expect(outcome(await post(payload, { 'content-type': contentType }))).toEqual([status, code, 'invalid_request']);
  });

  it('refuses a body that is too large', async () => {
    expect((await form({ ...GRANT, more: 'x'.repeat(20_000) })).status).toBe(413);
  });

  it('is documented with both content types', async () => {
    const document = (await running.http.inject({ url: '/acme/openapi.json' })).json();
    const { requestBody, responses, security } = document.paths['/acme/auth/token'].post;
    expect(Object.keys(requestBody.content)).toEqual(['application/x-www-form-urlencoded', 'application/json']);
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['200', '400', '401', '413', '415', '503']));
    expect(security).toEqual([]);
  });

  it.each([0, 59, 86_401, 1.5, Number.NaN])('cannot be made for tokens of %d seconds', (tokenSeconds) => {
    expect(() => clientCredentialsRoute({ path: '/token', tokenSeconds })).toThrow('tokenSeconds');
  });
});

describe('an access token', () => {
  it('opens what its key opens, as its key', async () => {
    expect((await whoami(running, dialect, await granted())).body).toEqual({
      organization: key.organizationId,
      actor: key.id,
      scopes: ['endpoints:read', 'endpoints:write', 'events:write', 'operator'],
    });
  });

  it.each([
    ['webhooks:send', ['events:write']],
    ['webhooks:manage endpoints:read', ['endpoints:read', 'endpoints:write']],
    ['endpoints:read', ['endpoints:read']],
  ])('that was asked for %j opens only that', async (scope, scopes) => {
    const { body } = await form(withKey({ scope }));
    expect(body['scope']).toBe(scope);
    expect((await whoami(running, dialect, String(body['access_token']))).body['scopes']).toEqual(scopes);
  });

  it('acts for another organization when it has the scope operator', async () => {
    const naming = { 'hookring-organization': 'default' };
    expect((await whoami(running, dialect, await granted(), naming)).status).toBe(200);
    const narrow = await granted(withKey({ scope: 'events:write' }));
    expect((await whoami(running, dialect, narrow, naming)).body['code']).toBe('missing_scope');
  });

  it('shares the rate limit of its key', async () => {
    const left = async (credentials: string) =>
      Number(/r=(\d+)/.exec(String((await whoami(running, dialect, credentials)).headers['ratelimit']))?.[1]);
    const first = await left(key.token);
    expect(await left(await granted())).toBe(first - 1);
  });

  it('ends when it says, and the answer says so', async () => {
    const token = await granted();
    running.advance(601_000);
    expect((await whoami(running, dialect, token)).body['code']).toBe('expired_credentials');
  });

  it('ends with its key: at once when that is revoked, and when that ends', async () => {
    const token = await granted();
    expect((await whoami(running, dialect, token)).status).toBe(200);
    await revokeKey(running, key);
    expect((await whoami(running, dialect, token)).body['code']).toBe('invalid_credentials');
    expect(outcome(await form(withKey()))).toEqual([401, 'invalid_credentials', 'invalid_client']);

    const expiresAt = new Date(running.clock.now() + 120_500).toISOString();
    key = await makeKey(running, 'brief', ['events:write'], { expiresAt });
    const brief = await form(withKey());
    expect(brief.body['expires_in']).toBe(120);
    expect((await whoami(running, dialect, String(brief.body['access_token']))).status).toBe(200);
    running.advance(121_000);
    expect((await whoami(running, dialect, String(brief.body['access_token']))).body['code']).toBe(
      'expired_credentials',
    );
    expect(outcome(await form(withKey()))).toEqual([401, 'expired_credentials', 'invalid_client']);
  });

  it('opens nothing in another dialect, nor where such tokens are not taken', async () => {
    const token = await granted();
    for (const other of [sibling, keysOnly]) {
      expect((await whoami(running, other, token)).body['code']).toBe('invalid_credentials');
    }
    const native = await running.http.inject({ url: '/v1/endpoints', headers: { authorization: `Bearer ${token}` } });
    expect(native.statusCode).toBe(401);
  });

  it('that was changed by one character opens nothing', async () => {
    const token = await granted();
    for (const at of [0, 60, 200, token.length - 10]) {
      const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
      expect((await whoami(running, dialect, changed)).status).toBe(401);
    }
  });

  it('buys no other token', async () => {
    const token = await granted();
    expect(outcome(await form(withKey({ client_secret: token })))).toEqual([
      401,
      'invalid_credentials',
      'invalid_client',
    ]);
  });
});
