import { rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { clientOf, eventually } from '../testbed/client.ts';
import { type ServerProcess, startServer } from '../testbed/server-process.ts';
import {
  CANNOT_LIMIT,
  CANNOT_MOUNT,
  type HeldReceiver,
  limitWrites,
  mountSmallDisk,
  startHeldReceiver,
} from './broken-disk-scene.ts';

const SETTINGS = { HOOKRING_RETRY_SCHEDULE: '1,1,1,1,1,1' };
const MIB = 1_024 * 1_024;
const LOW = { status: 503, json: { code: 'store_unavailable' } };

let cleanup: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of cleanup.reverse()) await step();
  cleanup = [];
});

async function scene(environment: Record<string, string> = {}) {
  const receiver = await startHeldReceiver();
  cleanup.push(async () => await receiver.stop());
  const server = await startServer({ ...SETTINGS, ...environment });
  cleanup.push(async () => await server.remove());
  const call = clientOf(server);
  expect((await call('POST', '/v1/endpoints', { body: { url: receiver.url } })).status).toBe(201);
  const send = async (id: string, payload: unknown = 1) =>
    await call('POST', '/v1/events', { body: { type: 'disk.test', payload, id } });
  return { receiver, server, call, send };
}

type Scene = Awaited<ReturnType<typeof scene>>;

async function readiness({ call }: Pick<Scene, 'call'>): Promise<unknown> {
  const { status, json } = await call('GET', '/readyz');
  return status === 200 ? 'ready' : json['reason'];
}

async function statusOf({ call }: Pick<Scene, 'call'>, eventId: string): Promise<unknown> {
  const { json } = await call('GET', `/v1/deliveries?eventId=${eventId}`);
  const [delivery] = json['items'] as unknown as { status: string; attemptCount: number }[];
  return delivery === undefined ? null : `${delivery.status} after ${delivery.attemptCount}`;
}

/** Sends an event and waits until the receiver has it and keeps the answer. */
async function inFlight(
  { receiver, send }: { receiver: HeldReceiver; send: Scene['send'] },
  id: string,
): Promise<void> {
  receiver.hold();
  expect((await send(id)).status).toBe(202);
  await eventually(() => receiver.arrivals.has(id));
}

function walBytes(server: ServerProcess): number {
  return statSync(`${server.databasePath}-wal`).size;
}

describe(`a disk that takes no writes any more${CANNOT_LIMIT === null ? '' : ` (skipped: ${CANNOT_LIMIT})`}`, () => {
  it.skipIf(CANNOT_LIMIT !== null)('refuses events, keeps results, and all is well again by itself', async () => {
    const world = await scene();
    const { receiver, server, call, send } = world;
    await inFlight(world, 'out');
    limitWrites(server.pid, 0);

    const refused = await send('refused');
    expect(refused).toMatchObject(LOW);
    expect(refused.headers.get('retry-after')).toBe('5');
    expect(await readiness(world)).toBe('the database cannot be written');
    expect((await call('GET', '/healthz')).status).toBe(200);
    expect((await call('GET', '/v1/events')).status).toBe(200);
    expect(await call('POST', '/v1/keys', { body: { name: 'x', scopes: ['events:read'] } })).toMatchObject(LOW);
    // What is out comes to its end; that it was answered cannot be stored yet.
    receiver.letGo();
    await eventually(() => server.log().includes('it will be tried again'));
    expect(await statusOf(world, 'out')).toBe('in_flight after 0');

    limitWrites(server.pid, null);
    await eventually(async () => (await readiness(world)) === 'ready');
    await eventually(async () => (await statusOf(world, 'out')) === 'succeeded after 1');
    expect((await send('refused')).status).toBe(202);
    await eventually(async () => (await statusOf(world, 'refused')) === 'succeeded after 1');
    expect([receiver.arrivals.get('out'), receiver.arrivals.get('refused')]).toEqual([1, 1]);
    expect(server.log()).toContain('the database takes nothing');
    expect(server.log()).toContain('the database takes writes again');
  });

  it.skipIf(CANNOT_LIMIT !== null)('in the middle of a commit keeps nothing of it, also after a kill', async () => {
    const world = await scene();
    const { server, send } = world;
    const payload = 'x'.repeat(60_000);
    const accepted = new Set<string>();
    const refused = new Set<string>();
    for (let round = 0; round < 12; round += 1) {
      // Some pages of the commit find room in the log, and the next does not.
      limitWrites(server.pid, walBytes(server) + round * 15_000);
      const id = `middle-${round}`;
      const { status } = await send(id, payload);
      (status === 202 ? accepted : refused).add(id);
      limitWrites(server.pid, null);
      const between = await send(`between-${round}`, round);
      expect(between.status).toBe(202);
      accepted.add(`between-${round}`);
    }
    expect([accepted.size > 12, refused.size > 4]).toEqual([true, true]);
    limitWrites(server.pid, walBytes(server) + 20_000);
    expect((await send('last', payload)).status).toBe(503);
    const again = await server.restart();
    cleanup.push(async () => await again.remove());
    const { json } = await clientOf(again)('GET', '/v1/events?limit=200');
    const found = (json['items'] as unknown as { id: string }[]).map(({ id }) => id);
    expect(new Set(found)).toEqual(accepted);
    for (const id of accepted) {
      await eventually(async () => String(await statusOf({ call: clientOf(again) }, id)).startsWith('succeeded'));
    }
  });
});

