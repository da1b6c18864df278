import { describe, expect, it } from 'vitest';
import { inSharedWorld, rotationOf, type SharedWorld } from './testing/in-shared-world.ts';
import { headerOf } from './testing/scripted-sender.ts';

function keysOf({ world }: SharedWorld): (string | null)[] {
  return world.sender.seen.map((request) => headerOf(request, 'webhook-key-ids'));
}

describe('an event that is accepted while endpoints change on other nodes', () => {
  it(
    'reaches one that was created there before, and is matched again without a word to the client',
    inSharedWorld({}, async ({ world, shared }) => {
      await world.addEndpoint();
      await world.accept();
      await world.time.advance(10);
      const other = world.endpoint();
      const ring = { owner: other.id, version: 1, secrets: [world.secret(other.id, 1)] };
      await shared.elsewhere([
        { kind: 'endpoint.insert', endpoint: other },
        { kind: 'keyring.insert', ring },
      ]);
      expect((await world.accept()).kind).toBe('accepted');
      await world.time.advance(10);
      expect(world.sender.seen.filter(({ url }) => url === other.url)).toHaveLength(1);
      expect(world.engine.figures().inMemory).toBe(0);
    }),
  );

  it(
    'reaches it also when this node cannot be told of changes, by reading the endpoints again',
    inSharedWorld({}, async ({ world, shared }) => {
      await world.addEndpoint();
      await world.accept();
      shared.canRead = false;
      const other = world.endpoint({ keyring: 'organization' });
      await shared.elsewhere([{ kind: 'endpoint.insert', endpoint: other }]);
      expect((await world.accept()).kind).toBe('accepted');
      await world.time.advance(10);
      expect(world.sender.seen.filter(({ url }) => url === other.url)).toHaveLength(1);
    }),
  );

  it(
    'is refused for the moment when they change each time again',
    inSharedWorld({}, async ({ world, shared }) => {
      await world.addEndpoint();
      await world.accept();
      await world.time.advance(10);
      let tries = 0;
      shared.onAccept = async () => {
        tries += 1;
        await shared.elsewhere([{ kind: 'endpoint.insert', endpoint: world.endpoint({ keyring: 'organization' }) }]);
      };
      expect(await world.accept()).toMatchObject({ kind: 'overloaded' });
      expect(tries).toBe(5);
      expect(world.engine.figures().inMemory).toBe(0);
      shared.onAccept = async () => {};
      expect((await world.accept()).kind).toBe('accepted');
      await world.time.advance(100);
      expect(world.engine.figures().inMemory).toBe(0);
    }),
  );
});

