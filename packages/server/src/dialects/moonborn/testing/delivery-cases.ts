import { describe, expect, it } from 'vitest';
import type { Answer, Json } from '../../testing/checked-client.ts';
import { sendEvent, until } from '../../testing/native-steps.ts';
import type { Received, ReceiverAnswer } from '../../testing/receiver.ts';
import {
  deliver,
  deliveriesOf,
  EVENT,
  type MoonbornWorld,
  nativeAsk,
  nativeId,
  newestWith,
  newTenant,
  patch,
  register,
  type Tenant,
} from './moonborn-world.ts';
import { expectGood, expectRefusal, page } from './page.ts';
import { signersOf } from './receiver.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Seconds before each retry, as the product publishes them; each is spread by a tenth. */
const RETRIES_SECONDS = [60, 300, 1_800, 7_200];
const SPREAD = 1.1;

export function deliveryCases(world: MoonbornWorld): void {
  const send = async (tenant: Tenant, payload: unknown = {}): Promise<string> =>
    (await sendEvent(world.running, { type: EVENT, payload, organization: tenant.externalId })).id;
  const replay = async ({ token }: Tenant, id: string, deliveryId: string, headers = {}): Promise<Answer> =>
    await world.ask('POST', `/v1/webhooks/${id}/deliveries/${deliveryId}/replay`, { token, headers });
  /** Keeps the receiver waiting until it is let go. */
  const heldReceiver = (): ((answer: ReceiverAnswer) => void) => {
    const { promise, resolve } = Promise.withResolvers<ReceiverAnswer>();
    world.running.receiver.answer = async () => await promise;
    return resolve;
  };

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
      const { id } = await register(world, tenant);
      world.running.receiver.answer = { status: 503, body: 'no' };
      const before = world.running.receiver.received.length;
      await send(tenant);
      const first = await newestWith(world, tenant, id, 'failed');
      expect(first).toMatchObject({ attemptCount: 1, lastStatusCode: 503, completedAt: null });
      for (const [index, seconds] of RETRIES_SECONDS.entries()) {
        const [delivery] = await deliveriesOf(world, tenant, id);
        const waits = Date.parse(delivery.scheduledAt) - Date.parse(delivery.attemptedAt);
        expect(waits / 1_000).toBeGreaterThan(seconds * 0.85);
        expect(waits / 1_000).toBeLessThan(seconds * 1.15);
        expect(world.running.receiver.received.length - before).toBe(index + 1);
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
      expect(world.running.receiver.received.length - before).toBe(5);
    });

    it('that hung up says what went wrong', async () => {
      const tenant = await newTenant(world);
      const { id } = await register(world, tenant);
      world.running.receiver.answer = 'hang up';
      await send(tenant);
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
      await send(tenant);
      await newestWith(world, tenant, id, 'dead_letter');
      await nativeAsk(world, tenant, 'PATCH', `/endpoints/${nativeId(id)}`, { retrySchedule: [3_600] });
      await send(tenant);
      await newestWith(world, tenant, id, 'failed');
      const release = heldReceiver();
      await send(tenant);
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
      await send(tenant, { held: tenant.externalId });
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
      for (let count = 0; count < 21; count += 1) await send(tenant);
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
      await send(tenant);
      await newestWith(world, tenant, id, 'failed');
      const release = heldReceiver();
      await send(tenant);
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

  describe('a replay', () => {
    it('is a row of its own with the same event and body; the old one stays as it is', async () => {
      const tenant = await newTenant(world);
      const { id } = await register(world, tenant);
      const eventId = await send(tenant, { again: tenant.externalId });
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

    it('of a failed or dead one goes out at once, and the retries of the old one go on', async () => {
      const tenant = await newTenant(world);
      const { id } = await register(world, tenant);
      world.running.receiver.answer = { status: 500 };
      await send(tenant);
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

    it('is refused while the delivery is pending, held or in flight', async () => {
      const tenant = await newTenant(world);
      const { id } = await register(world, tenant);
      const release = heldReceiver();
      await send(tenant);
      const inFlight = await newestWith(world, tenant, id, 'in_flight');
      expectRefusal(await replay(tenant, id, inFlight.deliveryId), 409, 'delivery_in_progress');
      release({ status: 200 });
      await newestWith(world, tenant, id, 'succeeded');
      await patch(world, tenant, id, { status: 'suspended' });
      await send(tenant);
      const [held] = await deliveriesOf(world, tenant, id, '?status=pending');
      expectRefusal(await replay(tenant, id, held.deliveryId), 409, 'delivery_in_progress');
      expect(await deliveriesOf(world, tenant, id)).toHaveLength(2);
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

function headerPairs({ rawHeaders }: Received): readonly (readonly [string, string])[] {
  return Array.from({ length: rawHeaders.length / 2 }, (_each, index) => [
    rawHeaders[2 * index] ?? '',
    rawHeaders[2 * index + 1] ?? '',
  ]);
}