describe(`a full disk${CANNOT_MOUNT === null ? '' : ` (skipped: ${CANNOT_MOUNT})`}`, () => {
  it.skipIf(CANNOT_MOUNT !== null)(
    'refuses events below 5 % of room, loses nothing at none, and recovers',
    async () => {
      const disk = mountSmallDisk(64);
      cleanup.push(() => disk.remove());
      const world = await scene({ HOOKRING_DATABASE_URL: `sqlite:${disk.folder}/hookring.db` });
      const { receiver, server, call, send } = world;
      await inFlight(world, 'out');
      const ballast = path.join(disk.folder, 'ballast');
      writeFileSync(ballast, Buffer.alloc(60 * MIB, 1));
      await eventually(async () => (await readiness(world)) === 'the disk is nearly full', 15_000);
      expect(await send('low')).toMatchObject(LOW);

      // The rest goes, too: now not even results find room.
      const rest = path.join(disk.folder, 'rest');
      expect(() => writeFileSync(rest, Buffer.alloc(8 * MIB, 1))).toThrow(/ENOSPC/);
      receiver.letGo();
      await eventually(() => receiver.arrivals.get('out') === 1);
      const events = await call('GET', '/v1/events/out');
      expect(events.status).toBe(200);
      rmSync(ballast);
      rmSync(rest);
      await eventually(async () => (await readiness(world)) === 'ready', 15_000);
      await eventually(async () => (await statusOf(world, 'out')) === 'succeeded after 1', 15_000);
      expect((await send('low')).status).toBe(202);
      await eventually(async () => (await statusOf(world, 'low')) === 'succeeded after 1');
      expect([receiver.arrivals.get('out'), receiver.arrivals.get('low')]).toEqual([1, 1]);
      expect(server.log()).toContain('of the disk is free');
    },
    60_000,
  );

  it.skipIf(CANNOT_MOUNT !== null)(
    'that is read-only says at the start what to do, and is none when it can be written',
    async () => {
      const disk = mountSmallDisk(16);
      cleanup.push(() => disk.remove());
      const environment = { ...SETTINGS, HOOKRING_DATABASE_URL: `sqlite:${disk.folder}/hookring.db` };
      const first = await startServer(environment);
      cleanup.push(async () => await first.remove());
      expect(
        (await clientOf(first)('POST', '/v1/events', { body: { type: 'a.b', payload: 1, id: 'kept' } })).status,
      ).toBe(202);
      await first.drain();
      disk.remount('ro');
      const refusal = await first.restart().then(
        () => null,
        (error: unknown) => String(error),
      );
      expect(refusal).toContain('the disk is read-only: make it writable');
      expect(refusal).not.toContain('    at ');
      disk.remount('rw');
      const second = await first.restart();
      cleanup.push(async () => await second.remove());
      expect((await clientOf(second)('GET', '/v1/events/kept')).status).toBe(200);
    },
  );
});
