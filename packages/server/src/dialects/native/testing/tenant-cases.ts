import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../testing/checked-client.ts';
import { createKey, type NativeWorld } from './native-world.ts';

export function tenantCases(world: NativeWorld): void {
  describe('organizations', () => {
    it('are made once per externalId, listed, read and changed', async () => {
      const first = await world.ask('POST', '/organizations', { json: { name: 'Acme', externalId: 'acme' } });
      expect([first.status, first.json.secret.value.slice(0, 6)]).toEqual([201, 'whsec_']);
      const second = await world.ask('POST', '/organizations', { json: { name: 'Other', externalId: 'acme' } });
      expect([second.status, second.json.id, second.json.secret, second.json.name]).toEqual([
        200,
        first.json.id,
        null,
        'Acme',
      ]);
      const read = await world.ask('GET', `/organizations/${first.json.id}`);
      const patched = await world.ask('PATCH', `/organizations/${first.json.id}`, {
        json: { name: 'Acme Inc.' },
        headers: { 'if-match': `"zzz", ${String(read.headers['etag'])}` },
      });
      expect(patched.json).toMatchObject({ name: 'Acme Inc.', externalId: 'acme' });
      expect((await world.ask('GET', '/organizations')).json.items.map((item: Json) => item.externalId)).toEqual(
        expect.arrayContaining(['default', 'acme']),
      );
      expect((await world.ask('POST', '/organizations', { json: { name: ' ' } })).status).toBe(422);
    });

    it('are walls: an id of another one is an id that does not exist', async () => {
      const { json: other } = await world.ask('POST', '/organizations', {
        json: { name: 'Neighbour', externalId: 'neighbour' },
      });
      const headers = { 'hookring-organization': 'neighbour' };
      const { json: theirs } = await world.ask('POST', '/endpoints', {
        json: { url: world.running.receiver.url },
        headers,
      });
      const sent = await world.ask('POST', '/events', { json: { type: 'a.b', payload: 1 }, headers });
      const { json: list } = await world.ask('GET', `/deliveries?eventId=${sent.json.id}`, { headers });
      const [delivery] = list.items;
      const { token } = await createKey(world, [
        'endpoints:read',
        'endpoints:write',
        'secrets:rotate',
        'events:read',
        'deliveries:read',
        'deliveries:write',
        'organization:admin',
      ]);
      for (const [method, path] of [
        ['GET', `/endpoints/${theirs.endpoint.id}`],
        ['PATCH', `/endpoints/${theirs.endpoint.id}`],
        ['DELETE', `/endpoints/${theirs.endpoint.id}`],
        ['POST', `/endpoints/${theirs.endpoint.id}/rotate`],
        ['GET', `/endpoints/${theirs.endpoint.id}/secrets`],
        ['GET', `/endpoints/${theirs.endpoint.id}/attempts`],
        ['POST', `/endpoints/${theirs.endpoint.id}/test`],
        ['GET', `/events/${sent.json.id}`],
        ['GET', `/deliveries/${delivery.id}`],
        ['POST', `/deliveries/${delivery.id}/resend`],
        ['GET', `/organizations/${other.id}`],
        ['GET', `/organizations/${other.id}/secrets`],
      ] as const) {
        const json = method === 'PATCH' ? { json: {} } : {};
        const foreign = await world.ask(method, path, { token, ...json });
        const missing = await world.ask(method, path.replace(/(ep|org|evt|dlv)_\w+/, '$1_0000000000000000000000000a'), {
          token,
          ...json,
        });
        expect([foreign.status, foreign.json.code, foreign.json.detail]).toEqual([
          404,
          missing.json.code,
          missing.json.detail,
        ]);
      }
      expect((await world.ask('GET', `/deliveries?endpointId=${theirs.endpoint.id}`, { token })).json.items).toEqual(
        [],
      );
      const outside = await world.ask('GET', '/endpoints', { token, headers });
      expect([outside.status, outside.json.code]).toEqual([403, 'missing_scope']);
    });
  });

  describe('keys', () => {
    it('are shown once, do what their scopes say, and nothing once revoked', async () => {
      const { key, token } = await createKey(world, ['endpoints:read']);
      expect(token).toMatch(/^hk_live_[0-9A-Za-z]{43}$/);
      expect((await world.ask('GET', '/keys?limit=200')).text).not.toContain(token);
      expect((await world.ask('GET', '/endpoints', { token })).status).toBe(200);
      const refused = await world.ask('POST', '/events', { token, json: { type: 'a.b', payload: 1 } });
      expect([refused.status, refused.json.code]).toEqual([403, 'missing_scope']);
      expect((await world.ask('POST', `/keys/${key.id}/revoke`)).json.state).toBe('revoked');
      const after = await world.ask('GET', '/endpoints', { token });
      expect([after.status, after.json.code]).toEqual([401, 'invalid_credentials']);
    });

    it('are revoked by DELETE too', async () => {
      const { key, token } = await createKey(world, ['endpoints:read']);
      expect((await world.ask('DELETE', `/keys/${key.id}`)).status).toBe(204);
      expect((await world.ask('GET', '/endpoints', { token })).status).toBe(401);
      expect((await world.ask('DELETE', '/keys/key_00000000000000000000000000')).status).toBe(404);
    });

    it('are made in the words of another dialect', async () => {
      const { key, token } = await createKey(world, ['hooks:read', 'events:write'], { dialect: 'acme' });
      expect(token).toMatch(/^ac_live_/);
      expect([key.dialect, key.scopes]).toEqual(['acme', ['endpoints:read', 'deliveries:read', 'events:write']]);
    });

    it('of another system go on working when the hashes of their tokens are imported', async () => {
      const token = 'other_live_4711';
      const hash = createHash('sha256').update(token).digest('hex');
      expect((await world.ask('GET', '/endpoints', { token })).status).toBe(401);
      const json = { name: 'old', scopes: ['endpoints:read'], tokenHash: hash.toUpperCase() };
      const imported = await world.ask('POST', '/keys', { json: { ...json, tokenHint: 'other_..4711' } });
      expect([imported.status, imported.json.token]).toEqual([201, null]);
      expect(imported.json.key).toMatchObject({ name: 'old', hint: 'other_..4711', state: 'active' });
      expect((await world.ask('GET', '/endpoints', { token })).status).toBe(200);
      expect((await world.ask('DELETE', '/endpoints/x', { token })).status).toBe(403);
      const again = await world.ask('POST', '/keys', { json });
      expect([again.status, again.json.code, again.json.errors]).toEqual([
        409,
        'conflict',
        [
          {
            pointer: '/tokenHash',
            detail: `was imported before, as ${imported.json.key.id}`,
            code: 'already_imported',
          },
        ],
      ]);
      const { json: other } = await world.ask('POST', '/organizations', { json: { name: 'Importer' } });
      const headers = { 'hookring-organization': other.id };
      const foreign = await world.ask('POST', '/keys', { json, headers });
      expect([foreign.status, foreign.json.detail]).toEqual([409, 'this token hash is taken']);
      const free = await world.ask('POST', '/keys', { json: { ...json, tokenHash: 'f'.repeat(64) } });
      expect(free.json.key.hint).toBe('imported');
    });

    it.each([
      [{ scopes: ['endpoints:read'], tokenHash: 'abc' }, '/tokenHash'],
      [{ scopes: ['endpoints:read'], tokenHint: 'abc' }, '/tokenHint'],
      [{ scopes: ['endpoints:read'], tokenHash: 'a'.repeat(64), tokenHint: 'naïve' }, '/tokenHint'],
      [{ scopes: ['endpoints:read'], tokenHash: 'a'.repeat(64), tokenHint: 'x'.repeat(17) }, '/tokenHint'],
      [{ scopes: [] }, '/scopes'],
      [{ scopes: ['hooks:read'] }, '/scopes/0'],
      [{ scopes: ['endpoints:read'], dialect: 'none' }, '/dialect'],
      [{ scopes: ['endpoints:read'], expiresAt: '2001-01-01T00:00:00Z' }, '/expiresAt'],
      [{ scopes: ['endpoints:read'], expiresAt: 'soon' }, '/expiresAt'],
    ])('are refused as %j', async (json, pointer) => {
      const answer = await world.ask('POST', '/keys', { json });
      expect([answer.status, answer.json.errors[0].pointer]).toEqual([422, pointer]);
    });

    it('cannot give what they do not have', async () => {
      const { token } = await createKey(world, ['organization:admin']);
      expect((await world.ask('POST', '/keys', { token, json: { scopes: ['operator'] } })).status).toBe(403);
    });
  });
}
