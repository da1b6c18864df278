import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import fc from 'fast-check';
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDocumentReader, type DocumentRequest } from '../net/document-reader.ts';
import { createSessionJwts, type SessionJwtSettings, type SessionJwts } from './session-jwts.ts';

const SECRET = 'a secret of more than thirty-two bytes';
const ISSUER = 'https://auth.example/';
const NOW = Date.UTC(2030, 0, 1);
const NOW_SECONDS = NOW / 1_000;
const CLAIMS = { org: 'acme', sub: 'user_7', iss: ISSUER, aud: 'hooks', exp: NOW_SECONDS + 60, scope: 'a b' };

const faults: unknown[] = [];
let monotonic = 0;

function jwtsOf(settings: Partial<SessionJwtSettings>, readDocument = createDocumentReader()): SessionJwts {
  const key = { kind: 'secret', secret: SECRET } as const;
  return createSessionJwts(
    { key, issuer: ISSUER, audience: 'hooks', ...settings },
    {
      clock: { now: () => NOW, monotonic: () => monotonic },
      readDocument,
      onFault: (error) => void faults.push(error),
    },
  );
}

async function bySecret(claims: JWTPayload, header: object = {}, secret = SECRET): Promise<string> {
  return await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', ...header }).sign(Buffer.from(secret));
}

async function bySigner(key: KeyObject, header: { alg: string; kid?: string }, claims = CLAIMS): Promise<string> {
  return await new SignJWT(claims).setProtectedHeader(header).sign(key);
}

/** What a verdict comes to, in one word. */
async function verdict(jwts: SessionJwts, token: string): Promise<string> {
  const found = await jwts.verify(token);
  return found.kind === 'refused' ? found.problem.code : found.kind;
}

describe('a JWT of the configured secret', () => {
  const jwts = jwtsOf({});

  it('says for which organization, as whom and with which scopes it speaks', async () => {
    expect(await jwts.verify(await bySecret(CLAIMS))).toEqual({
      kind: 'session',
      session: { organization: 'acme', scopes: ['a', 'b'], subject: 'user_7' },
    });
    const { sub: _sub, scope: _scope, ...bare } = CLAIMS;
    expect(await jwts.verify(await bySecret(bare))).toMatchObject({ session: { scopes: [], subject: null } });
  });

  it.each<[string, JWTPayload, string]>([
    ['another issuer', { iss: 'https://evil.example/' }, 'foreign'],
    ['no issuer', { iss: undefined as never }, 'foreign'],
    ['another audience', { aud: 'billing' }, 'invalid_credentials'],
    ['no audience', { aud: undefined as never }, 'invalid_credentials'],
    ['an end that has passed', { exp: NOW_SECONDS - 11 }, 'expired_credentials'],
    ['no end', { exp: undefined as never }, 'invalid_credentials'],
    ['an end that is no number', { exp: '9999999999' as never }, 'invalid_credentials'],
    ['a start to come', { nbf: NOW_SECONDS + 11 }, 'invalid_credentials'],
    ['no organization', { org: undefined }, 'invalid_credentials'],
    ['an empty organization', { org: '' }, 'invalid_credentials'],
    ['an organization that is no text', { org: ['acme'] }, 'invalid_credentials'],
    ['an endless organization', { org: 'x'.repeat(256) }, 'invalid_credentials'],
    ['scopes in a list', { scope: ['a'] }, 'invalid_credentials'],
    ['a subject that is no text', { sub: 7 as never }, 'invalid_credentials'],
    ['several audiences, one of them right', { aud: ['billing', 'hooks'] }, 'session'],
    ['a clock ten seconds ahead', { nbf: NOW_SECONDS + 10, exp: NOW_SECONDS - 9 }, 'session'],
  ])('with %s is %s', async (_, claims, expected) => {
    expect(await verdict(jwts, await bySecret({ ...CLAIMS, ...claims }))).toBe(expected);
  });

  it('is believed only under that secret, and only as HS256', async () => {
    expect(await verdict(jwts, await bySecret(CLAIMS, {}, `${SECRET}!`))).toBe('foreign');
    for (const bits of ['384', '512']) {
      const parts = [{ alg: `HS${bits}` }, CLAIMS].map((part) =>
        Buffer.from(JSON.stringify(part)).toString('base64url'),
      );
      const mac = createHmac(`sha${bits}`, SECRET).update(parts.join('.')).digest('base64url');
      expect(await verdict(jwts, [...parts, mac].join('.'))).toBe('foreign');
    }
    const { privateKey } = generateKeyPairSync('ed25519');
    expect(await verdict(jwts, await bySigner(privateKey, { alg: 'EdDSA' }))).toBe('foreign');
  });

  it('without a signature is none, however "none" is spelled', async () => {
    const unsigned = new UnsecuredJWT(CLAIMS).encode();
    const signed = await bySecret(CLAIMS);
    const [, payload, signature] = signed.split('.');
    const tokens = [unsigned, `${unsigned}AA`, ...['none', 'None', 'NONE', ''].map((alg) => withAlg(alg))];
    function withAlg(alg: string): string {
      return `${Buffer.from(JSON.stringify({ alg })).toString('base64url')}.${payload}.${signature}`;
    }
    for (const token of tokens) expect(await verdict(jwts, token)).toBe('foreign');
  });

  it('with a critical header that nobody knows is refused', async () => {
    const [, payload] = (await bySecret(CLAIMS)).split('.');
    const header = Buffer.from('{"alg":"HS256","crit":["x"],"x":1}').toString('base64url');
    const mac = createHmac('sha256', SECRET).update(`${header}.${payload}`).digest('base64url');
    expect(await verdict(jwts, `${header}.${payload}.${mac}`)).toBe('foreign');
  });

  it('is not looked into when it is longer than any JWT', async () => {
    expect(await verdict(jwts, await bySecret({ ...CLAIMS, more: 'x'.repeat(8_192) }))).toBe('foreign');
    expect(await verdict(jwts, await bySecret({ ...CLAIMS, more: 'x'.repeat(5_000) }))).toBe('session');
  });

  it('never throws, whatever is changed in it', async () => {
    const token = await bySecret(CLAIMS);
    const parts = token.split('.');
    const damaged = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[\w-]{1,20}\.[\w-]{1,20}\.[\w-]{1,20}$/),
      fc.tuple(fc.nat(token.length - 1), fc.constantFrom('.', 'A', '_', '=', '\0', 'é')).map(([at, to]) => {
        return token.slice(0, at) + to + token.slice(at + 1);
      }),
      fc
        .tuple(fc.nat(1), fc.json())
        .map(([at, json]) => parts.with(at, Buffer.from(json).toString('base64url')).join('.')),
    );
    await fc.assert(
      fc.asyncProperty(damaged, async (text) => {
        // A changed last character may spell the same bytes.
        if (text !== token) expect(['foreign', 'session']).toContain(await verdict(jwts, text));
      }),
    );
  });

  it('needs no issuer and no audience when none is configured', async () => {
    const { iss: _iss, aud: _aud, ...bare } = CLAIMS;
    expect(await verdict(jwtsOf({ issuer: null, audience: null }), await bySecret(bare))).toBe('session');
  });
});

