import { describe, expect, it } from 'vitest';
import type { Json } from '../../testing/checked-client.ts';
import { until } from '../../testing/native-steps.ts';
import type { Received } from '../../testing/receiver.ts';
import {
  deliver,
  deliveriesOf,
  EVENT,
  holdReceiver,
  isFor,
  type MoonbornWorld,
  nativeAsk,
  nativeId,
  newestWith,
  newTenant,
  patch,
  register,
  send,
} from './moonborn-world.ts';
import { signersOf } from './receiver.ts';

const HOUR_MS = 3_600_000;
/** Seconds before each retry, as the product publishes them; each is spread by a tenth. */
const RETRIES_SECONDS = [60, 300, 1_800, 7_200];
const SPREAD = 1.1;

export function deliveryCases(world: MoonbornWorld): void {
  describe('a delivery', () => {
    it('has exactly these headers, and exactly the payload as its body', async () => {
      const tenant = await newTenant(world);
      const { id, secretValue } = await register(world, tenant);
      const payload = '{"é":"\\u00e9", "n": 1.0, "big": 12345678901234567890, "list": [ ] }';
      const response = await world.running.http.inject({
        method: 'POST',
        url: '/v1/events',
        headers: {
          authorization: `Bearer ${world.running.bootstrapKey}`,
          'hookring-organization': tenant.externalId,
          'content-type': 'application/json',
        },
        payload: `{"type":"${EVENT}","id":"golden-${tenant.externalId}","payload":${payload}}`,
      });
      expect(response.statusCode).toBe(202);
      const delivery = await newestWith(world, tenant, id, 'succeeded');
      expect(delivery.eventId).toBe(`golden-${tenant.externalId}`);
      const [request] = await world.running.receiver.arrived(({ body }) => body.toString() === payload);
      expect(request?.method).toBe('POST');
      const pairs = headerPairs(request as Received);
      expect(pairs).toEqual([
        ['host', new URL(world.running.receiver.url).host],
        ['connection', 'keep-alive'],
        ['accept-encoding', 'identity'],
        ['content-type', 'application/json'],
        ['user-agent', expect.stringMatching(/^Hookring\/\d+\.\d+$/)],
        ['X-Moonborn-Signature', expect.stringMatching(/^t=\d{10},v1=[0-9a-f]{64}$/)],
        ['content-length', String(Buffer.byteLength(payload))],
      ]);
      expect(JSON.stringify(pairs)).not.toContain(secretValue.slice(6));
      expect(signersOf({ only: secretValue }, request as Received, world.running.clock.now())).toEqual(['only']);
    });

    it('is tried five times as the product publishes, and then is a dead letter', async () => {
      const tenant = await newTenant(world);
      const registered = await register(world, tenant);
      const { id } = registered;
      world.running.receiver.answer = { status: 503, body: 'no' };
      const tries = (): number => world.running.receiver.received.filter((one) => isFor(registered, one)).length;
      await send(world, tenant);
      const first = await newestWith(world, tenant, id, 'failed');
      expect(first).toMatchObject({ attemptCount: 1, lastStatusCode: 503, completedAt: null });
      for (const [index, seconds] of RETRIES_SECONDS.entries()) {
        const [delivery] = await deliveriesOf(world, tenant, id);
        const waits = Date.parse(delivery.scheduledAt) - Date.parse(delivery.attemptedAt);
        expect(waits / 1_000).toBeGreaterThan(seconds * 0.85);
        expect(waits / 1_000).toBeLessThan(seconds * 1.15);
        expect(tries()).toBe(index + 1);
        world.running.advance(seconds * SPREAD * 1_000);
        await until(
          async () => (await deliveriesOf(world, tenant, id))[0].attemptCount,
          (count) => count === index + 2,
        );
      }
      const dead = await newestWith(world, tenant, id, 'dead_letter');
      expect(dead).toMatchObject({ attemptCount: 5, lastStatusCode: 503, lastErrorKind: 'retries_exhausted' });
      expect(dead.completedAt).not.toBeNull();
      world.running.advance(72 * HOUR_MS);
      expect(await deliveriesOf(world, tenant, id)).toEqual([dead]);
      expect(tries()).toBe(5);
    });

    it('that hung up says what went wrong', async () => {
      const tenant = await newTenant(world);
      const { id } = await register(world, tenant);
      world.running.receiver.answer = 'hang up';
      await send(world, tenant);
      const failed = await newestWith(world, tenant, id, 'failed');
      expect([failed.lastStatusCode, typeof failed.lastErrorKind]).toEqual([null, 'string']);
    });
  });

  describe('the list of deliveries', () => {
    it('shows each status, finds each by its filter, and pages through them in order', async () => {
      const tenant = await newTenant(world);
      const { id } = await register(world, tenant);
      const { receiver } = world.running;
      await deliver(world, tenant);
      await newestWith(world, tenant, id, 'succeeded');
      receiver.answer = { status: 500 };
      // Without retries for a moment, so that nobody waits for them.
      await nativeAsk(world, tenant, 'PATCH', `/endpoints/${nativeId(id)}`, { retrySchedule: [] });
      await send(world, tenant);
      await newestWith(world, tenant, id, 'dead_letter');
      await nativeAsk(world, tenant, 'PATCH', `/endpoints/${nativeId(id)}`, { retrySchedule: [3_600] });
      await send(world, tenant);
      await newestWith(world, tenant, id, 'failed');
      const release = holdReceiver(world);
      await send(world, tenant);
      const all = await until(
        async () => await deliveriesOf(world, tenant, id),
        ([newest]) => newest.status === 'in_flight',
      );
      expect(all.map(({ status }: Json) => status)).toEqual(['in_flight', 'failed', 'dead_letter', 'succeeded']);
      for (const [query, wanted] of [
        ['?status=in_flight', [0]],
        ['?status=failed', [1]],
        ['?status=dead_letter', [2]],
        ['?status=succeeded', [3]],
        ['?status=pending', []],
        ['?limit=100', [0, 1, 2, 3]],
      ] as const) {
        expect([query, await deliveriesOf(world, tenant, id, query)]).toEqual([
          query,
          wanted.map((index) => all[index]),
        ]);
      }
      const walked: Json[] = [];
      let cursor = '';
      for (let pages = 0; pages < 4; pages += 1) {
        const path = `/v1/webhooks/${id}/deliveries?limit=1${cursor}`;
        const { json } = await world.ask('GET', path, { token: tenant.token });
        walked.push(...json.items);
        cursor = json.nextCursor === null ? '' : `&cursor=${encodeURIComponent(json.nextCursor)}`;
        expect(json.nextCursor === null).toBe(pages === 3);
      }
      expect(walked).toEqual(all);
      release({ status: 200 });
      expect((await newestWith(world, tenant, id, 'succeeded')).deliveryId).toBe(all[0].deliveryId);
    });

    it('shows what is held as pending, and sends it when the endpoint is active again', async () => {
      const tenant = await newTenant(world);
      const { id } = await register(world, tenant);
      await patch(world, tenant, id, { status: 'suspended' });
      await send(world, tenant, { held: tenant.externalId });
      const [held] = await deliveriesOf(world, tenant, id, '?status=pending');
      expect(held).toMatchObject({ status: 'pending', attemptCount: 0, attemptedAt: null, completedAt: null });
      await patch(world, tenant, id, { status: 'active' });
      const sent = await newestWith(world, tenant, id, 'succeeded');
      expect(sent).toMatchObject({ deliveryId: held.deliveryId, attemptCount: 1, lastStatusCode: 200 });
      expect(await deliveriesOf(world, tenant, id, '?status=pending')).toEqual([]);
    });

    it('is twenty a page unless asked otherwise, and only that of its endpoint', async () => {
      const tenant = await newTenant(world);
      const [{ id }, other] = [await register(world, tenant), await register(world, tenant)];
      for (let count = 0; count < 21; count += 1) await send(world, tenant);
      const first = await world.ask('GET', `/v1/webhooks/${id}/deliveries`, { token: tenant.token });
      expect([first.json.items.length, typeof first.json.nextCursor]).toEqual([20, 'string']);
      const rest = await deliveriesOf(world, tenant, id, `?cursor=${encodeURIComponent(first.json.nextCursor)}`);
      expect(rest).toHaveLength(1);
      const shown = [...first.json.items, ...rest];
      expect(new Set(shown.map(({ endpointId }: Json) => endpointId))).toEqual(new Set([id]));
      const others = await deliveriesOf(world, tenant, other.id, '?limit=100');
      expect(new Set([...shown, ...others].map(({ deliveryId }: Json) => deliveryId)).size).toBe(42);
    });

    it('of an endpoint that was archived stays: what waited is a dead letter, and says why', async () => {
      const tenant = await newTenant(world);
      const { id } = await register(world, tenant);
      world.running.receiver.answer = { status: 500 };
      await send(world, tenant);
      await newestWith(world, tenant, id, 'failed');
      const release = holdReceiver(world);
      await send(world, tenant);
      await newestWith(world, tenant, id, 'in_flight');
      await world.ask('DELETE', `/v1/webhooks/${id}`, { token: tenant.token });
      release({ status: 500 });
      const over = await until(
        async () => await deliveriesOf(world, tenant, id, '?status=dead_letter'),
        ([newest]) => newest.lastErrorKind === 'endpoint_archived',
      );
      expect(over.map(({ lastErrorKind }: Json) => lastErrorKind)).toEqual(['endpoint_archived', 'cancelled']);
      for (const { completedAt } of over) expect(completedAt).not.toBeNull();
      expect(await deliveriesOf(world, tenant, id)).toEqual(over);
    });
  });
}

function headerPairs({ rawHeaders }: Received): readonly (readonly [string, string])[] {
  return Array.from({ length: rawHeaders.length / 2 }, (_each, index) => [
    rawHeaders[2 * index] ?? '',
    rawHeaders[2 * index + 1] ?? '',
  ]);
}
