import { describe, expect, it } from 'vitest';
import { createEndpoint, createKey, endedDelivery, type NativeWorld } from './native-world.ts';

export function erasureCases(world: NativeWorld): void {
  async function sendTo(type: string, payload: unknown): Promise<{ eventId: string; endpointId: string }> {
    const { endpoint } = await createEndpoint(world, { eventTypes: [type] });
    const sent = await world.ask('POST', '/events', { json: { type, payload, id: type.replaceAll('.', '-') } });
    expect(sent.status).toBe(202);
    return { eventId: sent.json.id, endpointId: endpoint.id };
  }

  describe('the erasure of a payload', () => {
    it('leaves event, delivery and attempts, without the payload and what was answered', async () => {
      world.running.receiver.answer = { status: 500, body: 'you sent 4711' };
      const { eventId, endpointId } = await sendTo('erase.dead', { card: '4711' });
      const { id } = await endedDelivery(world, endpointId);
      world.running.receiver.answer = { status: 200, body: '' };
      expect((await world.ask('GET', `/deliveries/${id}`)).text).toContain('you sent 4711');
      const erased = await world.ask('DELETE', `/events/${eventId}/payload`);
      expect([erased.status, erased.text]).toEqual([204, '']);
      const event = await world.ask('GET', `/events/${eventId}`);
      expect(event.json).toMatchObject({ payload: null, payloadBase64: null, payloadBytes: 0, type: 'erase.dead' });
      const at = event.json.payloadErasedAt;
      expect(Date.parse(at)).toBeGreaterThan(0);
      const delivery = await world.ask('GET', `/deliveries/${id}`);
      expect(delivery.json).toMatchObject({ status: 'dead', payloadErasedAt: at, lastResponseStatus: 500 });
      expect(delivery.json.attempts[0]).toMatchObject({ status: 500, responseHeaders: null, responseBody: null });
      expect(delivery.text).not.toContain('4711');
      expect((await world.ask('GET', '/events?limit=1')).json.items[0].payloadErasedAt).toBe(at);
    });

    it('can be repeated, and is in the audit log once', async () => {
      const { eventId, endpointId } = await sendTo('erase.twice', 1);
      await endedDelivery(world, endpointId);
      const both = [1, 2].map(async () => await world.ask('DELETE', `/events/${eventId}/payload`));
      expect((await Promise.all(both)).map(({ status }) => status)).toEqual([204, 204]);
      expect((await world.ask('DELETE', `/events/${eventId}/payload`)).status).toBe(204);
      const log = await world.ask('GET', '/audit?action=event.payload_erased&limit=200');
      expect(log.json.items.filter((row: { target: unknown }) => row.target === eventId)).toHaveLength(1);
    });

    it('is refused while the event is owed, and says to whom', async () => {
      const { endpoint } = await createEndpoint(world, { eventTypes: ['erase.owed'] });
      await world.ask('PATCH', `/endpoints/${endpoint.id}`, { json: { status: 'suspended' } });
      const { json: sent } = await world.ask('POST', '/events', { json: { type: 'erase.owed', payload: 'keep' } });
      const refused = await world.ask('DELETE', `/events/${sent.id}/payload`);
      expect([refused.status, refused.json.code]).toEqual([409, 'event_owed']);
      expect(refused.json.detail).toContain(endpoint.id);
      expect((await world.ask('GET', `/events/${sent.id}`)).json.payload).toBe('keep');
      await world.ask('DELETE', `/endpoints/${endpoint.id}`);
      expect((await world.ask('DELETE', `/events/${sent.id}/payload`)).status).toBe(204);
    });

    it('ends resends and recoveries of the event', async () => {
      world.running.receiver.answer = { status: 500, body: '' };
      const { eventId, endpointId } = await sendTo('erase.again', 1);
      const { id } = await endedDelivery(world, endpointId);
      world.running.receiver.answer = { status: 200, body: '' };
      await world.ask('DELETE', `/events/${eventId}/payload`);
      const resent = await world.ask('POST', `/deliveries/${id}/resend`);
      expect([resent.status, resent.json.code]).toEqual([409, 'payload_erased']);
      const since = new Date(Date.now() - 60_000).toISOString();
      const recovered = await world.ask('POST', `/endpoints/${endpointId}/recover`, { json: { since } });
      expect(recovered.json).toEqual({ recovered: 0, erased: 1, remaining: 0, nextCursor: null });
    });

    it('and a resend at the same time: one of them happens', async () => {
      for (let round = 0; round < 5; round += 1) {
        const { eventId, endpointId } = await sendTo(`erase.race${round}`, round);
        const { id } = await endedDelivery(world, endpointId);
        const [erased, resent] = await Promise.all([
          world.ask('DELETE', `/events/${eventId}/payload`),
          world.ask('POST', `/deliveries/${id}/resend`),
        ]);
        const { json } = await world.ask('GET', `/events/${eventId}`);
        expect([erased.status, resent.status, json.payload]).toSatisfy(
          (found: unknown[]) =>
            (found[0] === 204 && found[1] === 409 && found[2] === null) ||
            // The resend came first; whether its delivery had ended when the erasure looked decides on the rest.
            (found[1] === 202 && ((found[0] === 409 && found[2] === round) || (found[0] === 204 && found[2] === null))),
        );
        const { items } = (await world.ask('GET', `/deliveries?eventId=${eventId}`)).json;
        expect(items).toHaveLength(resent.status === 202 ? 2 : 1);
      }
    });

    it('leaves the id taken: the same event gets the same answer', async () => {
      const { eventId, endpointId } = await sendTo('erase.id', { a: 1 });
      await endedDelivery(world, endpointId);
      await world.ask('DELETE', `/events/${eventId}/payload`);
      const again = await world.ask('POST', '/events', { json: { type: 'erase.id', payload: { a: 1 }, id: eventId } });
      expect([again.status, again.json.id, again.headers['idempotent-replayed']]).toEqual([202, eventId, 'true']);
      const other = await world.ask('POST', '/events', { json: { type: 'erase.id', payload: { a: 2 }, id: eventId } });
      expect([other.status, other.json.code]).toEqual([409, 'event_id_conflict']);
    });

    it('needs the scope, and an event of the organization', async () => {
      expect((await world.ask('DELETE', '/events/evt_nothing/payload')).status).toBe(404);
      const { token } = await createKey(world, ['events:read']);
      const refused = await world.ask('DELETE', '/events/evt_nothing/payload', { token });
      expect([refused.status, refused.json.code]).toEqual([403, 'missing_scope']);
    });
  });
}
