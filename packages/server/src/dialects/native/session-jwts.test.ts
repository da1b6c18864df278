import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SessionJwtSettings } from '../../app/session-jwts.ts';
import { type CheckedClient, checkedClient, type Json } from '../testing/checked-client.ts';
import { createOrganization } from '../testing/native-steps.ts';
import { type RunningDialects, runDialects } from '../testing/running-dialects.ts';

const ISSUER = 'https://auth.example/';
const AUDIENCE = 'hooks';
const SECRET = 'a secret of more than thirty-two bytes';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2_048 });

/** What is wrong with a token, or right, in claims of its own. */
type Claims = Readonly<Record<string, unknown>>;
type Sign = (claims: Claims, header?: Readonly<Record<string, string>>) => Promise<string>;

function claimsOf(running: RunningDialects, more: Claims): Claims {
  const now = Math.floor(running.clock.now() / 1_000);
  return { iss: ISSUER, aud: AUDIENCE, sub: 'ann', org: 'acme', exp: now + 600, ...more };
}

function signer(running: RunningDialects, key: KeyObject | Uint8Array, alg: string): Sign {
  return async (claims, header = {}) =>
    await new SignJWT(claimsOf(running, claims)).setProtectedHeader({ alg, ...header }).sign(key);
}

let jwks: Server;
let answers = true;
let jwksUrl: URL;
const worlds = new Map<'secret' | 'jwks', { running: RunningDialects; ask: CheckedClient; sign: Sign; acme: string }>();

beforeAll(async () => {
  jwks = createServer((_request, response) => {
    const keys = [{ ...rsa.publicKey.export({ format: 'jwk' }), kid: 'r', alg: 'RS256' }];
    if (answers) response.end(JSON.stringify({ keys }));
    else response.writeHead(500).end();
  });
  await new Promise<void>((resolve) => jwks.listen(0, '127.0.0.1', resolve));
  const address = jwks.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  jwksUrl = new URL(`http://127.0.0.1:${address.port}/jwks.json`);
  for (const kind of ['secret', 'jwks'] as const) {
    const key: SessionJwtSettings['key'] = kind === 'secret' ? { kind, secret: SECRET } : { kind, url: jwksUrl };
    const running = await runDialects([], { sessionJwts: { key, issuer: ISSUER, audience: AUDIENCE } });
    const { id: acme } = await createOrganization(running, 'acme');
    await createOrganization(running, 'other');
    const sign =
      kind === 'secret' ? signer(running, Buffer.from(SECRET), 'HS256') : signer(running, rsa.privateKey, 'RS256');
    worlds.set(kind, { running, ask: checkedClient(running, running.native), sign, acme });
  }
});
afterAll(async () => {
  for (const { running } of worlds.values()) await running.stop();
  jwks.closeAllConnections();
  jwks.close();
});

