import { describe, expect, it } from 'vitest';
import type { Answer } from '../../testing/checked-client.ts';
import { createEndpoint, type NativeWorld } from './native-world.ts';

export function operatorCases(world: NativeWorld): void {
  async function reseal(): Promise<void> {
    let cursor: string | null = null;
    do {
      const step: Answer = await world.ask('POST', '/master-key/reseal', cursor === null ? {} : { json: { cursor } });
      cursor = step.json.nextCursor;
    } while (cursor !== null);
  }

  describe('the master key', () => {
    it('is changed while every secret stays readable', async () => {
      const { endpoint } = await createEndpoint(world);
      const headers = { 'idempotency-key': 'before-the-change' };
      const rotated = await world.ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: {}, headers });
      const before = await world.ask('GET', '/master-key');
      expect(before.json.source).toBe('generated');
      const begun = await world.ask('POST', '/master-key/rotate');
      expect(begun.json.keyIds).toEqual([expect.any(String), ...before.json.keyIds]);
      const early = await world.ask('POST', '/master-key/finish');
      expect([early.status, early.json.code]).toEqual([409, 'conflict']);
      await reseal();
      expect((await world.ask('POST', '/master-key/finish')).json.keyIds).toEqual([begun.json.keyIds[0]]);
      const again = await world.ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: {}, headers });
      expect(again.json.secret).toEqual(rotated.json.secret);
    });

    it('is changed while endpoints that have not sent yet can go on to', async () => {
      const { endpoint } = await createEndpoint(world, { headers: { 'X-Token': 'hush' } });
      await world.ask('POST', `/endpoints/${endpoint.id}/rotate`);
      await world.ask('POST', '/master-key/rotate');
      await reseal();
      await world.ask('POST', '/master-key/finish');
      const tested = await world.ask('POST', `/endpoints/${endpoint.id}/test`);
      expect(tested.json).toMatchObject({ delivered: true, error: null });
      const isTest = ({ headers }: { headers: object }): boolean =>
        Reflect.get(headers, 'webhook-id') === tested.json.eventId;
      expect(world.running.receiver.received.find(isTest)?.headers['x-token']).toBe('hush');
    });

    it('takes no cursor of its own making', async () => {
      expect((await world.ask('POST', '/master-key/reseal', { json: { cursor: 'nowhere' } })).status).toBe(422);
    });
  });

  describe('what is past retention', () => {
    it('can be removed at once; of today nothing is', async () => {
      const { json: sent } = await world.ask('POST', '/events', { json: { type: 'today.sent', payload: 1 } });
      const { status, json } = await world.ask('POST', '/maintenance/prune');
      const removed = { events: 0, deliveries: 0, attempts: 0 };
      expect([status, json]).toEqual([200, { before: expect.any(String), removed, nextCursor: null }]);
      expect((await world.ask('GET', `/events/${sent.id}`)).status).toBe(200);
    });
  });
}