describe('changes that are told in another order', () => {
  it(
    'do not make a view pass for newer than it is',
    inSharedWorld({}, async ({ world, shared }) => {
      await world.addEndpoint();
      await world.accept();
      const { onAccept } = shared;
      const versions: (number | null | undefined)[] = [];
      shared.onAccept = async (unit) => void versions.push(unit.endpointsVersion);
      for (let index = 0; index < 3; index += 1) {
        await shared.elsewhere([{ kind: 'endpoint.insert', endpoint: world.endpoint({ keyring: 'organization' }) }]);
      }
      const late: unknown[] = [];
      shared.tellNow(([first, ...others]) => {
        late.push(first);
        return others.toReversed();
      });
      await world.accept();
      // It knew of the third and the fourth, but not of the second: that is the first, until it read again.
      expect(versions).toEqual([1, 4]);
      expect(late).toHaveLength(1);
      shared.onAccept = onAccept;
      await world.time.advance(100);
    }),
  );

  it(
    'bring no endpoint back that was archived',
    inSharedWorld({}, async ({ world, shared }) => {
      const endpoint = world.endpoint({ keyring: 'organization' });
      await world.addEndpoint();
      await shared.elsewhere([{ kind: 'endpoint.insert', endpoint }]);
      const archived = { ...endpoint, version: 2, status: { kind: 'archived', at: world.time.now() } } as const;
      await shared.elsewhere([{ kind: 'endpoint.put', endpoint: archived, expectedVersion: 1, resetHealth: false }]);
      // The view is read now, and has both already.
      await world.accept();
      await world.time.advance(10);
      shared.tellNow((untold) =>
        untold.filter((change) => change.kind === 'endpoint' && change.endpoint.version === 1),
      );
      await world.accept();
      await world.time.advance(10);
      expect(world.sender.seen.filter(({ url }) => url === endpoint.url)).toEqual([]);
      expect(await world.deliveries(endpoint.id)).toEqual([]);
    }),
  );

  it(
    'bring none back that this node archived itself, when it hears only then of what others did with it before',
    inSharedWorld({}, async ({ world, shared }) => {
      const endpoint = world.endpoint({ keyring: 'organization' });
      await world.addEndpoint();
      await world.accept();
      const moved = { ...endpoint, url: 'https://moved.example/', version: 2 };
      const archived = { ...moved, version: 3, status: { kind: 'archived', at: world.time.now() } } as const;
      await shared.elsewhere([{ kind: 'endpoint.insert', endpoint }]);
      await shared.elsewhere([{ kind: 'endpoint.put', endpoint: moved, expectedVersion: 1, resetHealth: false }]);
      await shared.elsewhere([{ kind: 'endpoint.put', endpoint: archived, expectedVersion: 2, resetHealth: false }]);
      shared.tellNow(([made, changed, ended]) => [ended, made, changed].filter((change) => change !== undefined));
      await world.accept();
      await world.time.advance(10);
      expect(world.sender.seen.filter(({ url }) => url === moved.url || url === endpoint.url)).toEqual([]);
      expect(await world.deliveries(endpoint.id)).toEqual([]);
    }),
  );

  it(
    'never bring an older ring back',
    inSharedWorld({}, async (parts) => {
      const { world, shared } = parts;
      const endpoint = await world.addEndpoint();
      await world.accept();
      await world.time.advance(10);
      const stale = await world.ring(endpoint.id);
      const { id, commands } = await rotationOf(world, endpoint.id);
      await shared.elsewhere(commands);
      // Told of the new one, then of what this node itself had done before.
      shared.tellNow((untold) => [...untold, { kind: 'keyring', ring: stale }]);
      await world.accept();
      await world.time.advance(10);
      shared.tellNow(() => [{ kind: 'keyring', ring: stale }]);
      await world.accept();
      await world.time.advance(10);
      expect(keysOf(parts).slice(1)).toEqual([id, id]);
    }),
  );

  it(
    'never bring an older organization back',
    inSharedWorld({}, async ({ world, shared }) => {
      const { directory } = world.engine;
      const before = await directory.organization(world.organizationId);
      if (before === null) throw new Error('no organization');
      const renamed = { ...before, name: 'renamed', version: 2 };
      await shared.elsewhere([{ kind: 'organization.put', organization: renamed, expectedVersion: 1 }]);
      shared.tellNow((untold) => [...untold, { kind: 'organization', organization: before }]);
      expect(await directory.organization(world.organizationId)).toMatchObject({ name: 'renamed' });
    }),
  );
});

describe('a node that was told to forget everything', () => {
  it(
    'reads what it needs again: ring, endpoint and who subscribes',
    inSharedWorld({ limits: { laneConcurrency: 1 } }, async (parts) => {
      const { world, shared } = parts;
      const endpoint = await world.addEndpoint();
      world.sender.script = () => ({ status: 200, afterMs: 100 });
      await world.accept(world.event(), world.event(), world.event());
      await world.time.advance(10);
      expect(world.sender.seen).toHaveLength(1);
      const { id, commands } = await rotationOf(world, endpoint.id);
      const moved = { ...endpoint, url: 'https://moved.example/', version: 2 };
      await shared.elsewhere([
        ...commands,
        { kind: 'endpoint.put', endpoint: moved, expectedVersion: 1, resetHealth: false },
      ]);
      shared.tellEverything();
      shared.goodUntil = world.time.monotonic();
      await world.time.advance(1_000);
      expect(world.sender.seen.slice(1).map(({ url }) => url)).toEqual([moved.url, moved.url]);
      expect(keysOf(parts).slice(1)).toEqual([id, id]);
    }),
  );

  it(
    'takes an endpoint as the store has it, also when that went back behind what this node knew',
    inSharedWorld({ limits: { laneConcurrency: 1 } }, async ({ world, shared }) => {
      const endpoint = await world.addEndpoint();
      world.sender.script = () => ({ status: 200, afterMs: 100 });
      await world.accept(world.event(), world.event());
      await world.time.advance(10);
      // Known here, and lost with the primary.
      const lost = { ...endpoint, url: 'https://lost.example/', version: 2 };
      shared.tellNow(() => [{ kind: 'endpoint', endpoint: lost, healthReset: false, endpointsVersion: 2 }]);
      shared.tellEverything();
      shared.tellNow((untold) => untold);
      await world.time.advance(1_000);
      expect(world.sender.seen.map(({ url }) => url)).toEqual([endpoint.url, endpoint.url]);
    }),
  );

  it(
    'forgets the deliveries of an endpoint that the store does not have any more',
    inSharedWorld({ limits: { laneConcurrency: 1 } }, async ({ world, shared }) => {
      const endpoint = await world.addEndpoint();
      world.sender.script = () => ({ status: 200, afterMs: 100 });
      await world.accept(world.event(), world.event(), world.event());
      await world.time.advance(10);
      shared.gone.add(endpoint.id);
      shared.tellEverything();
      shared.tellNow((untold) => untold);
      await world.time.advance(1_000);
      expect(world.sender.seen).toHaveLength(1);
      expect(shared.endpointReads).toBeLessThan(10);
      expect(world.engine.figures()).toMatchObject({ inMemory: 0, inFlight: 0 });
    }),
  );
});

