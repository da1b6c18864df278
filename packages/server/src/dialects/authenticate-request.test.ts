import { createHmac, generateKeyPairSync, hash } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppContext } from '../app/context.ts';
import type { RequestFacts } from '../http/authentication.ts';
import { compileAuthentication } from './authenticate-request.ts';
import { type Authenticate, type AuthenticationWay, accessTokens, apiKeys, sessionJwts } from './authentication.ts';
import { type RunningDialects, runDialects } from './testing/running-dialects.ts';
import { type MadeKey, makeKey, revokeKey, whoami, whoamiDialect } from './testing/whoami-dialect.ts';

const SECRET = 'a secret of more than thirty-two bytes';
const pepper = (token: string): string => createHmac('sha256', 'pepper').update(token).digest('hex');

let own: Authenticate = () => null;
const ownWay: Authenticate = (request) => own(request);

const plain = whoamiDialect('plain', [apiKeys()]);
const peppered = whoamiDialect('peppered', [apiKeys({ hash: pepper })]);
const broken = whoamiDialect('broken', [apiKeys({ hash: () => 'ABC' })]);
const jwt = whoamiDialect('sessions', [sessionJwts, accessTokens, apiKeys()]);
const custom = whoamiDialect('custom', [ownWay, apiKeys(), sessionJwts]);

let running: RunningDialects;
let acme: MadeKey;
let operator: MadeKey;

beforeAll(async () => {
  running = await runDialects([plain, peppered, broken, jwt, custom], {
    sessionJwts: { key: { kind: 'secret', secret: SECRET }, issuer: null, audience: null },
  });
  acme = await makeKey(running, 'acme', ['events:write']);
  operator = await makeKey(running, 'globex', ['events:write', 'operator']);
});
afterAll(async () => await running.stop());
beforeEach(() => {
  own = () => null;
  running.crashes.length = 0;
});

