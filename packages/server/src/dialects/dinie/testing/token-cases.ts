import { describe, expect, it } from 'vitest';
import type { Answer } from '../../testing/checked-client.ts';
import { createKey, createOrganization, revokeKey } from '../../testing/native-steps.ts';
import { createEndpoint, type DinieWorld, rotate } from './dinie-world.ts';
import { expectRotated, mediaTypeOf } from './page.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const ALL = ['endpoints:read', 'endpoints:write', 'secrets:rotate'];

export function tokenCases(world: DinieWorld): void {
  async function key(scopes = ALL, organization = 'default'): Promise<{ id: string; token: string }> {
    return await createKey(world.running, { scopes, organization, dialect: 'dinie' });
  }

  async function ask(fields: Record<string, string>): Promise<Answer> {
    const raw = new URLSearchParams({ grant_type: 'client_credentials', ...fields }).toString();
    return await world.ask('POST', '/auth/token', { token: null, raw, headers: FORM });
  }

  describe('POST /auth/token', () => {
    it('gives a client a token that opens the API for an hour', async () => {
      const { id, token: client_secret } = await key();
      const answer = await ask({ client_id: id, client_secret });
      expect(answer.json).toMatchObject({ token_type: 'Bearer', expires_in: 3_600 });
      const token = answer.json.access_token;
      expect(token.split('.')).toHaveLength(3);
      const endpoint = await createEndpoint(world);
      expectRotated(await rotate(world, endpoint.id, 60, { token }));
      world.running.advance(59 * 60_000);
      expect((await world.ask('GET', `/webhooks/endpoints/${endpoint.id}`, { token })).status).toBe(200);
      world.running.advance(61_000);
      const late = await world.ask('GET', `/webhooks/endpoints/${endpoint.id}`, { token });
      expect([late.status, late.json.code, late.json.type]).toEqual([
        401,
        'expired_credentials',
        'https://docs.dinie.com/errors/authentication-failed',
      ]);
    });

    it('reads HTTP Basic and JSON too', async () => {
      const { id, token } = await key();
      const basic = Buffer.from(`${id}:${token}`).toString('base64');
      const byBasic = await world.ask('POST', '/auth/token', {
        token: null,
        raw: 'grant_type=client_credentials',
        headers: { ...FORM, authorization: `Basic ${basic}` },
      });
      const byJson = await world.ask('POST', '/auth/token', {
        token: null,
        json: { grant_type: 'client_credentials', client_id: id, client_secret: token },
      });
      expect([byBasic.status, byJson.status]).toEqual([200, 200]);
    });

    it('gives no more than the key has, and less when asked to', async () => {
      await createOrganization(world.running, 'tokens');
      const { token: client_secret } = await key(['endpoints:read', 'endpoints:write'], 'tokens');
      const endpoint = await createEndpoint(world);
      const { json: whole } = await ask({ client_id: 'tokens', client_secret });
      expect(whole.scope.split(' ').sort()).toEqual(['endpoints:read', 'endpoints:write']);
      const { json: less } = await ask({ client_id: 'tokens', client_secret, scope: 'endpoints:read' });
      const url = `${world.running.receiver.url}/of-token-cases`;
      const created = await world.ask('POST', '/webhooks/endpoints', { json: { url }, token: less.access_token });
      expect([created.status, created.json.code]).toEqual([403, 'missing_scope']);
      expect((await rotate(world, endpoint.id, 1, { token: whole.access_token })).status).toBe(403);
      // Of another organization, whose endpoints nobody here can see.
      const read = await world.ask('GET', `/webhooks/endpoints/${endpoint.id}`, { token: whole.access_token });
      expect(read.status).toBe(404);
    });

    it('ends with its key', async () => {
      const { id, token: client_secret } = await key();
      const { json } = await ask({ client_id: id, client_secret });
      expect((await world.ask('GET', '/webhooks/endpoints', { token: json.access_token })).status).toBe(200);
      await revokeKey(world.running, id);
      expect((await world.ask('GET', '/webhooks/endpoints', { token: json.access_token })).status).toBe(401);
      expect((await ask({ client_id: id, client_secret })).status).toBe(401);
    });

    it('refuses in the words of Dinie, with the error of OAuth beside them', async () => {
      const { id, token } = await key();
      for (const [fields, status, error, type] of [
        [{ client_id: id, client_secret: 'dn_live_wrong' }, 401, 'invalid_client', 'authentication-failed'],
        [{ client_secret: token }, 401, 'invalid_client', 'authentication-failed'],
        [
          { client_id: id, client_secret: token, grant_type: 'password' },
          400,
          'unsupported_grant_type',
          'invalid-request',
        ],
        [{ client_id: id, client_secret: token, scope: 'everything' }, 400, 'invalid_scope', 'invalid-request'],
      ] as const) {
        const answer = await ask(fields);
        expect([mediaTypeOf(answer), answer.json.type, answer.json.status]).toEqual([
          'application/problem+json',
          `https://docs.dinie.com/errors/${type}`,
          status,
        ]);
        expect([answer.status, answer.json.error]).toEqual([status, error]);
        expect(answer.text).not.toContain(token);
      }
    });
  });
}