describe('an endpoint that others suspend and resume', () => {
  it(
    'is sent to by the node that took it out of the index before it heard that it was resumed',
    inSharedWorld({}, async ({ world, shared }) => {
      const endpoint = await world.addEndpoint();
      const status = { kind: 'suspended', reason: 'manual', at: world.time.now() } as const;
      const suspended = { ...endpoint, version: 2, status };
      const resumed = { ...endpoint, version: 3 };
      await world.apply([{ kind: 'endpoint.put', endpoint: suspended, expectedVersion: 1, resetHealth: false }]);
      // What it knows of the endpoint is kept: its organization is loaded.
      await world.accept();
      await world.time.advance(10);
      await shared.elsewhere([
        { kind: 'endpoint.put', endpoint: resumed, expectedVersion: 2, resetHealth: false },
        { kind: 'endpoint.wake', endpointId: endpoint.id },
      ]);
      await world.time.advance(2_000);
      expect(world.sender.seen).toHaveLength(1);
    }),
  );

  it(
    'is not forgotten by the node that took it out of the index before it heard of either',
    inSharedWorld({}, async ({ world, shared }) => {
      const endpoint = await world.addEndpoint();
      // It asks for a pause, so that what is due waits in the store, and this node answers for it.
      world.sender.script = () =>
        world.sender.seen.length === 1 ? { status: 429, retryAfter: '20' } : { status: 200 };
      await world.accept();
      await world.time.advance(10);
      await world.accept();
      const status = { kind: 'suspended', reason: 'manual', at: world.time.now() } as const;
      const suspended = { ...endpoint, version: 2, status };
      const resumed = { ...endpoint, version: 3 };
      await shared.elsewhere([{ kind: 'endpoint.put', endpoint: suspended, expectedVersion: 1, resetHealth: false }]);
      await shared.elsewhere([
        { kind: 'endpoint.put', endpoint: resumed, expectedVersion: 2, resetHealth: false },
        { kind: 'endpoint.wake', endpointId: endpoint.id },
      ]);
      await world.time.advance(2_000);
      expect((await world.store.takeDue({ now: world.time.now(), itemsMax: 1 })).endpointIds).toEqual([]);
      shared.tellNow((untold) => untold);
      await world.time.advance(60_000);
      expect((await world.deliveries()).map(({ state }) => state.kind)).toEqual(['succeeded', 'succeeded']);
    }),
  );
});

describe('an endpoint that another node resumes', () => {
  it(
    'is sent to by a node that was handed its work before it heard of that',
    inSharedWorld({}, async ({ world, shared }) => {
      const endpoint = await world.addEndpoint();
      const status = { kind: 'suspended', reason: 'manual', at: world.time.now() } as const;
      await world.put({ ...endpoint, status });
      await world.accept();
      await shared.elsewhere([
        {
          kind: 'endpoint.put',
          endpoint: { ...endpoint, version: 3 },
          expectedVersion: 2,
          resetHealth: false,
        },
        { kind: 'endpoint.wake', endpointId: endpoint.id },
      ]);
      // Nothing that was told since brings this endpoint up again.
      await world.time.advance(2_000);
      expect(world.sender.seen).toHaveLength(1);
    }),
  );
});