describe('a JWT of an issuer with a key set', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const other = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ed = generateKeyPairSync('ed25519');
  const jwk = (key: KeyObject, kid?: string) => ({
    ...key.export({ format: 'jwk' }),
    ...(kid === undefined ? {} : { kid }),
  });

  let server: Server;
  let url: URL;
  let reads: number;
  let answer: (response: ServerResponse) => void;
  const keys = (...set: object[]) => {
    answer = (response) => void response.end(JSON.stringify({ keys: set }));
  };

  beforeEach(async () => {
    reads = 0;
    faults.length = 0;
    server = createServer((_request, response) => {
      reads += 1;
      answer(response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening on a port');
    url = new URL(`http://127.0.0.1:${address.port}/jwks.json`);
  });
  afterEach(() => {
    vi.useRealTimers();
    server.closeAllConnections();
    server.close();
  });
  const jwtsHere = () => jwtsOf({ key: { kind: 'jwks', url } });

  it('is believed when one of its keys signed it, whichever family; the set is read once', async () => {
    keys(jwk(rsa.publicKey, 'r'), jwk(ec.publicKey, 'e'), jwk(ed.publicKey, 'd'));
    const jwts = jwtsHere();
    expect(await verdict(jwts, await bySigner(rsa.privateKey, { alg: 'RS256', kid: 'r' }))).toBe('session');
    expect(await verdict(jwts, await bySigner(rsa.privateKey, { alg: 'PS384', kid: 'r' }))).toBe('session');
    expect(await verdict(jwts, await bySigner(ec.privateKey, { alg: 'ES256', kid: 'e' }))).toBe('session');
    expect(await verdict(jwts, await bySigner(ed.privateKey, { alg: 'EdDSA', kid: 'd' }))).toBe('session');
    expect(await verdict(jwts, await bySigner(other.privateKey, { alg: 'RS256', kid: 'r' }))).toBe('foreign');
    expect(reads).toBe(1);
  });

  it('is not believed when it was signed with the text of the public key as a secret', async () => {
    keys(jwk(rsa.publicKey, 'r'));
    const jwts = jwtsHere();
    const texts = [
      rsa.publicKey.export({ format: 'pem', type: 'spki' }),
      rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }),
      JSON.stringify(jwk(rsa.publicKey, 'r')),
    ];
    for (const text of texts) expect(await verdict(jwts, await bySecret(CLAIMS, { kid: 'r' }, text))).toBe('foreign');
    expect(reads).toBe(0);
  });

  it('may leave out which of several keys signed it', async () => {
    keys(jwk(other.publicKey), jwk(rsa.publicKey));
    const jwts = jwtsHere();
    expect(await verdict(jwts, await bySigner(rsa.privateKey, { alg: 'RS256' }))).toBe('session');
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    expect(await verdict(jwts, await bySigner(stranger.privateKey, { alg: 'RS256' }))).toBe('foreign');
    const late = { ...CLAIMS, exp: NOW_SECONDS - 60 };
    expect(await verdict(jwts, await bySigner(rsa.privateKey, { alg: 'RS256' }, late))).toBe('expired_credentials');
  });

  it('with a key that is unknown makes the set be read again, but not all the time', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOW });
    keys(jwk(rsa.publicKey, '1'));
    const jwts = jwtsHere();
    const fresh = await bySigner(other.privateKey, { alg: 'RS256', kid: '2' });
    expect(await verdict(jwts, await bySigner(rsa.privateKey, { alg: 'RS256', kid: '1' }))).toBe('session');
    for (let round = 0; round < 5; round += 1) expect(await verdict(jwts, fresh)).toBe('foreign');
    expect(reads).toBe(1);
    keys(jwk(other.publicKey, '2'));
    vi.setSystemTime(NOW + 31_000);
    expect(await verdict(jwts, fresh)).toBe('session');
    expect(await verdict(jwts, await bySigner(rsa.privateKey, { alg: 'RS256', kid: '1' }))).toBe('foreign');
    expect(reads).toBe(2);
  });

  it('of another issuer or algorithm does not make the set be read at all', async () => {
    keys(jwk(rsa.publicKey, 'r'));
    const jwts = jwtsHere();
    const strange = { ...CLAIMS, iss: 'https://evil.example/' };
    expect(await verdict(jwts, await bySigner(rsa.privateKey, { alg: 'RS256', kid: 'r' }, strange))).toBe('foreign');
    expect(await verdict(jwts, await bySecret(CLAIMS))).toBe('foreign');
    expect(reads).toBe(0);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['fails', (response) => void response.writeHead(500).end('{}')],
    ['points elsewhere', (response) => void response.writeHead(302, { location: '/jwks.json' }).end()],
    ['hangs up', (response) => void response.destroy()],
    ['is no JSON', (response) => void response.end('<html>')],
    ['is no key set', (response) => void response.end('{"keys":{}}')],
    ['has no end', (response) => void response.end(`{"keys":[],"x":"${'x'.repeat(300_000)}"}`)],
  ])('cannot be told when the set %s; who asks again soon does not reach the issuer', async (_, broken) => {
    answer = broken;
    const jwts = jwtsHere();
    const token = await bySigner(rsa.privateKey, { alg: 'RS256', kid: 'r' });
    const found = await jwts.verify(token);
    expect(found).toMatchObject({ kind: 'refused', problem: { code: 'issuer_unavailable', retryAfterSeconds: 5 } });
    expect(await verdict(jwts, token)).toBe('issuer_unavailable');
    expect([reads, faults.length]).toEqual([1, 1]);
    expect(String(faults[0])).toContain(url.origin);
    keys(jwk(rsa.publicKey, 'r'));
    monotonic += 5_000;
    expect(await verdict(jwts, token)).toBe('session');
    expect(reads).toBe(2);
  });

  it('cannot be told when its key is broken, or too short to prove anything', async () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1_024 });
    const token = await bySigner(rsa.privateKey, { alg: 'RS256', kid: 'r' });
    for (const key of [{ ...jwk(ec.publicKey, 'r'), kty: 'RSA' }, jwk(short.publicKey, 'r')]) {
      keys(key);
      expect(await verdict(jwtsHere(), token)).toBe('issuer_unavailable');
    }
    keys(jwk(short.publicKey), jwk(other.publicKey));
    expect(await verdict(jwtsHere(), await bySigner(rsa.privateKey, { alg: 'RS256' }))).toBe('foreign');
  });

  it('is refused in time when nobody answers for the set', async () => {
    const asked: DocumentRequest[] = [];
    const reader = createDocumentReader();
    // A test need not wait as long as a server does.
    const jwts = jwtsOf({ key: { kind: 'jwks', url } }, async (request) => {
      asked.push(request);
      return await reader({ ...request, deadlineMs: 50 });
    });
    answer = () => undefined;
    expect(await verdict(jwts, await bySigner(rsa.privateKey, { alg: 'RS256' }))).toBe('issuer_unavailable');
    expect(asked.map(({ deadlineMs }) => deadlineMs)).toEqual([3_000]);
    expect((faults[0] as Error).cause).toMatchObject({ message: expect.stringContaining('within 50 ms') });
  });
});
