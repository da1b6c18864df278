import { describe, expect, it } from 'vitest';
import type { Json } from '../../testing/checked-client.ts';
import { endedDeliveries, sendEvent, until } from '../../testing/native-steps.ts';
import { expectPage, expectProblem } from './page.ts';
import { isSignedBy } from './receiver.ts';
import {
  create,
  deliver,
  deliveriesOf,
  deliverToTheEnd,
  patchNatively,
  read,
  type SignupWorld,
} from './signup-world.ts';

/** What the engines of these tests pause an endpoint after. */
export const FAILURES_MAX = 3;

export function deliveryCases(world: SignupWorld): void {
  describe('a delivery', () => {
    it('carries the headers of Standard Webhooks and the envelope, and nothing else', async () => {
      const { id, type } = await create(world);
      const payload = '{"n": 1.0,  "text": "é\\u0041"}';
      const sent = await world.native('POST', '/events', {
        raw: `{"type":"${type}","occurredAt":"2020-01-02T03:04:05Z","payload":${payload}}`,
        headers: { 'content-type': 'application/json' },
      });
      const [request] = await world.running.receiver.arrived(({ headers }) => headers['webhook-id'] === sent.json.id);
      if (request === undefined) throw new Error('nothing arrived');
      expect(request.body.toString()).toBe(
        `{"type":"${type}","timestamp":"2020-01-02T03:04:05.000Z","data":${payload}}`,
      );
      const headers = Object.entries(request.headers).sort(([a], [b]) => (a < b ? -1 : 1));
      expect(headers).toEqual([
        ['accept-encoding', 'identity'],
        ['connection', 'keep-alive'],
        ['content-length', String(request.body.length)],
        ['content-type', 'application/json'],
        ['host', new URL(world.running.receiver.url).host],
        ['user-agent', 'Hookring/0.1'],
        ['webhook-id', sent.json.id],
        ['webhook-signature', expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/)],
        ['webhook-timestamp', expect.stringMatching(/^\d{10}$/)],
      ]);
      expect([request.method, request.path]).toEqual(['POST', '/hook']);
      expect(await read(world, id)).toMatchObject({ consecutiveFailures: 0, lastFailureAt: null });
    });

    it('is shown delivered, failed while it will be tried again, and in the dead letters at last', async () => {
      const { id, type } = await create(world);
      await deliverToTheEnd(world, type);
      await patchNatively(world, id, { retrySchedule: [3_600] });
      world.running.receiver.answer = { status: 503, body: 'later' };
      const { event } = await deliver(world, type);
      await until(
        async () => await deliveriesOf(world, id),
        ([newest]) => newest.status === 'failed',
      );
      await patchNatively(world, id, { retrySchedule: [] });
      world.running.receiver.answer = { status: 404 };
      await deliverToTheEnd(world, type);
      const list = await deliveriesOf(world, id);
      expect(list.map(({ id: _id, createdAt: _createdAt, ...rest }) => rest)).toEqual([
        {
          eventType: type,
          status: 'dlq',
          attemptCount: 1,
          lastResponseStatus: 404,
          errorMessage: 'The endpoint answered with status 404.',
          deliveredAt: null,
          dlqAt: expect.any(String),
        },
        {
          eventType: type,
          status: 'failed',
          attemptCount: 1,
          lastResponseStatus: 503,
          errorMessage: 'The endpoint answered with status 503.',
          deliveredAt: null,
          dlqAt: null,
        },
        {
          eventType: type,
          status: 'delivered',
          attemptCount: 1,
          lastResponseStatus: 200,
          errorMessage: null,
          deliveredAt: expect.any(String),
          dlqAt: null,
        },
      ]);
      expect(event.id).toBeTypeOf('string');
      const shown = await read(world, id);
      expect(shown).toMatchObject({ consecutiveFailures: 2, paused: false });
      expect(Date.parse(shown.lastFailureAt)).toBeGreaterThanOrEqual(Date.parse(shown.lastSuccessAt));
    });

    it('waits while its endpoint is paused, and is sent when that is resumed', async () => {
      const { id, type } = await create(world);
      await world.ask('PATCH', `/webhooks/${id}`, { json: { paused: true } });
      const event = await sendEvent(world.running, { type, payload: {} });
      const [waiting] = await deliveriesOf(world, id);
      expect(waiting).toMatchObject({ status: 'pending', attemptCount: 0, errorMessage: null });
      expectProblem(await replay(waiting.id), 409, 'conflict', 'delivery_in_progress');
      await world.ask('PATCH', `/webhooks/${id}`, { json: { paused: false } });
      await endedDeliveries(world.running, event.id);
      expect(await deliveriesOf(world, id)).toMatchObject([{ id: waiting.id, status: 'delivered', attemptCount: 1 }]);
    });
  });

  describe('the list of deliveries', () => {
    it('is newest first, 50 unless asked for otherwise, and at most 200', async () => {
      const { id, type } = await create(world);
      const events = Array.from({ length: 51 }, (_each, n) => ({ type, payload: n }));
      const { json } = await world.native('POST', '/events', { json: { events } });
      await world.running.receiver.arrived(({ body }) => body.includes(`"${type}"`), 51);
      const all = await deliveriesOf(world, id, '?limit=200');
      expect(all).toHaveLength(51);
      const times = all.map(({ createdAt }) => Date.parse(createdAt));
      expect(times).toEqual([...times].sort((a, b) => b - a));
      expect(await deliveriesOf(world, id)).toHaveLength(50);
      expect((await deliveriesOf(world, id, '?limit=1')).map((one) => one.id)).toEqual([all[0].id]);
      expect(json.items).toHaveLength(51);
      for (const query of [
        '?limit=201',
        '?limit=0',
        '?limit=-1',
        '?limit=1.5',
        '?limit=x',
        '?limit=1e2',
        '?status=dlq',
      ]) {
        const refused = await world.ask('GET', `/webhooks/${id}/deliveries${query}`);
        expectProblem(refused, 422, 'validation-failed', 'validation_failed');
        expect(refused.json.errors.map(({ path }: Json) => path)).toEqual([query.slice(1).split('=')[0]]);
      }
    });
  });

  describe('a replay', () => {
    it('sends the event again as a delivery of its own', async () => {
      const { id, type } = await create(world);
      const event = await deliverToTheEnd(world, type);
      const [old] = await deliveriesOf(world, id);
      const headers = { 'idempotency-key': `replay ${old.id}` };
      const replayed = await world.ask('POST', `/webhooks/deliveries/${old.id}/replay`, { headers });
      expectPage(replayed, 202, 'replay');
      expect(replayed.json.id).not.toBe(old.id);
      await world.running.receiver.arrived((request) => request.headers['webhook-id'] === event.id, 2);
      await endedDeliveries(world.running, event.id);
      const again = await world.ask('POST', `/webhooks/deliveries/${old.id}/replay`, { headers });
      expect([again.status, again.json]).toEqual([202, { id: replayed.json.id, status: 'delivered' }]);
      expect((await deliveriesOf(world, id)).map((one) => one.id)).toEqual([replayed.json.id, old.id]);
    });
  });

  describe('a test', () => {
    it('posts a signed envelope at once and tells what the receiver answered', async () => {
      const { id, secret } = await create(world);
      world.running.receiver.answer = { status: 201, body: 'seen' };
      const before = world.running.receiver.received.length;
      const answer = await world.ask('POST', `/webhooks/${id}/test`);
      expectPage(answer, 200, 'test');
      expect(answer.json).toEqual({
        delivered: true,
        responseStatus: 201,
        responseBody: 'seen',
        errorMessage: null,
        latencyMs: expect.any(Number),
      });
      const [request] = world.running.receiver.received.slice(before);
      if (request === undefined) throw new Error('nothing arrived');
      expect(isSignedBy(secret, request)).toBe(true);
      const body = JSON.parse(request.body.toString());
      expect(body).toEqual({ type: 'webhook.test', timestamp: expect.any(String), data: expect.any(Object) });
      expect(new Date(body.timestamp).toISOString()).toBe(body.timestamp);
      expect(await deliveriesOf(world, id)).toEqual([]);
    });

    it('tells what went wrong', async () => {
      const { id } = await create(world);
      world.running.receiver.answer = { status: 418, body: 'no coffee' };
      const refused = await world.ask('POST', `/webhooks/${id}/test`);
      expectPage(refused, 200, 'test');
      expect(refused.json).toMatchObject({
        delivered: false,
        responseStatus: 418,
        responseBody: 'no coffee',
        errorMessage: 'The endpoint answered with status 418.',
      });
      world.running.receiver.answer = 'hang up';
      const silent = await world.ask('POST', `/webhooks/${id}/test`);
      expectPage(silent, 200, 'test');
      expect(silent.json).toMatchObject({
        delivered: false,
        responseStatus: null,
        responseBody: null,
        errorMessage: 'The endpoint closed the connection before its answer was complete.',
      });
    });

    it('comes in the envelope also to an endpoint made elsewhere without one', async () => {
      const { json } = await world.native('POST', '/endpoints', {
        json: { url: `${world.running.receiver.url}?elsewhere`, eventTypes: [] },
      });
      const { data } = (await world.ask('GET', '/webhooks')).json;
      const { id } = data.find(({ url }: Json) => url.endsWith('?elsewhere'));
      expectPage(await world.ask('POST', `/webhooks/${id}/test`), 200, 'test');
      const [request] = world.running.receiver.received.filter(({ path }) => path.endsWith('?elsewhere'));
      expect(Object.keys(JSON.parse(String(request?.body)))).toEqual(['type', 'timestamp', 'data']);
      expect(json.endpoint.envelope).toBeNull();
    });
  });

  describe('the auto-pause', () => {
    it('counts failed deliveries and no failed tests; resuming clears the counter', async () => {
      const { id, type } = await create(world);
      await patchNatively(world, id, { retrySchedule: [] });
      world.running.receiver.answer = { status: 500 };
      for (let failed = 1; failed < FAILURES_MAX; failed += 1) await deliverToTheEnd(world, type);
      for (let tests = 0; tests <= FAILURES_MAX; tests += 1) {
        expect((await world.ask('POST', `/webhooks/${id}/test`)).json.delivered).toBe(false);
      }
      expect(await read(world, id)).toMatchObject({ paused: false, consecutiveFailures: FAILURES_MAX - 1 });
      await deliverToTheEnd(world, type);
      const paused = await until(
        async () => await read(world, id),
        (endpoint) => endpoint.paused,
      );
      expect(paused).toMatchObject({
        pausedReason: 'consecutive_failures',
        pausedAt: expect.any(String),
        consecutiveFailures: FAILURES_MAX,
        lastFailureAt: expect.any(String),
      });
      const resumed = await world.ask('PATCH', `/webhooks/${id}`, { json: { paused: false } });
      expectPage(resumed, 200, 'endpoint');
      expect(resumed.json).toMatchObject({
        paused: false,
        pausedReason: null,
        pausedAt: null,
        consecutiveFailures: 0,
        lastFailureAt: paused.lastFailureAt,
      });
      await deliverToTheEnd(world, type);
      expect(await read(world, id)).toMatchObject({ paused: false, consecutiveFailures: 1 });
    });

    it('comes at once when the receiver says that it is gone', async () => {
      const { id, type } = await create(world);
      world.running.receiver.answer = { status: 410 };
      await deliver(world, type);
      const paused = await until(
        async () => await read(world, id),
        (endpoint) => endpoint.paused,
      );
      expect(paused).toMatchObject({ pausedReason: 'gone', consecutiveFailures: 1 });
    });
  });

  async function replay(id: string) {
    return await world.ask('POST', `/webhooks/deliveries/${id}/replay`);
  }
}
