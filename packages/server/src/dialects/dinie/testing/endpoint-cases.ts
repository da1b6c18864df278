import { describe, expect, it } from 'vitest';
import type { Json } from '../../testing/checked-client.ts';
import { createKey, createOrganization } from '../../testing/native-steps.ts';
import { CATALOGUE } from '../catalogue.ts';
import { createEndpoint, type DinieWorld, nativeEndpoint, rotate } from './dinie-world.ts';

const PLACE = '/webhooks/endpoints';

export function endpointCases(world: DinieWorld): void {
  const url = (): string => `${world.running.receiver.url}/of-endpoint-cases`;

  describe('an endpoint', () => {
    it('is created with all its fields and its secret, which no later answer has', async () => {
      const created = await world.ask('POST', PLACE, {
        json: { url: url(), events: ['customer.*', 'loan.signed'], description: 'Ours' },
      });
      const { secret, ...endpoint } = created.json;
      expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]+=*$/);
      expect(endpoint).toEqual({
        id: expect.stringMatching(/^we_[0-9a-f]{32}$/),
        url: url(),
        events: ['customer.*', 'loan.signed'],
        description: 'Ours',
        status: 'active',
        created_at: expect.stringMatching(/Z$/),
        updated_at: endpoint.created_at,
      });
      const { secret: fresh } = (await rotate(world, endpoint.id)).json;
      const reads = [
        await world.ask('GET', `${PLACE}/${endpoint.id}`),
        await world.ask('GET', PLACE),
        await world.ask('PATCH', `${PLACE}/${endpoint.id}`, { json: { description: 'Still ours' } }),
      ];
      expect(reads[0]?.json).toEqual(endpoint);
      for (const { text } of reads) for (const one of [secret, fresh]) expect(text).not.toContain(one.slice(8, 20));
    });

    it('subscribes to everything when events are absent, empty or "*"', async () => {
      for (const more of [{}, { events: [] }, { events: ['*'] }]) {
        const { json } = await world.ask('POST', PLACE, { json: { url: `${url()}/all`, ...more } });
        expect([more, json.events, json.description]).toEqual([more, ['*'], null]);
        await world.ask('DELETE', `${PLACE}/${json.id}`);
      }
    });

    it('takes every event type and every wildcard, each once', async () => {
      const every = [...CATALOGUE, 'customer.*', 'credit_offer.*', 'loan.*', '*'];
      expect(CATALOGUE).toHaveLength(18);
      const endpoint = await createEndpoint(world, { events: every });
      expect(endpoint.events).toEqual(every);
      const twice = await world.ask('PATCH', `${PLACE}/${endpoint.id}`, {
        json: { events: ['loan.error', 'loan.error'] },
      });
      expect(twice.json.events).toEqual(['loan.error']);
    });

    it('has no description as null, however that was said', async () => {
      const endpoint = await createEndpoint(world, { description: null });
      expect(endpoint.description).toBeNull();
      for (const [said, shown] of [
        ['x', 'x'],
        ['', null],
        ['y', 'y'],
        [null, null],
      ] as const) {
        const { json } = await world.ask('PATCH', `${PLACE}/${endpoint.id}`, { json: { description: said } });
        expect(json.description).toBe(shown);
      }
    });

    it('is changed field by field; what is left out stays', async () => {
      const endpoint = await createEndpoint(world, { description: 'Before' });
      const place = `${PLACE}/${endpoint.id}`;
      expect((await world.ask('PATCH', place, { json: {} })).json).toEqual(withoutSecret(endpoint));
      world.running.advance(1_000);
      const changed = await world.ask('PATCH', place, {
        json: { url: `${url()}/moved`, events: ['credit_offer.*'], description: 'After', status: 'disabled' },
      });
      expect(changed.json).toEqual({
        ...withoutSecret(endpoint),
        url: `${url()}/moved`,
        events: ['credit_offer.*'],
        description: 'After',
        status: 'disabled',
        updated_at: changed.json.updated_at,
      });
      expect(changed.json.updated_at > endpoint.updated_at).toBe(true);
      const back = await world.ask('PATCH', place, { json: { events: [], status: 'active' } });
      expect(back.json).toMatchObject({ events: ['*'], status: 'active', description: 'After' });
    });

    it('is gone when it was deleted: everywhere, and for every operation', async () => {
      const endpoint = await createEndpoint(world);
      const place = `${PLACE}/${endpoint.id}`;
      expect((await world.ask('DELETE', place)).status).toBe(204);
      for (const [method, path, body] of [
        ['GET', place, {}],
        ['PATCH', place, { json: { description: 'x' } }],
        ['PATCH', place, { json: {} }],
        ['DELETE', place, {}],
        ['POST', `${place}/secret/rotate`, {}],
        ['POST', `${place}/rotate-secret`, {}],
      ] as const) {
        const { status, json } = await world.ask(method, path, body);
        expect([method, path, status, json.code, json.detail]).toEqual([
          method,
          path,
          404,
          'not_found',
          'no such endpoint',
        ]);
      }
      const { json } = await world.ask('GET', `${PLACE}?limit=100`);
      expect(json.data.map(({ id }: Json) => id)).not.toContain(endpoint.id);
    });

    it('is created once for one Idempotency-Key, and the replay has the secret too', async () => {
      const more = { json: { url: `${url()}/once` }, headers: { 'idempotency-key': 'create once' } };
      const first = await world.ask('POST', PLACE, more);
      const again = await world.ask('POST', PLACE, more);
      expect([again.status, again.json, again.headers['idempotent-replayed']]).toEqual([201, first.json, 'true']);
      const { json } = await world.ask('GET', `${PLACE}?limit=100`);
      expect(json.data.filter((one: Json) => one.url === `${url()}/once`)).toHaveLength(1);
    });

    it('of the native API is shown in the words of Dinie', async () => {
      const make = async (more: object): Promise<Json> => {
        const { json } = await world.native('POST', '/endpoints', { json: { url: `${url()}/native`, ...more } });
        const { json: list } = await world.ask('GET', `${PLACE}?limit=1`);
        await world.native('PATCH', `/endpoints/${json.endpoint.id}`, { json: { status: 'suspended' } });
        return (await world.ask('GET', `${PLACE}/${list.data[0].id}`)).json;
      };
      expect(await make({})).toMatchObject({
        url: `${url()}/native`,
        events: ['*'],
        status: 'disabled',
        description: null,
      });
      expect(await make({ eventTypes: ['invoice.paid'] })).toMatchObject({ events: ['invoice.paid'] });
    });

    it('that matches nothing is never shown as one that matches all, and sent back so is refused', async () => {
      const endpoint = await createEndpoint(world);
      const { id } = await nativeEndpoint(world, endpoint.url);
      await world.native('PATCH', `/endpoints/${id}`, { json: { eventTypes: [] } });
      const { json } = await world.ask('GET', `${PLACE}/${endpoint.id}`);
      expect(json.events).toEqual(['none']);
      const back = await world.ask('PATCH', `${PLACE}/${endpoint.id}`, { json: { events: json.events } });
      expect([back.status, back.json.param]).toEqual([422, 'events[0]']);
    });

    it('keeps native settings of Dinie: the policy of its rotations, its catalogue, its headers', async () => {
      const endpoint = await createEndpoint(world);
      const found = await nativeEndpoint(world, endpoint.url);
      expect(found).toMatchObject({ eventTypes: ['loan.created'], status: 'active', retrySchedule: null });
      expect(found.signatureProfile.headers).toMatchObject({ signature: 'webhook-signature', keyIds: null });
      expect(found.envelope.members.map(({ name }: Json) => name)).toEqual([
        'api_version',
        'created_at',
        'data',
        'delivery_id',
        'id',
        'timestamp',
        'type',
      ]);
    });
  });

  describe('the list of endpoints', () => {
    it('comes newest first in pages that begin after an id, 20 each unless said', async () => {
      await createOrganization(world.running, 'pages');
      const { token } = await createKey(world.running, {
        scopes: ['endpoints:read', 'endpoints:write'],
        dialect: 'dinie',
        organization: 'pages',
      });
      expect(token).toMatch(/^dn_live_/);
      const made: string[] = [];
      for (let n = 0; n < 22; n += 1) {
        const { json } = await world.ask('POST', PLACE, { json: { url: `${url()}/${n}` }, token });
        made.unshift(json.id);
      }
      const page = async (query: string): Promise<Json> => {
        const { json } = await world.ask('GET', `${PLACE}${query}`, { token });
        return [json.data.map(({ id }: Json) => id), json.has_more];
      };
      expect(await page('')).toEqual([made.slice(0, 20), true]);
      expect(await page('?limit=100')).toEqual([made, false]);
      expect(await page('?limit=22')).toEqual([made, false]);
      expect(await page(`?limit=2&starting_after=${made[4]}`)).toEqual([made.slice(5, 7), true]);
      expect(await page(`?starting_after=${made[19]}`)).toEqual([made.slice(20), false]);
      expect(await page(`?starting_after=${made[21]}`)).toEqual([[], false]);
      await world.ask('DELETE', `${PLACE}/${made[20]}`, { token });
      expect(await page('?limit=100')).toEqual([made.filter((id) => id !== made[20]), false]);
      expect(await page(`?limit=1&starting_after=${made[20]}`)).toEqual([[made[21]], false]);
    });
  });
}

function withoutSecret({ secret: _secret, ...endpoint }: Json): Json {
  return endpoint;
}
