import { describe, expect, it } from 'vitest';
import { createEndpoint, createKey, endedDelivery, type NativeWorld } from './native-world.ts';

export function followCases(world: NativeWorld): void {
  async function sendTo(type: string, more: Record<string, unknown> = {}): Promise<string> {
    const { endpoint } = await createEndpoint(world, { eventTypes: [type], ...more });
    await world.ask('POST', '/events', { json: { type, payload: 1 } });
    await endedDelivery(world, endpoint.id);
    return endpoint.id;
  }

  describe('following attempts', () => {
    it('goes on from a cursor that is always there, and tells each later attempt once', async () => {
      const start = await world.ask('GET', '/attempts/follow?limit=1');
      expect(start.json).toMatchObject({ nextCursor: expect.any(String), hasMore: false });
      const { nextCursor: cursor } = start.json;
      const none = await world.ask('GET', `/attempts/follow?cursor=${cursor}`);
      expect(none.json).toEqual({ items: [], nextCursor: cursor, hasMore: false });
      world.running.receiver.answer = { status: 500, body: 'ouch!' };
      const failed = await sendTo('follow.failed', { retrySchedule: [] });
      world.running.receiver.answer = { status: 200, body: '' };
      const good = await sendTo('follow.good');
      const first = await world.ask('GET', `/attempts/follow?limit=1&cursor=${cursor}`);
      expect([first.json.hasMore, first.json.items]).toMatchObject([
        true,
        [
          {
            endpointId: failed,
            eventType: 'follow.failed',
            deliveryStatus: 'dead',
            status: 500,
            responseBody: 'ouch!',
          },
        ],
      ]);
      const second = await world.ask('GET', `/attempts/follow?cursor=${first.json.nextCursor}`);
      const { host } = new URL(world.running.receiver.url);
      expect([second.json.hasMore, second.json.items]).toMatchObject([
        false,
        [{ endpointId: good, eventType: 'follow.good', deliveryStatus: 'succeeded', endpointHost: host }],
      ]);
    });

    it('is filtered by endpoint, type and what became of the delivery', async () => {
      const id = await sendTo('follow.one');
      for (const [query, wanted] of [
        [`endpointId=${id}`, 1],
        [`endpointId=${id}&eventType=follow.one&deliveryStatus=succeeded`, 1],
        [`endpointId=${id}&deliveryStatus=dead`, 0],
        [`endpointId=${id}&eventType=follow`, 0],
      ] as const) {
        expect([query, (await world.ask('GET', `/attempts/follow?${query}`)).json.items.length]).toEqual([
          query,
          wanted,
        ]);
      }
      const { json } = await world.ask('GET', `/attempts/follow?endpointId=${id}`);
      // A cursor belongs to its filters.
      expect((await world.ask('GET', `/attempts/follow?cursor=${json.nextCursor}`)).json.errors).toMatchObject([
        { code: 'invalid_cursor' },
      ]);
    });

    it('knows nothing of other organizations, and takes the scope to read deliveries', async () => {
      expect((await world.ask('GET', '/attempts/follow?endpointId=ep_nothing')).status).toBe(422);
      const unknown = 'ep_01h455vb4pex5vsknk084sn02q';
      expect((await world.ask('GET', `/attempts/follow?endpointId=${unknown}`)).status).toBe(404);
      const { token } = await createKey(world, ['events:read']);
      expect((await world.ask('GET', '/attempts/follow', { token })).json.code).toBe('missing_scope');
    });
  });
}
