import { describe, expect, it } from 'vitest';
import type { Answer } from '../../testing/checked-client.ts';
import { createEndpoint, type NativeWorld } from './native-world.ts';

export function operatorCases(world: NativeWorld): void {
  describe('the master key', () => {
    it('is changed while everything that was sealed stays readable', async () => {
      const { endpoint } = await createEndpoint(world, { headers: { 'X-Token': 'hush' } });
      const headers = { 'idempotency-key': 'before-the-change' };
      const rotated = await world.ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: {}, headers });
      const before = await world.ask('GET', '/master-key');
      expect(before.json.source).toBe('generated');
      const begun = await world.ask('POST', '/master-key/rotate');
      expect(begun.json.keyIds).toEqual([expect.any(String), ...before.json.keyIds]);
      const early = await world.ask('POST', '/master-key/finish');
      expect([early.status, early.json.code]).toEqual([409, 'conflict']);
      let cursor: string | null = null;
      do {
        const step: Answer = await world.ask('POST', '/master-key/reseal', cursor === null ? {} : { json: { cursor } });
        cursor = step.json.nextCursor;
      } while (cursor !== null);
      expect((await world.ask('POST', '/master-key/finish')).json.keyIds).toEqual([begun.json.keyIds[0]]);
      const again = await world.ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: {}, headers });
      expect(again.json.secret).toEqual(rotated.json.secret);
      const tested = await world.ask('POST', `/endpoints/${endpoint.id}/test`);
      expect(tested.json).toMatchObject({ delivered: true, error: null });
      const arrived = world.running.receiver.received.find(
        ({ headers }) => headers['webhook-id'] === tested.json.eventId,
      );
      expect(arrived?.headers['x-token']).toBe('hush');
    });

    it('takes no cursor of its own making', async () => {
      expect((await world.ask('POST', '/master-key/reseal', { json: { cursor: 'nowhere' } })).status).toBe(422);
    });
  });
}
