import { describe, expect, it } from 'vitest';
import { inWorld } from './testing/in-world.ts';
import { headerOf } from './testing/scripted-sender.ts';
import type { World } from './testing/world.ts';

/** When requests went out, in seconds after the first. */
function secondsOf(world: World): number[] {
  const first = world.sender.seen[0]?.at ?? 0;
  return world.sender.seen.map(({ at }) => Math.round((at - first) / 1_000));
}

describe('an accepted event', () => {
  it(
    'goes out at once, once, and leaves memory',
    inWorld({}, async (world) => {
      const endpoint = await world.addEndpoint();
      expect((await world.accept()).kind).toBe('accepted');
      await world.time.advance(5);
      expect(world.sender.seen.map((each) => each.url)).toEqual([endpoint.url]);
      expect(await world.deliveries()).toMatchObject([{ state: { kind: 'succeeded' }, attemptCount: 1 }]);
      expect(world.engine.figures()).toMatchObject({ inFlight: 0, inMemory: 0, inMemoryBytes: 0 });
    }),
  );
});

describe('retries', () => {
  it(
    'follow the schedule of the endpoint and end as dead when it is used up',
    inWorld({}, async (world) => {
      await world.addEndpoint({ retrySchedule: [5, 60, 600] });
      world.sender.script = () => ({ status: 500 });
      await world.accept();
      await world.time.advance(700_000);
      expect(secondsOf(world)).toEqual([0, 5, 65, 665]);
      const [delivery] = await world.deliveries();
      expect(delivery).toMatchObject({ state: { kind: 'dead', reason: 'retries_exhausted' }, attemptCount: 4 });
    }),
  );

  it(
    'follow the operator for every endpoint when the operator says so',
    inWorld({ settings: { retryScheduleForAll: [0, 2] } }, async (world) => {
      await world.addEndpoint({ retrySchedule: [500] });
      world.sender.script = () => ({ status: 500 });
      await world.accept();
      await world.time.advance(10_000);
      expect(secondsOf(world)).toEqual([0, 0, 2]);
    }),
  );

  it(
    'wait as long as the receiver asks for, and never shorter than the schedule',
    inWorld({}, async (world) => {
      await world.addEndpoint({ retrySchedule: [5, 60] });
      world.sender.script = () => ({ status: 503, retryAfter: '30' });
      await world.accept();
      await world.time.advance(100_000);
      expect(secondsOf(world)).toEqual([0, 30, 90]);
    }),
  );

  it(
    'keep event id and body and carry the time of each attempt',
    inWorld({}, async (world) => {
      await world.addEndpoint({ retrySchedule: [5, 60] });
      world.sender.script = ({ at }) => ({ status: at < 1_893_456_030_000 ? 500 : 204 });
      const outcome = await world.accept();
      await world.time.advance(100_000);
      const eventId = outcome.kind === 'accepted' ? outcome.events[0]!.id : '';
      expect(world.sender.seen.map((each) => headerOf(each, 'webhook-id'))).toEqual([eventId, eventId, eventId]);
      for (const each of world.sender.seen) {
        expect(headerOf(each, 'webhook-timestamp')).toBe(String(Math.floor(each.at / 1_000)));
        expect(new TextDecoder().decode(each.body)).toBe('{"hello":"world"}');
      }
      const [delivery] = await world.deliveries();
      const attempts = await world.store.reader.attemptsOfDelivery(world.organizationId, delivery!.id);
      expect(attempts.map((each) => each.responseStatus)).toEqual([500, 500, 204]);
      expect(attempts.map((each) => each.number)).toEqual([1, 2, 3]);
      expect(attempts.map((each) => each.startedAt)).toEqual(world.sender.seen.map((each) => each.at));
    }),
  );

  it(
    'begin at once after a kept connection that had died, and both requests are history (unlogged second send: Svix)',
    inWorld({}, async (world) => {
      await world.addEndpoint({ retrySchedule: [] });
      world.sender.script = () =>
        world.sender.seen.length === 1 ? { failure: 'reset', stale: true } : { status: 200 };
      await world.accept();
      await world.time.advance(10);
      expect(world.sender.seen).toHaveLength(2);
      const [delivery] = await world.deliveries();
      expect(delivery).toMatchObject({ state: { kind: 'succeeded' }, attemptCount: 2 });
      const attempts = await world.store.reader.attemptsOfDelivery(world.organizationId, delivery!.id);
      expect(attempts).toMatchObject([
        { number: 1, responseStatus: null, errorKind: 'reset' },
        { number: 2, responseStatus: 200, errorKind: null },
      ]);
      expect(attempts.every(({ keyIds }) => keyIds !== '')).toBe(true);
    }),
  );

  it(
    'are not spent when the sender was closed under the engine',
    inWorld({}, async (world) => {
      await world.addEndpoint({ retrySchedule: [] });
      world.sender.script = () => (world.sender.seen.length === 1 ? { failure: 'closed' } : { status: 200 });
      await world.accept();
      await world.time.advance(3_000);
      expect(await world.deliveries()).toMatchObject([{ state: { kind: 'succeeded' }, attemptCount: 1 }]);
    }),
  );

  it(
    'go on beside a resend that fails',
    inWorld({ settings: { retryScheduleForAll: [60] } }, async (world) => {
      const endpoint = await world.addEndpoint();
      world.sender.script = () => ({ status: world.sender.seen.length <= 2 ? 500 : 200 });
      await world.accept();
      await world.time.advance(10);
      const [original] = await world.deliveries();
      const resend = {
        id: world.ids.next('dlv'),
        organizationId: world.organizationId,
        endpointId: endpoint.id,
        eventKey: original!.eventKey,
        resendOf: original!.id,
        createdAt: world.time.now(),
      };
      await world.apply([{ kind: 'delivery.insert', deliveries: [resend] }]);
      await world.time.advance(1_000);
      expect(world.sender.seen).toHaveLength(2);
      await world.time.advance(70_000);
      const ended = await world.deliveries();
      expect(ended.map((each) => each.state.kind)).toEqual(['succeeded', 'succeeded']);
      expect(ended.map((each) => each.attemptCount)).toEqual([2, 2]);
    }),
  );
});
