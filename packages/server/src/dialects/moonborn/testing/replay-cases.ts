import { describe, expect, it } from 'vitest';
import type { Answer, Json } from '../../testing/checked-client.ts';
import { until } from '../../testing/native-steps.ts';
import {
  deliver,
  deliveriesOf,
  EVENT,
  holdReceiver,
  type MoonbornWorld,
  nativeAsk,
  nativeId,
  newestWith,
  newTenant,
  patch,
  register,
  send,
  type Tenant,
} from './moonborn-world.ts';
import { expectGood, expectRefusal, page } from './page.ts';

const MINUTE_MS = 60_000;

export function replayCases(world: MoonbornWorld): void {
  const replay = async ({ token }: Tenant, id: string, deliveryId: string, headers = {}): Promise<Answer> =>
    await world.ask('POST', `/v1/webhooks/${id}/deliveries/${deliveryId}/replay`, { token, headers });
  describe('a replay', () => {
    it('is a row of its own with the same event and body; the old one stays as it is', async () => {
      const tenant = await newTenant(world);
      const { id } = await register(world, tenant);
      const eventId = await send(world, tenant, { again: tenant.externalId });
      const old = await newestWith(world, tenant, id, 'succeeded');
      const answer = await replay(tenant, id, old.deliveryId);
      expectGood(answer, 202, page.replayed);
      const { delivery } = answer.json;
      expect(delivery).toMatchObject({ endpointId: id, eventType: EVENT, eventId, completedAt: null });
      expect(delivery.deliveryId).not.toBe(old.deliveryId);
      const [body] = (
        await world.running.receiver.arrived((one) => one.body.includes(`{"again":"${tenant.externalId}"}`), 2)
      ).map((one) => one.body.toString());
      expect(body).toBe(`{"again":"${tenant.externalId}"}`);
      const [newest, older] = await until(
        async () => await deliveriesOf(world, tenant, id),
        ([first]) => first.status === 'succeeded',
      );
      expect([newest.deliveryId, older]).toEqual([delivery.deliveryId, old]);
    });

    it('of a failed one goes out at once, and the retries of the old one go on', async () => {
      const tenant = await newTenant(world);
      const { id } = await register(world, tenant);
      world.running.receiver.answer = { status: 500 };
      await send(world, tenant);
      const failed = await newestWith(world, tenant, id, 'failed');
      world.running.receiver.answer = { status: 200 };
      expectGood(await replay(tenant, id, failed.deliveryId), 202, page.replayed);
      await newestWith(world, tenant, id, 'succeeded');
      expect((await deliveriesOf(world, tenant, id))[1]).toEqual(failed);
      world.running.advance(2 * MINUTE_MS);
      await until(
        async () => (await deliveriesOf(world, tenant, id))[1].status,
        (status) => status === 'succeeded',
      );
      expect((await deliveriesOf(world, tenant, id)).map(({ attemptCount }: Json) => attemptCount)).toEqual([1, 2]);
    });

    it('is refused while the delivery is in flight, or pending because it is held', async () => {
      const tenant = await newTenant(world);
      const { id } = await register(world, tenant);
      const release = holdReceiver(world);
      await send(world, tenant);
      const inFlight = await newestWith(world, tenant, id, 'in_flight');
      expectRefusal(await replay(tenant, id, inFlight.deliveryId), 409, 'delivery_in_progress');
      release({ status: 200 });
      await newestWith(world, tenant, id, 'succeeded');
      await patch(world, tenant, id, { status: 'suspended' });
      await send(world, tenant);
      const [held] = await deliveriesOf(world, tenant, id, '?status=pending');
      expectRefusal(await replay(tenant, id, held.deliveryId), 409, 'delivery_in_progress');
      expect(await deliveriesOf(world, tenant, id)).toHaveLength(2);
    });

    it('of a dead letter goes out again, and the letter stays dead', async () => {
      const tenant = await newTenant(world);
      const { id } = await register(world, tenant);
      await nativeAsk(world, tenant, 'PATCH', `/endpoints/${nativeId(id)}`, { retrySchedule: [] });
      world.running.receiver.answer = { status: 500 };
      await send(world, tenant);
      const dead = await newestWith(world, tenant, id, 'dead_letter');
      world.running.receiver.answer = { status: 200 };
      expectGood(await replay(tenant, id, dead.deliveryId), 202, page.replayed);
      await newestWith(world, tenant, id, 'succeeded');
      expect((await deliveriesOf(world, tenant, id))[1]).toEqual(dead);
    });

    it('of an archived endpoint is refused, whatever its deliveries are', async () => {
      const tenant = await newTenant(world);
      const { id } = await register(world, tenant);
      await deliver(world, tenant);
      const { deliveryId } = await newestWith(world, tenant, id, 'succeeded');
      await world.ask('DELETE', `/v1/webhooks/${id}`, { token: tenant.token });
      expectRefusal(await replay(tenant, id, deliveryId), 409, 'endpoint_archived');
    });

    it('finds no delivery of another endpoint or organization, and none that never was', async () => {
      const [tenant, stranger] = [await newTenant(world), await newTenant(world)];
      const [{ id }, other] = [await register(world, tenant), await register(world, tenant, { events: [] })];
      const theirs = await register(world, stranger);
      await deliver(world, tenant);
      const { deliveryId } = await newestWith(world, tenant, id, 'succeeded');
      const answers = [
        await replay(tenant, other.id, deliveryId),
        await replay(stranger, theirs.id, deliveryId),
        await replay(stranger, id, deliveryId),
        await replay(tenant, id, 'whd_01jtbqh2fz8k1rxc0wj4z9p3vm'),
        await replay(tenant, id, id),
        await replay(tenant, id, 'x'),
      ];
      for (const answer of answers) {
        expectRefusal(answer, 404, 'not_found');
        expect(answer.json).toEqual(answers[0]?.json);
      }
      expect(await deliveriesOf(world, tenant, id)).toHaveLength(1);
    });

    it('under one Idempotency-Key happens once', async () => {
      const tenant = await newTenant(world);
      const { id } = await register(world, tenant);
      await deliver(world, tenant);
      const { deliveryId } = await newestWith(world, tenant, id, 'succeeded');
      const headers = { 'idempotency-key': 'replay-1' };
      const [first, again] = [
        await replay(tenant, id, deliveryId, headers),
        await replay(tenant, id, deliveryId, headers),
      ];
      expect(again.json.delivery.deliveryId).toBe(first.json.delivery.deliveryId);
      expect([again.status, again.headers['idempotent-replayed']]).toEqual([202, 'true']);
      expect(await deliveriesOf(world, tenant, id)).toHaveLength(2);
    });
  });
}
