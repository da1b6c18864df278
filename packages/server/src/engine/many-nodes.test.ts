import { describe, expect, it } from 'vitest';
import { inSharedWorld, rotationOf, type SharedWorld } from './testing/in-shared-world.ts';
import { headerOf } from './testing/scripted-sender.ts';

function keysOf({ world }: SharedWorld): (string | null)[] {
  return world.sender.seen.map((request) => headerOf(request, 'webhook-key-ids'));
}

describe('a node whose memory is not good', () => {
  it(
    'signs nothing, and goes on by itself when it is good again, with the ring that is in force then',
    inSharedWorld({}, async (parts) => {
      const { world, shared } = parts;
      const endpoint = await world.addEndpoint();
      await world.accept();
      await world.time.advance(10);
      expect(world.sender.seen).toHaveLength(1);
      shared.goodUntil = world.time.monotonic() + 100;
      shared.canRead = false;
      const { id, commands } = await rotationOf(world, endpoint.id);
      await shared.elsewhere(commands);
      await world.time.advance(100);
      await world.accept();
      await world.time.advance(60_000);
      expect(world.sender.seen).toHaveLength(1);
      expect((await world.deliveries()).filter(({ state }) => state.kind === 'succeeded')).toHaveLength(1);
      shared.canRead = true;
      await world.time.advance(200);
      expect(keysOf(parts)).toEqual([expect.not.stringContaining(id), id]);
      await world.time.advance(10);
      expect((await world.deliveries()).every(({ state }) => state.kind === 'succeeded')).toBe(true);
    }),
  );

  it(
    'looks before it signs when its thread was held up',
    inSharedWorld({}, async (parts) => {
      const { world, shared } = parts;
      const endpoint = await world.addEndpoint({ ratePerSecond: 1 });
      shared.goodUntil = world.time.monotonic() + 700;
      await world.accept(world.event(), world.event(), world.event());
      await world.time.advance(10);
      const sent = world.sender.seen.length;
      const { id, commands } = await rotationOf(world, endpoint.id);
      await shared.elsewhere(commands);
      await world.time.leap(5_000);
      await world.time.advance(2_000);
      expect(world.sender.seen.length).toBeGreaterThan(sent);
      expect(new Set(keysOf(parts).slice(sent))).toEqual(new Set([id]));
    }),
  );

  it(
    'keeps an attempt that was about to sign, and sends it later',
    inSharedWorld({}, async ({ world, shared }) => {
      await world.addEndpoint();
      // The ring is read at the first attempt: by then memory is not good any more.
      let reads = 0;
      shared.onRingRead = () => {
        reads += 1;
        shared.goodUntil = world.time.monotonic();
        shared.canRead = false;
      };
      await world.accept();
      await world.time.advance(1_000);
      expect(reads).toBe(1);
      expect(world.sender.seen).toEqual([]);
      expect(shared.released).toEqual([]);
      shared.canRead = true;
      await world.time.advance(200);
      expect(world.sender.seen).toHaveLength(1);
    }),
  );

  it(
    'does not send to an endpoint that was suspended meanwhile',
    inSharedWorld({}, async ({ world, shared }) => {
      const endpoint = await world.addEndpoint();
      shared.goodUntil = world.time.monotonic();
      shared.canRead = false;
      await world.accept();
      const suspended = {
        ...endpoint,
        version: 2,
        status: { kind: 'suspended', reason: 'manual', at: world.time.now() },
      } as const;
      await shared.elsewhere([{ kind: 'endpoint.put', endpoint: suspended, expectedVersion: 1, resetHealth: false }]);
      shared.canRead = true;
      await world.time.advance(10_000);
      expect(world.sender.seen).toEqual([]);
      expect(world.engine.figures().inMemory).toBe(0);
    }),
  );

  it(
    'nor to one whose suspension it heard of while it read the ring',
    inSharedWorld({}, async ({ world, shared }) => {
      const endpoint = await world.addEndpoint();
      const status = { kind: 'suspended', reason: 'manual', at: world.time.now() } as const;
      const suspended = { ...endpoint, version: 2, status };
      shared.onRingRead = () =>
        shared.tellNow(() => [{ kind: 'endpoint', endpoint: suspended, healthReset: false, endpointsVersion: 2 }]);
      await world.accept();
      await world.time.advance(5_000);
      expect(world.sender.seen).toEqual([]);
      expect(world.engine.figures().inMemory).toBe(0);
    }),
  );

  it(
    'sends no test either',
    inSharedWorld({}, async ({ world, shared }) => {
      const endpoint = await world.addEndpoint();
      shared.goodUntil = world.time.monotonic();
      shared.canRead = false;
      const result = await world.engine.testSend(endpoint, {
        type: 'webhook.test',
        payload: new Uint8Array([123, 125]),
      });
      expect(result).toMatchObject({ delivered: false, errorKind: 'signing' });
      expect(world.sender.seen).toEqual([]);
    }),
  );

  it(
    'stops like any other',
    inSharedWorld({}, async ({ world, shared }) => {
      await world.addEndpoint();
      shared.goodUntil = world.time.monotonic();
      shared.canRead = false;
      await world.accept();
      await world.time.advance(100);
      expect(world.engine.figures().inMemory).toBe(1);
    }),
  );
});

describe('a ring of another node, whose clock is a little ahead', () => {
  it(
    'signs at once when it is the first, and costs no attempt',
    inSharedWorld({}, async ({ world, shared }) => {
      const endpoint = world.endpoint();
      const signsFrom = world.time.now() + 80;
      const secret = world.secret(endpoint.id, 1, { activatesAt: signsFrom, signsFrom });
      await shared.elsewhere([
        { kind: 'endpoint.insert', endpoint },
        { kind: 'keyring.insert', ring: { owner: endpoint.id, version: 1, secrets: [secret] } },
      ]);
      await world.accept();
      await world.time.advance(10);
      expect(world.sender.seen).toHaveLength(1);
      expect((await world.deliveries()).map(({ attemptCount }) => attemptCount)).toEqual([1]);
    }),
  );
});

describe('a node that leaves sending to others', () => {
  it(
    'accepts, keeps nothing in memory, sends nothing and runs no job',
    inSharedWorld({ sends: false }, async ({ world, shared }) => {
      await world.addEndpoint();
      expect((await world.accept()).kind).toBe('accepted');
      await world.time.advance(600_000);
      expect(world.sender.seen).toEqual([]);
      expect(world.engine.figures()).toEqual({ inFlight: 0, inMemory: 0, inMemoryBytes: 0, lanes: 0 });
      expect(shared.jobs).toEqual([]);
      const taken = await world.store.takeDue({ now: world.time.now(), itemsMax: 10 });
      expect(taken.endpointIds).toHaveLength(1);
    }),
  );
});
