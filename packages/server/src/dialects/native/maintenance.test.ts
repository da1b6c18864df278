import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkedClient } from '../testing/checked-client.ts';
import { runDialects } from '../testing/running-dialects.ts';
import { nativeDialect } from './native.ts';
import { createEndpoint, createKey, endedDelivery, type NativeWorld } from './testing/native-world.ts';

const DAY_MS = 86_400_000;
const world = {} as NativeWorld;

beforeAll(async () => {
  world.running = await runDialects([]);
  world.ask = checkedClient(world.running, nativeDialect());
});
afterAll(async () => {
  await world.running.stop();
});

describe('pruning by hand', () => {
  it('removes what is old enough, in a dry run only counts, and is in the audit log once per run', async () => {
    const { endpoint: wanting } = await createEndpoint(world, { eventTypes: ['prune.old'] });
    const { json: old } = await world.ask('POST', '/events', { json: { type: 'prune.old', payload: 1, id: 'old' } });
    await endedDelivery(world, wanting.id);
    const { endpoint } = await createEndpoint(world, { eventTypes: ['prune.owed'] });
    await world.ask('PATCH', `/endpoints/${endpoint.id}`, { json: { status: 'suspended' } });
    const { json: owed } = await world.ask('POST', '/events', { json: { type: 'prune.owed', payload: 1 } });
    const { json: fresh } = await world.ask('POST', '/events', { json: { type: 'prune.fresh', payload: 1 } });
    world.running.advance(8 * DAY_MS);
    const before = new Date(world.running.clock.now() - 7.5 * DAY_MS).toISOString();
    const dry = await world.ask('POST', '/maintenance/prune', { json: { before, dryRun: true } });
    expect(dry.json).toMatchObject({ before, nextCursor: null });
    expect(dry.json.removed.events).toBeGreaterThanOrEqual(2);
    expect((await world.ask('GET', `/events/${old.id}`)).status).toBe(200);
    const done = await world.ask('POST', '/maintenance/prune', { json: { before } });
    expect([done.status, done.json]).toEqual([200, dry.json]);
    const found = [];
    for (const id of [old.id, owed.id, fresh.id]) found.push((await world.ask('GET', `/events/${id}`)).status);
    expect(found).toEqual([404, 200, 404]);
    const log = await world.ask('GET', '/audit?action=events.pruned');
    expect(log.json.items).toMatchObject([{ detail: { before } }]);
  });

  it.each([
    [{ before: 'yesterday' }, '/before'],
    [{ cursor: 'mine' }, '/cursor'],
    [{ before: new Date(Date.now() + 300 * DAY_MS).toISOString() }, '/before'],
    [{ older: true }, '/older'],
  ])('refuses %j', async (json, pointer) => {
    const refused = await world.ask('POST', '/maintenance/prune', { json });
    expect([refused.status, refused.json.errors[0].pointer]).toEqual([422, pointer]);
  });

  it('takes no time less than a day ago', async () => {
    const before = new Date(world.running.clock.now() - DAY_MS + 60_000).toISOString();
    const refused = await world.ask('POST', '/maintenance/prune', { json: { before } });
    expect(refused.json.errors[0]).toMatchObject({ pointer: '/before', code: 'too_young' });
  });

  it('needs the scope "operator"', async () => {
    const { token } = await createKey(world, ['events:write', 'organization:admin']);
    expect((await world.ask('POST', '/maintenance/prune', { token })).status).toBe(403);
  });
});
