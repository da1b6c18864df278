import { describe, expect, it } from 'vitest';
import { sendEvent } from '../../testing/native-steps.ts';
import { createEndpoint, type DinieWorld, delivered, isFor } from './dinie-world.ts';
import { bodyOf, signersOf } from './receiver.ts';

export function deliveryCases(world: DinieWorld): void {
  describe('a delivery', () => {
    it('has exactly the headers and the body that a receiver of Dinie expects', async () => {
      const endpoint = await createEndpoint(world);
      const payload = { z: 1, a: 'é "quoted"', big: 12_345_678_901 };
      const occurredAt = '2026-03-01T10:20:30.400Z';
      const { json: sent } = await world.native('POST', '/events', {
        json: { type: 'loan.created', payload, occurredAt, id: 'golden-1' },
      });
      const [received] = await world.running.receiver.arrived(
        (request) => isFor(endpoint, request) && request.headers['webhook-id'] === sent.id,
      );
      if (received === undefined) throw new Error('nothing arrived');
      const { headers, method } = received;
      expect(Object.keys(headers).sort()).toEqual([
        'accept-encoding',
        'connection',
        'content-length',
        'content-type',
        'host',
        'user-agent',
        'webhook-id',
        'webhook-signature',
        'webhook-timestamp',
      ]);
      expect([method, headers['content-type'], headers['webhook-id']]).toEqual([
        'POST',
        'application/json',
        'golden-1',
      ]);
      expect(headers['webhook-timestamp']).toMatch(/^\d{10}$/);
      expect(headers['webhook-signature']).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
      const { delivery_id, timestamp } = bodyOf(received);
      expect(received.body.toString('utf8')).toBe(
        `{"api_version":"2026-03-01","created_at":"${occurredAt}","data":${JSON.stringify(payload)},` +
          `"delivery_id":"${delivery_id}","id":"golden-1","timestamp":"${timestamp}","type":"loan.created"}`,
      );
      expect(delivery_id).toMatch(/^dlv_[0-9a-z]{26}$/);
      expect(timestamp).toBe(new Date(timestamp).toISOString());
      expect(Math.floor(Date.parse(timestamp) / 1_000)).toBe(Number(headers['webhook-timestamp']));
      expect(JSON.stringify(received.rawHeaders)).not.toContain(endpoint.secret.slice(6));
    });

    it('is verified by its secret, and not with another body, id, time or secret', async () => {
      const endpoint = await createEndpoint(world);
      const other = await createEndpoint(world);
      const received = await delivered(world, endpoint);
      const own = { own: endpoint.secret };
      expect(signersOf(received, own)).toEqual(['own']);
      expect(signersOf(received, { other: other.secret })).toEqual(['?']);
      expect(signersOf({ ...received, body: Buffer.concat([received.body, Buffer.from(' ')]) }, own)).toEqual(['?']);
      for (const name of ['webhook-id', 'webhook-timestamp']) {
        expect(signersOf({ ...received, headers: { ...received.headers, [name]: '1' } }, own)).toEqual(['?']);
      }
    });

    it('comes for what was subscribed to, wildcards too, and for no type that Dinie does not know', async () => {
      const loans = await createEndpoint(world, { events: ['loan.*'] });
      const all = await createEndpoint(world, { events: [] });
      const one = await createEndpoint(world, { events: ['customer.denied'] });
      const types = ['loan.unheard_of', 'invoice.paid', 'customer.active', 'customer.denied', 'loan.error'];
      const sent = new Map<string, string>();
      for (const type of types) sent.set((await sendEvent(world.running, { type, payload: null })).id, type);
      const typesAt = async (endpoint: { url: string }, count: number): Promise<readonly string[]> => {
        const mine = (await world.running.receiver.arrived((request) => isFor(endpoint, request), count)).map(bodyOf);
        return mine.map(({ id, type }) => `${type} ${sent.get(id) === type}`).sort();
      };
      expect(await typesAt(all, 3)).toEqual(['customer.active true', 'customer.denied true', 'loan.error true']);
      expect(await typesAt(loans, 1)).toEqual(['loan.error true']);
      expect(await typesAt(one, 1)).toEqual(['customer.denied true']);
    });

    it('waits while its endpoint is disabled, and comes when it is active again', async () => {
      const endpoint = await createEndpoint(world);
      const place = `/webhooks/endpoints/${endpoint.id}`;
      await world.ask('PATCH', place, { json: { status: 'disabled' } });
      const { id } = await sendEvent(world.running, { type: 'loan.created', payload: 1 });
      const witness = await createEndpoint(world);
      await delivered(world, witness);
      expect(world.running.receiver.received.some((request) => isFor(endpoint, request))).toBe(false);
      await world.ask('PATCH', place, { json: { status: 'active' } });
      const [held] = await world.running.receiver.arrived((request) => isFor(endpoint, request));
      expect(held?.headers['webhook-id']).toBe(id);
    });
  });
}
