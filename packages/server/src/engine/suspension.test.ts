import { describe, expect, it } from 'vitest';
import { archiveEndpoint, suspendEndpoint } from '../domain/endpoint-status.ts';
import { inWorld } from './testing/in-world.ts';

const RULE = { autoSuspendAttempts: 3, autoSuspendHours: 0 };
const HOUR_MS = 3_600_000;

describe('an endpoint that fails', () => {
  it(
    'is suspended after so many failures in a row, and the audit log says who did it',
    inWorld({ settings: { ...RULE, retryScheduleForAll: [1, 1, 1, 1, 1] } }, async (world) => {
      const endpoint = await world.addEndpoint();
      world.sender.script = () => ({ status: 500 });
      await world.accept();
      await world.time.advance(60_000);
      expect(world.sender.seen).toHaveLength(3);
      const after = await world.currentEndpoint(endpoint.id);
      expect(after.status).toMatchObject({ kind: 'suspended', reason: 'failing' });
      expect(await world.deliveries()).toMatchObject([{ state: { kind: 'retrying' } }]);
    }),
  );

  it(
    'stays active while the failures are many but young',
    inWorld(
      { settings: { autoSuspendAttempts: 3, autoSuspendHours: 1, retryScheduleForAll: [1, 1, 1, 1, 3_600, 1] } },
      async (world) => {
        const endpoint = await world.addEndpoint();
        world.sender.script = () => ({ status: 500 });
        await world.accept();
        await world.time.advance(60_000);
        expect(world.sender.seen).toHaveLength(5);
        expect((await world.currentEndpoint(endpoint.id)).status.kind).toBe('active');
        await world.time.leap(HOUR_MS);
        expect(world.sender.seen).toHaveLength(6);
        expect((await world.currentEndpoint(endpoint.id)).status.kind).toBe('suspended');
      },
    ),
  );

  it(
    'is spared when a success came in between',
    inWorld({ settings: { ...RULE, retryScheduleForAll: [1, 1, 1, 1] } }, async (world) => {
      const endpoint = await world.addEndpoint();
      world.sender.script = () => ({ status: world.sender.seen.length % 3 === 0 ? 200 : 500 });
      for (let index = 0; index < 3; index += 1) {
        await world.accept();
        await world.time.advance(5_000);
      }
      expect(world.sender.seen).toHaveLength(9);
      expect((await world.currentEndpoint(endpoint.id)).status.kind).toBe('active');
    }),
  );

  it(
    'is suspended after a restart too, since its failures are remembered',
    inWorld({ settings: { ...RULE, retryScheduleForAll: [10, 10, 10] }, onDisk: true }, async (world) => {
      const endpoint = await world.addEndpoint();
      world.sender.script = () => ({ status: 500 });
      await world.accept();
      await world.time.advance(15_000);
      await world.crash();
      await world.time.advance(15_000);
      expect(world.sender.seen).toHaveLength(1);
      expect((await world.currentEndpoint(endpoint.id)).status.kind).toBe('suspended');
    }),
  );

  it(
    'is decided about again when someone edited it meanwhile',
    inWorld({ settings: { ...RULE, autoSuspendAttempts: 1 } }, async (world) => {
      const endpoint = await world.addEndpoint();
      await world.accept();
      await world.time.advance(5);
      world.sender.script = () => ({ status: 500 });
      const apply = world.store.apply.bind(world.store);
      let edits = 0;
      world.store.apply = async (commands) => {
        if (commands.some((command) => command.kind === 'audit.append') && edits < 2) {
          edits += 1;
          const current = await world.currentEndpoint(endpoint.id);
          const edited = { ...current, description: `edit ${edits}`, version: current.version + 1 };
          await apply([
            { kind: 'endpoint.put', endpoint: edited, expectedVersion: current.version, resetHealth: false },
          ]);
        }
        return apply(commands);
      };
      await world.accept();
      await world.time.advance(10);
      expect(await world.currentEndpoint(endpoint.id)).toMatchObject({
        status: { kind: 'suspended', reason: 'failing' },
        description: 'edit 2',
      });
    }),
  );
});

describe('a suspended endpoint', () => {
  it(
    'gets nothing, and everything that waited once it is resumed, with clean counters',
    inWorld({ settings: { ...RULE, retryScheduleForAll: [1, 1, 1, 1, 1] } }, async (world) => {
      const endpoint = await world.addEndpoint();
      world.sender.script = () => ({ status: 500 });
      await world.accept();
      await world.time.advance(10_000);
      for (let index = 0; index < 150; index += 1) await world.accept();
      await world.time.advance(10_000);
      expect(world.sender.seen).toHaveLength(3);
      expect(world.engine.figures()).toMatchObject({ inMemory: 0 });
      world.sender.script = () => ({ status: 200 });
      await world.resume(endpoint.id);
      await world.time.advance(10_000);
      const deliveries = await world.deliveries();
      expect(deliveries).toHaveLength(151);
      expect(deliveries.filter((each) => each.state.kind !== 'succeeded')).toEqual([]);
      expect((await world.store.reader.endpointById(endpoint.id))?.health.consecutiveFailures).toBe(0);
    }),
  );

  it(
    'gives back what waited in memory the moment it is suspended',
    inWorld({}, async (world) => {
      const endpoint = await world.addEndpoint({ concurrency: 2 });
      world.sender.script = () => ({ status: 200, afterMs: 1_000 });
      for (let index = 0; index < 20; index += 1) await world.accept();
      await world.time.advance(5);
      expect(world.engine.figures()).toMatchObject({ inFlight: 2, inMemory: 20 });
      const move = suspendEndpoint(await world.currentEndpoint(endpoint.id), 'manual', world.time.now());
      if (move.kind !== 'changed') throw new Error('not suspended');
      await world.apply([{ kind: 'endpoint.put', endpoint: move.endpoint, expectedVersion: 1, resetHealth: false }]);
      await world.time.advance(5);
      expect(world.engine.figures()).toMatchObject({ inFlight: 2, inMemory: 2 });
      await world.time.advance(5_000);
      expect(world.sender.seen).toHaveLength(2);
      await world.resume(endpoint.id);
      await world.time.advance(60_000);
      expect(world.sender.seen).toHaveLength(20);
    }),
  );
});

