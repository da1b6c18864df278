import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { idFromUuid } from '../domain/ids.ts';
import { createAccessTokens } from './access-tokens.ts';

const KEY = new Uint8Array(32).fill(7);
const GRANT = {
  dialect: 'acme',
  subject: idFromUuid('key', new Uint8Array(16).fill(1)),
  organizationId: idFromUuid('org', new Uint8Array(16).fill(2)),
  scopes: ['events:write', 'endpoints:read'],
} as const;

function given(more: { key?: Uint8Array; bootstrapKeyHash?: string | null } = {}) {
  const time = { now: Date.UTC(2030, 0, 1) };
  let byte = 0;
  const tokens = createAccessTokens({
    key: KEY,
    clock: { now: () => time.now },
    fillRandom: (bytes) => void bytes.fill((byte += 1)),
    bootstrapKeyHash: null,
    ...more,
  });
  return { tokens, time };
}

describe('an access token', () => {
  it('grants what it was made with until it ends', async () => {
    const { tokens, time } = given();
    const token = await tokens.mint(GRANT, 60);
    expect(await tokens.verify(token, 'acme')).toEqual({ kind: 'granted', grant: GRANT });
    time.now += 59_999;
    expect((await tokens.verify(token, 'acme')).kind).toBe('granted');
    time.now += 1;
    expect(await tokens.verify(token, 'acme')).toEqual({ kind: 'expired' });
  });

  it('is of one dialect, and never the same twice', async () => {
    const { tokens } = given();
    const token = await tokens.mint(GRANT, 60);
    expect(await tokens.verify(token, 'other')).toEqual({ kind: 'invalid' });
    expect(await tokens.mint(GRANT, 60)).not.toBe(token);
  });

  it('is worth nothing under another key of the service', async () => {
    const token = await given({ key: new Uint8Array(32).fill(8) }).tokens.mint(GRANT, 60);
    expect(await given().tokens.verify(token, 'acme')).toEqual({ kind: 'invalid' });
  });

  it('of the bootstrap key ends with that key', async () => {
    const grant = { ...GRANT, subject: 'bootstrap' };
    const token = await given({ bootstrapKeyHash: 'a' }).tokens.mint(grant, 60);
    expect(await given({ bootstrapKeyHash: 'a' }).tokens.verify(token, 'acme')).toEqual({ kind: 'granted', grant });
    expect(await given({ bootstrapKeyHash: 'b' }).tokens.verify(token, 'acme')).toEqual({ kind: 'invalid' });
    expect(await given({ bootstrapKeyHash: null }).tokens.verify(token, 'acme')).toEqual({ kind: 'invalid' });
  });

  it.each([
    ['foreign', { kid: 'another' }, {}],
    ['foreign', {}, {}],
    ['invalid', { kid: 'hookring-access-tokens' }, {}],
    ['invalid', { kid: 'hookring-access-tokens', typ: 'at+jwt' }, { iss: 'another' }],
    ['invalid', { kid: 'hookring-access-tokens', typ: 'at+jwt' }, { org: 'acme' }],
    ['invalid', { kid: 'hookring-access-tokens', typ: 'at+jwt' }, { exp: undefined }],
    ['invalid', { kid: 'hookring-access-tokens', typ: 'at+jwt' }, { scope: undefined }],
    ['granted', { kid: 'hookring-access-tokens', typ: 'at+jwt' }, {}],
  ])('is %s with the header %j and the claims %j, also when the key signed it', async (kind, header, claims) => {
    const { tokens, time } = given();
    const exp = time.now / 1_000 + 60;
    const base = { iss: 'hookring', aud: 'acme', sub: GRANT.subject, org: GRANT.organizationId, scope: '', exp };
    const token = await new SignJWT({ ...base, ...claims } as never)
      .setProtectedHeader({ alg: 'HS256', ...header })
      .sign(KEY);
    expect((await tokens.verify(token, 'acme')).kind).toBe(kind);
  });
});
