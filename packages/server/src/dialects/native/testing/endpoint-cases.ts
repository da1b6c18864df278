import { describe, expect, it } from 'vitest';
import type { Json } from '../../testing/checked-client.ts';
import { createEndpoint, type NativeWorld } from './native-world.ts';

export function endpointCases(world: NativeWorld): void {
  describe('endpoints', () => {
    it('are made with a secret that is shown once', async () => {
      const { endpoint, secret } = await createEndpoint(world, {
        eventTypes: ['invoice.*'],
        description: 'Invoices',
        metadata: { team: 'a' },
        headers: { 'X-Token': 'hush' },
      });
      expect(endpoint).toMatchObject({
        url: world.running.receiver.url,
        eventTypes: ['invoice.*'],
        description: 'Invoices',
        status: 'active',
        suspendedReason: null,
        suspendedAt: null,
        consecutiveFailures: 0,
        lastSuccessAt: null,
        metadata: { team: 'a' },
        headers: { 'X-Token': '[hidden]' },
        keyring: 'own',
      });
      expect(endpoint.id).toMatch(/^ep_[0-9a-z]{26}$/);
      expect(secret.value).toMatch(/^whsec_/);
      for (const path of [`/endpoints/${endpoint.id}`, '/endpoints?limit=200', `/endpoints/${endpoint.id}/secrets`]) {
        const { text } = await world.ask('GET', path);
        expect(text).not.toContain(secret.value.slice(6));
        expect(text).not.toContain('hush');
      }
    });

    it("have no secret of their own on the organization's ring", async () => {
      const { endpoint, secret } = await createEndpoint(world, { keyring: 'organization' });
      expect([endpoint.keyring, secret]).toEqual(['organization', null]);
    });

    it('are changed by a merge patch that names its version', async () => {
      const { endpoint } = await createEndpoint(world, { headers: { 'X-Keep': 'kept', 'X-Drop': 'dropped' } });
      const read = await world.ask('GET', `/endpoints/${endpoint.id}`);
      expect(read.headers['etag']).toBe(`"${endpoint.version}"`);
      const patched = await world.ask('PATCH', `/endpoints/${endpoint.id}`, {
        raw: JSON.stringify({
          description: 'new',
          eventTypes: null,
          headers: { 'X-Keep': '[hidden]', 'X-Drop': null },
        }),
        headers: { 'content-type': 'application/merge-patch+json', 'if-match': String(read.headers['etag']) },
      });
      expect(patched.status).toBe(200);
      expect(patched.json).toMatchObject({
        description: 'new',
        eventTypes: null,
        headers: { 'X-Keep': '[hidden]' },
        url: endpoint.url,
      });
      expect(Object.keys(patched.json.headers)).toEqual(['X-Keep']);
      expect(patched.headers['etag']).not.toBe(read.headers['etag']);
      for (const tag of [String(read.headers['etag']), 'W/"2"', '"x"', '"1", "9"']) {
        const stale = await world.ask('PATCH', `/endpoints/${endpoint.id}`, {
          json: { description: 'newer' },
          headers: { 'if-match': tag },
        });
        expect([stale.status, stale.json.code]).toEqual([412, 'precondition_failed']);
      }
      const list = { 'if-match': `"zzz", W/"1", ${String(patched.headers['etag'])}` };
      const any = { 'if-match': '*' };
      for (const headers of [list, any]) {
        const newest = await world.ask('PATCH', `/endpoints/${endpoint.id}`, {
          json: { description: 'newest' },
          headers,
        });
        expect(newest.status).toBe(200);
      }
      expect((await world.ask('DELETE', `/endpoints/${endpoint.id}`, { headers: list })).status).toBe(412);
      const current = String((await world.ask('GET', `/endpoints/${endpoint.id}`)).headers['etag']);
      const either = { 'if-match': `"zzz", ${current}` };
      expect((await world.ask('DELETE', `/endpoints/${endpoint.id}`, { headers: either })).status).toBe(204);
    });

    it('are suspended and resumed, and archived for good', async () => {
      const { endpoint } = await createEndpoint(world);
      const suspended = await world.ask('PATCH', `/endpoints/${endpoint.id}`, { json: { status: 'suspended' } });
      expect(suspended.json).toMatchObject({
        status: 'suspended',
        suspendedReason: 'manual',
        suspendedAt: expect.any(String),
      });
      expect((await world.ask('PATCH', `/endpoints/${endpoint.id}`, { json: { status: 'active' } })).json.status).toBe(
        'active',
      );
      expect((await world.ask('DELETE', `/endpoints/${endpoint.id}`)).status).toBe(204);
      expect((await world.ask('GET', `/endpoints/${endpoint.id}`)).json).toMatchObject({
        status: 'archived',
        archivedAt: expect.any(String),
      });
      for (const [method, path, json] of [
        ['PATCH', '', { status: 'active' }],
        ['POST', '/rotate', {}],
        ['POST', '/test', undefined],
        ['POST', '/recover', { since: new Date(Date.now() - 1_000).toISOString() }],
      ] as const) {
        const answer = await world.ask(method, `/endpoints/${endpoint.id}${path}`, json === undefined ? {} : { json });
        expect([answer.status, answer.json.code]).toEqual([409, 'endpoint_archived']);
      }
    });

    it.each([
      [{}, '/url', 'required'],
      [{ url: 'https://example.com/hook', eventTypes: ['not a type'] }, '/eventTypes/0', 'invalid_event_type'],
      [{ url: 'https://example.com/hook', retrySchedule: [-1] }, '/retrySchedule/0', 'out_of_range'],
      [{ url: 'https://example.com/hook', event_types: [] }, '/event_types', 'unknown_field'],
      [{ url: 'https://example.com/hook', metadata: { a: 1 } }, '/metadata/a', 'wrong_type'],
      [{ url: 'https://10.0.0.1/hook' }, '/url', 'url_ip_literal'],
      [{ url: 'gopher://example.com' }, '/url', 'url_scheme'],
    ])('are refused as %j', async (json, pointer, code) => {
      const answer = await world.ask('POST', '/endpoints', { json });
      expect(answer.status).toBe(422);
      expect(answer.json.errors).toEqual([expect.objectContaining({ pointer, code })]);
    });

    it('are listed in pages that go on from a cursor', async () => {
      for (let count = 0; count < 3; count += 1) await createEndpoint(world);
      const all = (await world.ask('GET', '/endpoints?limit=200')).json.items.map((item: Json) => item.id);
      const paged: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const { json }: Json = await world.ask('GET', `/endpoints?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
        paged.push(...json.items.map((item: Json) => item.id));
        cursor = json.nextCursor;
      }
      expect(paged).toEqual(all);
      const { json } = await world.ask('GET', '/endpoints?limit=1');
      const foreign = await world.ask('GET', `/deliveries?cursor=${json.nextCursor}`);
      expect([foreign.status, foreign.json.errors[0].code]).toEqual([422, 'invalid_cursor']);
    });

    it('are tested at once, whatever the receiver says', async () => {
      const { endpoint } = await createEndpoint(world);
      const good = await world.ask('POST', `/endpoints/${endpoint.id}/test`);
      expect(good.json).toMatchObject({ delivered: true, status: 200, responseBody: 'thanks', error: null });
      expect(good.json.keyIds).toHaveLength(1);
      world.running.receiver.answer = { status: 503, body: 'closed' };
      await world.ask('PATCH', `/endpoints/${endpoint.id}`, { json: { status: 'suspended' } });
      const bad = await world.ask('POST', `/endpoints/${endpoint.id}/test`);
      expect([bad.status, bad.json.delivered, bad.json.status, bad.json.responseBody]).toEqual([
        200,
        false,
        503,
        'closed',
      ]);
      const unreachable = await createEndpoint(world, { url: 'http://127.0.0.1:1024/' });
      expect((await world.ask('POST', `/endpoints/${unreachable.endpoint.id}/test`)).json).toMatchObject({
        delivered: false,
        status: null,
        error: { kind: expect.any(String) },
      });
    });
  });
}