describe.each(['secret', 'jwks'] as const)('the native API, for a session JWT of a %s', (kind) => {
  function world() {
    const found = worlds.get(kind);
    if (found === undefined) throw new Error('it has started');
    return found;
  }
  async function outcome(token: string, path = '/endpoints'): Promise<string> {
    const { status, json } = await world().ask('GET', path, { token });
    return status === 200 ? 'lets in' : `${status} ${json.code}`;
  }

  it('opens what its scopes name for the organization in it, and no more', async () => {
    const { ask, sign, acme } = world();
    const token = await sign({ scope: 'endpoints:read endpoints:write audit:read nonsense webhooks:read' });
    const json = { url: 'https://receiver.example/hook' };
    const made = await ask('POST', '/endpoints', { token, json });
    expect([made.status, made.json.endpoint.organizationId]).toEqual([201, acme]);
    const { id } = made.json.endpoint;
    expect(await outcome(token, '/endpoints')).toBe('lets in');
    expect(await outcome(token, '/events')).toBe('403 missing_scope');
    expect(await outcome(token, '/keys')).toBe('403 missing_scope');
    expect((await ask('POST', `/endpoints/${id}/rotate`, { token })).json.code).toBe('missing_scope');
    const [line] = (await ask('GET', `/audit?target=${id}`, { token })).json.items;
    expect(line).toMatchObject({ actor: 'jwt:ann', action: 'endpoint.created', organizationId: acme });
    // Another organization sees nothing of it, and may not be acted for.
    const elsewhere = await sign({ org: 'other', scope: 'endpoints:read' });
    expect((await ask('GET', `/endpoints/${id}`, { token: elsewhere })).json.code).toBe('not_found');
    const headers = { 'hookring-organization': 'other' };
    expect((await ask('GET', '/endpoints', { token, headers })).json.code).toBe('missing_scope');
  });

  it('takes the organization by its id too, and lets an operator act for others', async () => {
    const { ask, sign, acme } = world();
    expect(await outcome(await sign({ org: acme, scope: 'endpoints:read' }))).toBe('lets in');
    const token = await sign({ scope: 'operator endpoints:read' });
    const headers = { 'hookring-organization': 'other' };
    expect((await ask('GET', '/endpoints', { token, headers })).status).toBe(200);
    const { items } = (await ask('GET', '/organizations', { token })).json;
    expect(items.map((one: Json) => one.externalId).sort()).toEqual(['acme', 'default', 'other']);
  });

  it.each<[string, Claims, string]>([
    ['no scope', {}, '403 missing_scope'],
    ['an organization that is not there', { org: 'nobody' }, '401 invalid_credentials'],
    ['no organization', { org: undefined }, '401 invalid_credentials'],
    ['another issuer', { iss: 'https://evil.example/' }, '401 invalid_credentials'],
    ['no issuer', { iss: undefined }, '401 invalid_credentials'],
    ['another audience', { aud: 'billing' }, '401 invalid_credentials'],
    ['no audience', { aud: undefined }, '401 invalid_credentials'],
    ['an end that has passed', { exp: 1_000_000_000 }, '401 expired_credentials'],
    ['no end', { exp: undefined }, '401 invalid_credentials'],
    ['a start to come', { nbf: 9_999_999_999 }, '401 invalid_credentials'],
    ['a list of scopes', { scope: ['endpoints:read'] }, '401 invalid_credentials'],
  ])('refuses one with %s', async (_name, claims, expected) => {
    expect(await outcome(await world().sign(claims))).toBe(expected);
  });

  it('lets nobody in any more once it has ended', async () => {
    const { running, sign } = world();
    const token = await sign({ scope: 'endpoints:read' });
    expect(await outcome(token)).toBe('lets in');
    running.advance(611_000);
    expect(await outcome(token)).toBe('401 expired_credentials');
  });

  it('believes no other key, no other kind of key, and no token without a signature', async () => {
    const { running } = world();
    const scope = 'endpoints:read operator';
    const publicTexts = [
      rsa.publicKey.export({ format: 'pem', type: 'spki' }),
      rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }),
      rsa.publicKey.export({ format: 'der', type: 'spki' }),
      JSON.stringify(rsa.publicKey.export({ format: 'jwk' })),
      jwksUrl.href,
    ];
    const forged = [
      ...publicTexts.map((text) => signer(running, Buffer.from(text), 'HS256')),
      signer(running, Buffer.from('another secret of more than 32 bytes'), 'HS256'),
      signer(running, Buffer.alloc(32), 'HS256'),
      signer(running, stranger.privateKey, 'RS256'),
      kind === 'secret' ? signer(running, rsa.privateKey, 'RS256') : signer(running, Buffer.from(SECRET), 'HS256'),
    ];
    for (const sign of forged) {
      expect(await outcome(await sign({ scope }))).toBe('401 invalid_credentials');
      expect(await outcome(await sign({ scope }, { kid: 'r' }))).toBe('401 invalid_credentials');
    }
    const unsigned = new UnsecuredJWT(claimsOf(running, { scope })).encode();
    expect(await outcome(unsigned)).toBe('401 invalid_credentials');
    const [, payload] = (await world().sign({ scope })).split('.');
    const [header, , signature] = (await world().sign({ scope: '' })).split('.');
    expect(await outcome([header, payload, signature].join('.'))).toBe('401 invalid_credentials');
  });

  it('leaves API keys as they are', async () => {
    const { ask, running } = world();
    expect((await ask('GET', '/endpoints', { token: running.bootstrapKey })).status).toBe(200);
    expect(await outcome('hk_live_unknown')).toBe('401 invalid_credentials');
    expect(await outcome('not.a.jwt')).toBe('401 invalid_credentials');
  });
});

describe('the native API while the issuer does not answer', () => {
  it('says so to holders of session JWTs, and serves API keys', async () => {
    answers = false;
    const running = await runDialects([], {
      sessionJwts: { key: { kind: 'jwks', url: jwksUrl }, issuer: ISSUER, audience: AUDIENCE },
    });
    try {
      const ask = checkedClient(running, running.native);
      const token = await signer(running, rsa.privateKey, 'RS256')({ org: 'default', scope: 'endpoints:read' });
      const refusal = await ask('GET', '/endpoints', { token });
      expect([refusal.status, refusal.json.code, refusal.headers['retry-after']]).toEqual([
        503,
        'issuer_unavailable',
        '5',
      ]);
      expect((await ask('GET', '/endpoints')).status).toBe(200);
      answers = true;
    } finally {
      await running.stop();
    }
  });
});