describe('a 410', () => {
  it(
    'suspends at once; the delivery goes out when the endpoint is resumed',
    inWorld({}, async (world) => {
      const endpoint = await world.addEndpoint();
      world.sender.script = () => ({ status: 410 });
      await world.accept();
      await world.time.advance(60_000);
      expect(world.sender.seen).toHaveLength(1);
      const { status } = await world.currentEndpoint(endpoint.id);
      expect(status).toMatchObject({ kind: 'suspended', reason: 'gone' });
      world.sender.script = () => ({ status: 200 });
      await world.resume(endpoint.id);
      await world.time.advance(1_000);
      expect(await world.deliveries()).toMatchObject([{ state: { kind: 'succeeded' }, attemptCount: 2 }]);
    }),
  );
});

describe('while a suspension is being written', () => {
  it(
    'nothing more is sent',
    inWorld({}, async (world) => {
      await world.addEndpoint({ concurrency: 1 });
      const apply = world.store.apply.bind(world.store);
      world.store.apply = async (commands) => {
        await new Promise<void>((resolve) => world.time.setTimeout(resolve, 500));
        return apply(commands);
      };
      world.sender.script = () => ({ status: 410 });
      await world.accept(world.event(), world.event(), world.event());
      await world.time.advance(2_000);
      expect(world.sender.seen).toHaveLength(1);
      expect((await world.deliveries()).map((each) => each.state.kind).sort()).toEqual([
        'pending',
        'pending',
        'retrying',
      ]);
    }),
  );
});

describe('an endpoint that is archived with deliveries on their way', () => {
  it(
    'lets a success count, ends the failed one, and cancels what waited',
    inWorld({}, async (world) => {
      const endpoint = await world.addEndpoint({ concurrency: 2 });
      world.sender.script = () => ({ status: world.sender.seen.length === 1 ? 200 : 500, afterMs: 1_000 });
      for (let index = 0; index < 3; index += 1) await world.accept();
      await world.time.advance(5);
      const move = archiveEndpoint(await world.currentEndpoint(endpoint.id), world.time.now());
      if (move.kind !== 'changed') throw new Error('not archived');
      await world.apply([{ kind: 'endpoint.put', endpoint: move.endpoint, expectedVersion: 1, resetHealth: false }]);
      await world.time.advance(5_000);
      await world.engine.scheduler.runNow('cancel_archived');
      expect(world.sender.seen).toHaveLength(2);
      const ends = (await world.deliveries()).map((each) => each.state.kind).sort();
      expect(ends).toEqual(['cancelled', 'dead', 'succeeded']);
      await world.accept();
      expect(await world.deliveries()).toHaveLength(3);
    }),
  );
});

describe('an endpoint whose keyring cannot sign', () => {
  it(
    'is never sent to unsigned; its deliveries retry and go out when it can',
    inWorld({ settings: { retryScheduleForAll: [10, 10, 10] } }, async (world) => {
      const endpoint = await world.addEndpoint();
      const ring = await world.ring(endpoint.id);
      await world.apply([
        { kind: 'keyring.put', ring: { ...ring, version: 2, secrets: [] }, retired: ring.secrets, expectedVersion: 1 },
      ]);
      await world.accept();
      await world.time.advance(5_000);
      expect(world.sender.seen).toHaveLength(0);
      const [delivery] = await world.deliveries();
      expect(delivery).toMatchObject({ state: { kind: 'retrying' }, lastErrorKind: 'signing' });
      await world.rotate(endpoint.id, 0);
      await world.time.advance(10_000);
      expect(await world.deliveries()).toMatchObject([{ state: { kind: 'succeeded' }, attemptCount: 2 }]);
    }),
  );

  it(
    'is not suspended for it, however often: the receiver was not asked',
    inWorld(
      { settings: { retryScheduleForAll: [1, 1, 1], autoSuspendAttempts: 1, autoSuspendHours: 0 } },
      async (world) => {
        const endpoint = await world.addEndpoint();
        const ring = await world.ring(endpoint.id);
        await world.apply([
          {
            kind: 'keyring.put',
            ring: { ...ring, version: 2, secrets: [] },
            retired: ring.secrets,
            expectedVersion: 1,
          },
        ]);
        await world.accept();
        await world.time.advance(10_000);
        expect(await world.deliveries()).toMatchObject([{ state: { kind: 'dead' }, attemptCount: 4 }]);
        const found = await world.store.reader.endpointById(endpoint.id);
        expect(found).toMatchObject({ endpoint: { status: { kind: 'active' } }, health: { consecutiveFailures: 0 } });
      },
    ),
  );

  it('is not sent to when the vault does not open its secret', async () => {
    const run = inWorld({ settings: { retryScheduleForAll: [10, 10] } }, async (world) => {
      await world.addEndpoint();
      world.vault.broken = true;
      await world.accept();
      await world.time.advance(15_000);
      expect(world.sender.seen).toHaveLength(0);
      expect(world.faults.splice(0)).toHaveLength(2);
      world.vault.broken = false;
      await world.time.advance(10_000);
      expect(world.sender.seen).toHaveLength(1);
    });
    await run();
  });
});
