import { runInNewContext } from 'node:vm';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppContext } from '../app/context.ts';
import { compileAuthentication } from './authenticate-request.ts';
import { type Authenticate, type AuthenticationRequest, apiKeys, sessionJwts } from './authentication.ts';
import { type RunningDialects, runDialects } from './testing/running-dialects.ts';
import { type MadeKey, makeKey, WHOAMI_ALIASES, whoami, whoamiDialect } from './testing/whoami-dialect.ts';
import { OWN_CODE_MS_MAX } from './thenable.ts';

const SECRET = 'a secret of more than thirty-two bytes';

let seen: AuthenticationRequest | null = null;
let own: (request: AuthenticationRequest) => unknown = () => null;
const ownWay = ((request) => {
  seen = request;
  return own(request);
}) as Authenticate; // Tests answer garbage too.
const custom = whoamiDialect('custom', [ownWay, apiKeys(), sessionJwts]);

let running: RunningDialects;
let acme: MadeKey;

beforeAll(async () => {
  running = await runDialects([custom], {
    sessionJwts: { key: { kind: 'secret', secret: SECRET }, issuer: null, audience: null },
  });
  acme = await makeKey(running, 'acme', ['events:write']);
});
afterAll(async () => await running.stop());
beforeEach(() => {
  seen = null;
  own = () => null;
  running.crashes.length = 0;
});

async function session(): Promise<string> {
  const exp = Math.floor(running.clock.now() / 1_000) + 60;
  return await new SignJWT({ org: 'acme', sub: 'user_7', exp })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(Buffer.from(SECRET));
}

/** Such as other libraries and other contexts make: no instance of the Promise of this one. */
function foreignPromise(value: unknown): unknown {
  return runInNewContext('Promise.resolve(value)', { value });
}

const short = ({ status, body }: Awaited<ReturnType<typeof whoami>>) => [status, body['code'] ?? body['organization']];

describe('a way of a dialect', () => {
  it('sees the request as the routes of the dialect do', async () => {
    await running.http.inject({
      url: '/custom/%77hoami?token=x',
      headers: { authorization: 'bearer abc', 'x-mine': '1' },
    });
    expect(seen).toMatchObject({ method: 'GET', path: '/whoami', bearerToken: 'abc', headers: { 'x-mine': '1' } });
    expect(typeof seen?.requestId).toBe('string');
  });

  it.each([
    ['at once', (answer: unknown) => answer],
    ['later', async (answer: unknown) => await Promise.resolve(answer)],
    ['as a promise that is not of this realm', (answer: unknown) => foreignPromise(answer)],
  ])('says %s who asks', async (_, given) => {
    own = () => given({ ok: true, organization: 'acme', scopes: ['webhooks:send', 'x'], subject: 'u1' });
    expect((await whoami(running, custom, null)).body).toEqual({
      organization: acme.organizationId,
      actor: 'custom:u1',
      scopes: WHOAMI_ALIASES['webhooks:send'],
    });
    own = () => given({ ok: true, organization: acme.organizationId, scopes: [] });
    expect((await whoami(running, custom, null)).body['actor']).toBe(`custom:${acme.organizationId}`);
    own = () => given({ ok: false, code: 'missing_scope', detail: 'not on Sundays' });
    expect((await whoami(running, custom, acme.token)).body).toMatchObject({
      code: 'missing_scope',
      detail: 'not on Sundays',
    });
    own = () => given(null);
    expect((await whoami(running, custom, acme.token)).body['actor']).toBe(acme.id);
    expect((await whoami(running, custom, await session())).body['actor']).toBe('jwt:user_7');
    expect(running.crashes).toEqual([]);
  });

  it('that names an organization that is not here lets nobody in', async () => {
    own = () => ({ ok: true, organization: 'nobody', scopes: ['operator'] });
    expect(short(await whoami(running, custom, acme.token))).toEqual([401, 'invalid_credentials']);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('private words');
      },
    ],
    [
      'fails later',
      async () => {
        throw new Error('private words');
      },
    ],
    ['answers nothing', () => undefined],
    ['answers true', () => true],
    ['answers text', () => 'acme'],
    ['answers a list', () => []],
    ['answers no organization', () => ({ ok: true, scopes: ['operator'] })],
    ['answers scopes as text', () => ({ ok: true, organization: 'acme', scopes: 'operator' })],
    ['answers scopes that are no text', () => ({ ok: true, organization: 'acme', scopes: [1] })],
    ['answers a subject that is no text', () => ({ ok: true, organization: 'acme', scopes: [], subject: 7 })],
    ['answers a code of its own', () => ({ ok: false, code: 'teapot', detail: 'x' })],
    ['answers no detail', () => ({ ok: false, code: 'invalid_credentials' })],
  ])('that %s is a crash and lets nobody in', async (_, answer) => {
    own = answer;
    const told = await whoami(running, custom, acme.token);
    expect(short(told)).toEqual([500, 'internal_error']);
    expect(JSON.stringify(told.body)).not.toContain('private');
    expect(running.crashes).toHaveLength(1);
  });

  it('that never answers is given up on', async () => {
    const waits: { callback: () => void; delayMs: number; cancelled: boolean }[] = [];
    const app = {
      timers: {
        setTimeout(callback: () => void, delayMs: number) {
          const wait = { callback, delayMs, cancelled: false };
          waits.push(wait);
          return { cancel: () => void (wait.cancelled = true) };
        },
      },
      store: { currency: { goodUntil: Number.POSITIVE_INFINITY } },
      telemetry: { accessRefused() {} },
    } as unknown as AppContext; // All that such a way needs.
    const authenticate = [async () => await new Promise<null>(() => {})];
    const ask = compileAuthentication({ name: 'slow', prefix: '', authenticate, scopeAliases: {} }, app);
    const asked = ask({
      token: null,
      organization: null,
      requestId: 'r',
      address: null,
      headers: {},
      method: 'GET',
      target: '/',
    });
    expect(waits.map(({ delayMs }) => delayMs)).toEqual([OWN_CODE_MS_MAX]);
    waits[0]?.callback();
    await expect(asked).rejects.toThrow('slow took over');
    expect(waits[0]?.cancelled).toBe(true);
  });
});