async function session(claims: JWTPayload): Promise<string> {
  const exp = Math.floor(running.clock.now() / 1_000) + 60;
  return await new SignJWT({ org: 'acme', sub: 'user_7', exp, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(Buffer.from(SECRET));
}

const short = ({ status, body }: Awaited<ReturnType<typeof whoami>>) => [status, body['code'] ?? body['organization']];

describe('API keys', () => {
  it('open their organization with their own scopes', async () => {
    const { status, body } = await whoami(running, plain, acme.token);
    expect([status, body]).toEqual([
      200,
      { organization: acme.organizationId, actor: acme.id, scopes: ['events:write'] },
    ]);
  });

  it('are answered without a promise once memory knows them, also beside other ways', async () => {
    for (const dialect of [plain, peppered, jwt]) await whoami(running, dialect, acme.token);
    const { organizationId, id, token } = acme;
    const key = { id, organizationId, scopes: [], expiresAt: null, revokedAt: null };
    const hashes: string[] = [];
    // What an API key needs of the service.
    const app = {
      settings: { bootstrapKeyHash: null, localTokenHash: null },
      clock: { now: () => 0 },
      store: { currency: { goodUntil: Number.POSITIVE_INFINITY } },
      directory: { apiKey: () => key, rememberedApiKey: () => key },
      sessionJwts: {},
      telemetry: { accessRefused: ({ code }: { code: string }) => hashes.push(code) },
    } as unknown as AppContext;
    const facts: RequestFacts = {
      token,
      organization: null,
      requestId: 'r',
      address: null,
      headers: {},
      method: 'GET',
      target: '/',
    };
    for (const { name, authenticate } of [plain, peppered, jwt, custom]) {
      const ask = compileAuthentication({ name, authenticate, prefix: '', scopeAliases: {} }, app);
      expect(ask(facts)).toMatchObject({ ok: true, value: { actor: id } });
    }
    expect(hashes).toEqual([]);
  });

  it.each([
    ['no token', null, 'missing_credentials'],
    ['an unknown one', 'nope', 'invalid_credentials'],
    ['an endless one', 'x'.repeat(600), 'invalid_credentials'],
  ])('with %s are refused, and the refusal is counted', async (_, token, code) => {
    expect(short(await whoami(running, plain, token))).toEqual([401, code]);
    expect(short(await whoami(running, custom, token))).toEqual([401, code]);
  });

  it('that were imported under a hash of their company open, and others still do', async () => {
    const imported = await makeKey(running, 'acme', ['events:read'], { tokenHash: pepper('legacy_token') });
    const sha = await makeKey(running, 'acme', ['events:read'], { tokenHash: hash('sha256', 'older_token', 'hex') });
    for (let round = 0; round < 2; round += 1) {
      const legacy = await whoami(running, peppered, 'legacy_token');
      expect([legacy.status, legacy.body['actor']]).toEqual([200, imported.id]);
      expect((await whoami(running, peppered, 'older_token')).body['actor']).toBe(sha.id);
      expect((await whoami(running, peppered, acme.token)).body['actor']).toBe(acme.id);
      expect((await whoami(running, peppered, running.bootstrapKey)).body['actor']).toBe('bootstrap');
      expect((await whoami(running, peppered, 'nobody')).status).toBe(401);
    }
    // Nobody else hashes that way, and a hash is no token.
    expect((await whoami(running, plain, 'legacy_token')).status).toBe(401);
    expect((await whoami(running, peppered, pepper('legacy_token'))).status).toBe(401);
    await revokeKey(running, imported);
    expect(short(await whoami(running, peppered, 'legacy_token'))).toEqual([401, 'invalid_credentials']);
  });

  it('under a hash that is no SHA-256 in hex are a broken program, without the token in its message', async () => {
    expect((await whoami(running, broken, 'some_token')).status).toBe(500);
    expect(String(running.crashes[0])).toContain('64 lower-case characters of hex');
    expect(String(running.crashes[0])).not.toContain('some_token');
  });
});

describe('Hookring-Organization', () => {
  const naming = (organization: string) => ({ 'hookring-organization': organization });

  it('is for those with the scope operator, whichever way they came in', async () => {
    const token = await session({ org: 'globex', scope: 'operator' });
    own = () => ({ ok: true, organization: 'globex', scopes: ['operator'] });
    const answers = [
      await whoami(running, plain, operator.token, naming('acme')),
      await whoami(running, jwt, token, naming('acme')),
      await whoami(running, custom, null, naming(acme.organizationId)),
      await whoami(running, plain, running.bootstrapKey, naming('acme')),
    ];
    for (const answer of answers) expect(short(answer)).toEqual([200, acme.organizationId]);
    expect(short(await whoami(running, jwt, token, naming('nobody')))).toEqual([404, 'not_found']);
  });

  it('lets everyone else name their own, and tells nothing of others', async () => {
    const token = await session({});
    own = () => ({ ok: true, organization: 'acme', scopes: [] });
    for (const [dialect, credentials] of [
      [plain, acme.token],
      [jwt, token],
      [custom, null],
    ] as const) {
      expect(short(await whoami(running, dialect, credentials, naming('acme')))).toEqual([200, acme.organizationId]);
      for (const other of ['globex', 'nobody', operator.organizationId, 'a\u00e9', "'; drop table"]) {
        expect(short(await whoami(running, dialect, credentials, naming(other)))).toEqual([403, 'missing_scope']);
      }
    }
  });
});

describe('session JWTs', () => {
  it('speak for the organization of their issuer, by id or externalId, with scopes of both kinds', async () => {
    for (const org of ['acme', acme.organizationId]) {
      const token = await session({ org, scope: 'webhooks:manage events:read made:up  toString __proto__' });
      expect((await whoami(running, jwt, token)).body).toEqual({
        organization: acme.organizationId,
        actor: 'jwt:user_7',
        scopes: ['endpoints:read', 'endpoints:write', 'events:read'],
      });
    }
    expect((await whoami(running, jwt, await session({}))).body['scopes']).toEqual([]);
  });

  it('say of an organization that is not here only that they are not valid', async () => {
    expect(short(await whoami(running, jwt, await session({ org: 'nobody' })))).toEqual([401, 'invalid_credentials']);
  });

  it('that have ended are told so', async () => {
    const exp = Math.floor(running.clock.now() / 1_000) - 60;
    expect(short(await whoami(running, jwt, await session({ exp })))).toEqual([401, 'expired_credentials']);
  });

  it.each([
    ['user 7\r\nset-cookie: x=1', /^jwt:sha256-[0-9a-f]{64}$/],
    ['x'.repeat(200), /^jwt:sha256-[0-9a-f]{64}$/],
    [`sha256-${'a'.repeat(64)}`, /^jwt:sha256-(?!a{64})[0-9a-f]{64}$/],
    ['', /^jwt:sha256-[0-9a-f]{64}$/],
    ['bootstrap', /^jwt:bootstrap$/],
    ['auth0|5f7c', /^jwt:auth0\|5f7c$/],
  ])('of the subject %j act under a name of their own', async (sub, actor) => {
    expect((await whoami(running, jwt, await session({ sub }))).body['actor']).toMatch(actor);
  });

  it('without a subject act as their organization', async () => {
    const token = await session({ sub: undefined as never });
    expect((await whoami(running, jwt, token)).body['actor']).toBe(`jwt:${acme.organizationId}`);
  });

  it('open nothing in a dialect that does not take them', async () => {
    expect(short(await whoami(running, plain, await session({})))).toEqual([401, 'invalid_credentials']);
  });

  it.each<[string, AuthenticationWay[], boolean, RegExp]>([
    ['API keys', [sessionJwts, apiKeys()], true, /send an API key/],
    ['access tokens', [accessTokens, () => null], true, /send an access token/],
    ['a way of its own', [() => null], true, /no credentials of this API/],
    ['session tokens', [sessionJwts], true, /send a session token/],
    ['session tokens that nobody issues', [sessionJwts], false, /no issuer of them is configured/],
  ])('are asked for where a dialect takes %s', async (_name, authenticate, hasIssuer, words) => {
    const app = {
      sessionJwts: hasIssuer ? {} : null,
      store: { currency: { goodUntil: Number.POSITIVE_INFINITY } },
      telemetry: { accessRefused() {} },
    } as unknown as AppContext;
    const ask = compileAuthentication({ name: 'any', prefix: '', authenticate, scopeAliases: {} }, app);
    const facts = {
      token: null,
      organization: null,
      requestId: 'r',
      address: null,
      headers: {},
      method: 'GET',
      target: '/',
    };
    expect(await ask(facts)).toMatchObject({
      problem: { code: 'missing_credentials', detail: expect.stringMatching(words) },
    });
  });

  it('open nothing when no issuer is configured', async () => {
    const closed = await runDialects([jwt]);
    try {
      expect(short(await whoami(closed, jwt, await session({})))).toEqual([401, 'invalid_credentials']);
    } finally {
      await closed.stop();
    }
  });

  it('that cannot be checked are 503 with Retry-After, while API keys go on', async () => {
    const port = new URL(running.receiver.url).port;
    const url = new URL(`https://127.0.0.1:${port}/jwks`);
    const cut = await runDialects([jwt], { sessionJwts: { key: { kind: 'jwks', url }, issuer: null, audience: null } });
    try {
      const { privateKey } = generateKeyPairSync('ed25519');
      const token = await new SignJWT({ org: 'acme', exp: 4e9 }).setProtectedHeader({ alg: 'EdDSA' }).sign(privateKey);
      const { status, headers, body } = await whoami(cut, jwt, token);
      expect([status, headers['retry-after'], body['code']]).toEqual([503, '5', 'issuer_unavailable']);
      expect((await whoami(cut, jwt, cut.bootstrapKey)).status).toBe(200);
    } finally {
      await cut.stop();
    }
  });
});
