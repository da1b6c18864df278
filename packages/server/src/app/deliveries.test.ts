import { describe, expect, it } from 'vitest';
import type { Delivery } from '../domain/delivery.ts';
import type { Endpoint } from '../domain/endpoint.ts';
import type { World } from '../engine/testing/world.ts';
import { listAttemptsOfOrganization, listDeliveries, resendDelivery } from './deliveries.ts';
import { codeOf, inAppWorld, valueOf } from './testing/app-world.ts';

const EVERY = {
  endpointId: null,
  eventType: null,
  outcome: null,
  since: null,
  until: null,
  statusMin: null,
  statusMax: null,
};
const PAGE = { after: null, itemsMax: 10 };

async function oneDelivery(world: World, endpoint: Endpoint): Promise<Delivery> {
  const [delivery] = await world.deliveries(endpoint.id);
  if (delivery === undefined) throw new Error('no delivery');
  return delivery;
}

describe('sending a delivery again', () => {
  it(
    'is refused while its first try is out or it is held, where its product says so',
    inAppWorld(async ({ world, app, caller }) => {
      const resend = async (id: Delivery['id'], waiting: 'allowed' | 'refused') =>
        await resendDelivery(app, caller(), id, { waiting, archived: 'shown' }, null);
      world.sender.script = () => 'hang';
      const sending = await world.addEndpoint({ sendDeadlineSeconds: 3, retrySchedule: [600] });
      const held = await world.addEndpoint({ status: { kind: 'suspended', reason: 'manual', at: world.time.now() } });
      await world.accept();
      const [first, kept] = [await oneDelivery(world, sending), await oneDelivery(world, held)];
      const refused = await resend(first.id, 'refused');
      expect(refused).toMatchObject({
        problem: {
          code: 'delivery_in_progress',
          detail: expect.stringContaining('is being sent'),
          retryAfterSeconds: 5,
        },
      });
      const stillHeld = await resend(kept.id, 'refused');
      expect(codeOf(stillHeld)).toBe('delivery_in_progress');
      expect(stillHeld).not.toHaveProperty('problem.retryAfterSeconds');
      await world.time.advance(4_000);
      expect((await oneDelivery(world, sending)).state.kind).toBe('retrying');
      expect(valueOf(await resend(first.id, 'refused')).delivery.resendOf).toBe(first.id);
      expect(codeOf(await resend(kept.id, 'allowed'))).toBeNull();
    }),
  );
});

describe('lists of an organization', () => {
  it(
    'tell deliveries of several statuses, and attempts with their outcome',
    inAppWorld(async ({ world, app, caller }) => {
      const me = caller('deliveries:read');
      const good = await world.addEndpoint();
      const bad = await world.addEndpoint({ retrySchedule: [] });
      world.sender.script = ({ url }) => ({ status: url === good.url ? 200 : 500 });
      await world.accept();
      await world.time.advance(1_000);
      const list = async (...statuses: ('succeeded' | 'dead' | 'pending')[]) =>
        valueOf(await listDeliveries(app, me, { endpointId: null, eventId: null, statuses }, PAGE, 'shown')).items.map(
          ({ shown }) => shown,
        );
      expect((await list('succeeded', 'dead')).toSorted()).toEqual(['dead', 'succeeded']);
      expect(await list('pending', 'dead')).toEqual(['dead']);
      const { items } = valueOf(await listAttemptsOfOrganization(app, me, EVERY, PAGE, 'shown'));
      expect(Object.fromEntries(items.map(({ attempt, outcome }) => [attempt.endpointId, outcome]))).toEqual({
        [good.id]: 'success',
        [bad.id]: 'dead',
      });
      expect(items).toHaveLength(2);
      const ofOne = await listAttemptsOfOrganization(app, me, { ...EVERY, endpointId: bad.id }, PAGE, 'shown');
      expect(valueOf(ofOne).items.map(({ eventType }) => eventType)).toEqual(['thing.happened']);
    }),
  );

  it(
    'know nothing of the endpoints of others, and take a scope',
    inAppWorld(async ({ world, app, caller }) => {
      const other = world.ids.next('org');
      await world.addOrganization(other);
      const foreign = await world.addEndpoint({ organizationId: other });
      const query = { ...EVERY, endpointId: foreign.id };
      expect(codeOf(await listAttemptsOfOrganization(app, caller('deliveries:read'), query, PAGE, 'shown'))).toBe(
        'not_found',
      );
      expect(codeOf(await listAttemptsOfOrganization(app, caller('events:read'), EVERY, PAGE, 'shown'))).toBe(
        'missing_scope',
      );
    }),
  );
});
