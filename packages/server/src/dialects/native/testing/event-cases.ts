import { describe, expect, it } from 'vitest';
import type { Json } from '../../testing/checked-client.ts';
import { createEndpoint, endedDelivery, type NativeWorld } from './native-world.ts';

export function eventCases(world: NativeWorld): void {
  describe('events and deliveries', () => {
    it('arrive byte for byte, and show what happened', async () => {
      const { endpoint } = await createEndpoint(world, { eventTypes: ['order.paid'] });
      const payload = '{ "total": 10.00, "big": 12345678901234567890 }';
      const sent = await world.ask('POST', '/events', {
        raw: `{"type":"order.paid","payload":${payload}}`,
        headers: { 'content-type': 'application/json' },
      });
      expect(sent.status).toBe(202);
      expect(sent.json).toEqual({ id: expect.any(String), type: 'order.paid', createdAt: expect.any(String) });
      const delivery = await endedDelivery(world, endpoint.id);
      expect(delivery).toMatchObject({
        status: 'succeeded',
        eventId: sent.json.id,
        attemptCount: 1,
        lastResponseStatus: 200,
        nextAttemptAt: null,
        resendOf: null,
      });
      const arrived = world.running.receiver.received.find((one) => one.headers['webhook-id'] === sent.json.id);
      expect(arrived?.body.toString()).toBe(payload);
      const read = await world.ask('GET', `/deliveries/${delivery.id}`);
      expect(read.json.attempts).toEqual([
        expect.objectContaining({ number: 1, outcome: 'succeeded', status: 200, deliveryId: delivery.id }),
      ]);
      expect(read.json.attempts[0].keyIds).toHaveLength(1);
      const event = await world.ask('GET', `/events/${sent.json.id}`);
      expect(event.text).toContain(`"payload":${payload}`);
      expect((await world.ask('GET', `/endpoints/${endpoint.id}/attempts`)).json.items).toHaveLength(1);
      const resent = await world.ask('POST', `/deliveries/${delivery.id}/resend`);
      expect([resent.status, resent.json.resendOf]).toEqual([202, delivery.id]);
      expect(
        (await world.ask('GET', `/deliveries?eventId=${sent.json.id}&endpointId=${endpoint.id}`)).json.items,
      ).toHaveLength(2);
    });

    it('show why an attempt failed, and go out again when they are recovered', async () => {
      const { endpoint } = await createEndpoint(world, { eventTypes: ['order.lost'] });
      world.running.receiver.answer = { status: 500, body: 'ouch\0!' };
      await world.ask('POST', '/events', { json: { type: 'order.lost', payload: 1 } });
      const delivery = await endedDelivery(world, endpoint.id);
      expect(delivery).toMatchObject({ status: 'dead', deadReason: 'retries_exhausted', lastResponseStatus: 500 });
      const { json } = await world.ask('GET', `/deliveries/${delivery.id}`);
      expect(json.attempts[0]).toMatchObject({ outcome: 'failed', status: 500, responseBody: 'ouch!' });
      expect(json.attempts[0].responseHeaders).toContainEqual(['x-receiver', 'test']);
      world.running.receiver.answer = { status: 200, body: '' };
      const since = new Date(Date.now() - 60_000).toISOString();
      const recovered = await world.ask('POST', `/endpoints/${endpoint.id}/recover`, { json: { since } });
      expect([recovered.status, recovered.json]).toEqual([
        202,
        { recovered: 1, erased: 0, remaining: 0, nextCursor: null },
      ]);
      expect((await world.ask('GET', `/deliveries?endpointId=${endpoint.id}&status=dead`)).json.items).toHaveLength(1);
      expect(
        (await world.ask('POST', `/endpoints/${endpoint.id}/recover`, { json: { since: 'yesterday' } })).status,
      ).toBe(422);
      expect(
        (await world.ask('POST', `/endpoints/${endpoint.id}/recover`, { json: { since, cursor: 'x' } })).status,
      ).toBe(422);
    });

    it('are taken once per id', async () => {
      const event = { type: 'order.once', payload: { a: 1 }, id: 'once-1' };
      const first = await world.ask('POST', '/events', { json: event });
      expect([first.json.id, first.headers['idempotent-replayed']]).toEqual(['once-1', undefined]);
      // A clock that has moved on would show in an answer of its own making.
      while (new Date().toISOString() === first.json.createdAt) await new Promise((resolve) => setTimeout(resolve, 1));
      const second = await world.ask('POST', '/events', { json: event });
      expect([second.status, second.text, second.headers['idempotent-replayed']]).toEqual([202, first.text, 'true']);
      const other = await world.ask('POST', '/events', { json: { ...event, payload: { a: 2 } } });
      expect([other.status, other.json.code]).toEqual([409, 'event_id_conflict']);
    });

    it('get the same answer again in a batch too, which is a replay when none of them is new', async () => {
      const events = ['again-1', 'again-2'].map((id) => ({ type: 'order.again', payload: id, id }));
      const first = await world.ask('POST', '/events', { json: { events } });
      const second = await world.ask('POST', '/events', { json: { events } });
      expect([second.text, second.headers['idempotent-replayed']]).toEqual([first.text, 'true']);
      const more = [...events, { type: 'order.again', payload: 3, id: 'again-3' }];
      const third = await world.ask('POST', '/events', { json: { events: more } });
      expect(third.headers['idempotent-replayed']).toBeUndefined();
      expect(third.json.items.slice(0, 2)).toEqual(first.json.items);
    });

    it('come in batches, whole or not at all', async () => {
      const sent = await world.ask('POST', '/events', {
        json: {
          events: [
            { type: 'a.b', payload: 1 },
            { type: 'c.d', payload: 2, id: 'batch-2' },
          ],
        },
      });
      expect(sent.json.items.map((item: Json) => item.type)).toEqual(['a.b', 'c.d']);
      const bad = await world.ask('POST', '/events', {
        json: {
          events: [
            { type: 'a.b', payload: 1, id: 'batch-3' },
            { type: 'c d', payload: 2 },
          ],
        },
      });
      expect([bad.status, bad.json.errors[0].pointer]).toEqual([422, '/events/1/type']);
      expect((await world.ask('GET', '/events/batch-3')).status).toBe(404);
      expect((await world.ask('POST', '/events', { json: { events: [] } })).status).toBe(422);
    });

    it('may be any bytes', async () => {
      const bytes = Buffer.from([0, 255, 1, 254]);
      const sent = await world.ask('POST', '/events?type=image.made&id=raw-1', {
        raw: bytes,
        headers: { 'content-type': 'image/png' },
      });
      expect(sent.json).toMatchObject({ id: 'raw-1', type: 'image.made' });
      expect((await world.ask('GET', '/events/raw-1')).json).toMatchObject({
        payload: null,
        payloadBase64: bytes.toString('base64'),
        contentType: 'image/png',
        payloadBytes: 4,
      });
      expect(
        (
          await world.ask('POST', '/events?raw=true&type=a.b', {
            raw: '{"a":1}',
            headers: { 'content-type': 'application/json' },
          })
        ).status,
      ).toBe(202);
      expect((await world.ask('GET', '/events?limit=1')).json.items[0]).toMatchObject({
        type: 'a.b',
        contentType: 'application/json',
      });
    });

    it.each([
      [{ raw: '{' }, 400, 'invalid_body'],
      [{ raw: 'x', headers: { 'content-type': 'text/plain' } }, 415, 'unsupported_media_type'],
      [{ raw: `{"type":"a.b","payload":"${'x'.repeat(256 * 1024)}"}` }, 413, 'payload_too_large'],
      [{ raw: '{"type":"a b","payload":1}' }, 422, 'validation_failed'],
      [{ raw: '{"type":"a.b","payload":1,"id":"a/b"}' }, 422, 'validation_failed'],
    ])('are refused: %#', async (request, status, code) => {
      const answer = await world.ask('POST', '/events', {
        headers: { 'content-type': 'application/json' },
        ...request,
      });
      expect([answer.status, answer.json.code]).toEqual([status, code]);
    });
  });
}
