import { describe, expect, it } from 'vitest';
import type { ApiKey } from '../domain/api-key.ts';
import { UNTRIED } from '../domain/endpoint.ts';
import type { EndpointWithHealth, Reader } from '../store/port.ts';
import { EngineDirectory } from './directory.ts';
import { EndpointDirectory } from './endpoint-directory.ts';
import { LoadingCache } from './loading-cache.ts';
import { inWorld } from './testing/in-world.ts';
import { World } from './testing/world.ts';

/** A reader whose answers wait until they are let go; only what a test asks for exists. */
function heldReader(answer: () => readonly EndpointWithHealth[]) {
  const waiting: (() => void)[] = [];
  let reads = 0;
  const held = <T>(value: T): Promise<T> => new Promise((resolve) => waiting.push(() => resolve(value)));
  const reader = {
    subscribers: () => {
      reads += 1;
      return held({ endpointsVersion: null, endpoints: answer() });
    },
    endpointById: (id: string) => {
      reads += 1;
      return held(answer().find(({ endpoint }) => endpoint.id === id) ?? null);
    },
  };
  return {
    // The directory under test calls these two methods only.
    reader: reader as unknown as Reader,
    reads: () => reads,
    letGo: () => {
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
}

describe('endpoints in memory', () => {
  const world = new World();

  it('are read once for all who ask at the same time', async () => {
    const endpoint = world.endpoint();
    const held = heldReader(() => [{ endpoint, health: UNTRIED }]);
    const directory = new EndpointDirectory(held.reader, 100);
    const asked = directory.view(world.organizationId);
    const askedAgain = directory.view(world.organizationId);
    held.letGo();
    const first = await asked;
    const second = await askedAgain;
    expect(first).toBe(second);
    expect(held.reads()).toBe(1);
    expect(directory.view(world.organizationId)).toBe(first);
  });

  it('are as the newer of two rows says that were read at one time, whichever answer came first', async () => {
    const endpoint = world.endpoint();
    const status = { kind: 'suspended', reason: 'manual', at: 0 } as const;
    const suspended = { endpoint: { ...endpoint, version: 2, status }, health: UNTRIED };
    const resumed = { endpoint: { ...endpoint, version: 3 }, health: UNTRIED };
    const view = Promise.withResolvers<{ endpointsVersion: null; endpoints: EndpointWithHealth[] }>();
    const rows = [Promise.resolve(suspended), Promise.withResolvers<EndpointWithHealth>()] as const;
    let reads = 0;
    const reader = {
      subscribers: () => view.promise,
      endpointById: () => {
        reads += 1;
        return reads === 1 ? rows[0] : rows[1].promise;
      },
    };
    const directory = new EndpointDirectory(reader as unknown as Reader, 100);
    const asked = directory.view(world.organizationId);
    let isActive: boolean | null = null;
    const loaded = directory.withLoaded([endpoint.id], ([state]) => {
      isActive = state?.isActive ?? null;
    });
    await new Promise(setImmediate);
    expect(reads).toBe(2);
    view.resolve({ endpointsVersion: null, endpoints: [suspended] });
    await asked;
    rows[1].resolve(resumed);
    await loaded;
    expect(isActive).toBe(true);
  });

  it('take in every change that commits while they are read: created, changed, archived', async () => {
    const changing = world.endpoint();
    const leaving = world.endpoint();
    const coming = world.endpoint();
    const held = heldReader(() => [changing, leaving].map((endpoint) => ({ endpoint, health: UNTRIED })));
    const directory = new EndpointDirectory(held.reader, 100);
    const asked = directory.view(world.organizationId);
    const now = world.time.now();
    directory.apply({
      endpoint: { ...changing, version: 2, eventTypes: ['other'] },
      healthReset: false,
      endpointsVersion: null,
    });
    directory.apply({
      endpoint: { ...leaving, version: 2, status: { kind: 'archived', at: now } },
      healthReset: false,
      endpointsVersion: null,
    });
    directory.apply({ endpoint: coming, healthReset: false, endpointsVersion: null });
    held.letGo();
    const view = await asked;
    expect(view.match('any').map((state) => state.id)).toEqual([coming.id]);
    expect(view.match('other').map((state) => state.id)).toEqual([changing.id, coming.id]);
    expect(directory.peek(leaving.id)).toBeNull();
  });

  it('read a single one again when it changed meanwhile', async () => {
    let endpoint = world.endpoint();
    const held = heldReader(() => [{ endpoint, health: UNTRIED }]);
    const directory = new EndpointDirectory(held.reader, 100);
    const asked = directory.load(endpoint.id);
    endpoint = { ...endpoint, version: 2 };
    directory.apply({ endpoint, healthReset: false, endpointsVersion: null });
    held.letGo();
    await new Promise(setImmediate);
    held.letGo();
    expect((await asked)?.endpoint.version).toBe(2);
  });

  it('are bounded: the organization used least goes first, but never a state that a lane holds', async () => {
    const all = Array.from({ length: 4 }, () => world.endpoint({ organizationId: world.ids.next('org') }));
    const reader = {
      subscribers: async (id: string) => ({
        endpointsVersion: null,
        endpoints: all.filter((each) => each.organizationId === id).map((endpoint) => ({ endpoint, health: UNTRIED })),
      }),
    };
    // As above: only this method is called.
    const directory = new EndpointDirectory(reader as unknown as Reader, 4);
    await directory.view(all[0]!.organizationId);
    directory.pin(directory.peek(all[0]!.id)!);
    await directory.view(all[1]!.organizationId);
    await directory.view(all[2]!.organizationId);
    await directory.view(all[3]!.organizationId);
    expect(all.map((each) => directory.peek(each.id) !== null)).toEqual([true, false, true, true]);
    const kept = directory.peek(all[0]!.id)!;
    const again = await directory.view(all[0]!.organizationId);
    expect(again.match('any')).toEqual([kept]);
    directory.unpin(kept);
    expect(directory.peek(kept.id)).toBe(kept);
  });
});

describe('a cache in front of the store', () => {
  it('forgets the oldest that was not used lately', async () => {
    const read: number[] = [];
    const cache = new LoadingCache<number, { readonly key: number }>(3, async (key) => {
      read.push(key);
      return { key };
    });
    for (const key of [1, 2, 3, 1, 4, 1, 3, 2]) await cache.get(key);
    expect(read).toEqual([1, 2, 3, 4, 2]);
  });

  it('reads once for all who ask at once, and again after a failure', async () => {
    let reads = 0;
    const cache = new LoadingCache<string, object>(3, async () => {
      reads += 1;
      if (reads === 1) throw new Error('no');
      return {};
    });
    const asked = [cache.get('a'), cache.get('a')].map((each) => Promise.resolve(each));
    await expect(Promise.all(asked)).rejects.toThrow('no');
    expect(await cache.get('a')).toEqual({});
    expect(reads).toBe(2);
  });
});

describe('what requests need to know', () => {
  it(
    'is answered from memory after the first time, and changes at the commit',
    inWorld({}, async (world) => {
      const { directory } = world.engine;
      const first = await directory.organization(world.organizationId);
      expect(directory.organization(world.organizationId)).toBe(first);
      const renamed = { ...first!, name: 'renamed', externalId: 'acme', version: 2 };
      await world.apply([{ kind: 'organization.put', organization: renamed, expectedVersion: 1 }]);
      expect(directory.organization(world.organizationId)).toMatchObject({ name: 'renamed' });
      expect(await directory.organizationByExternalId('acme')).toMatchObject({ name: 'renamed' });
      const moved = { ...renamed, externalId: 'acme-2', version: 3 };
      await world.apply([{ kind: 'organization.put', organization: moved, expectedVersion: 2 }]);
      expect(await directory.organizationByExternalId('acme')).toBeNull();
      expect(await directory.organizationByExternalId('acme-2')).toMatchObject({ id: world.organizationId });
      expect(await directory.organization(world.ids.next('org'))).toBeNull();
      const fresh = await world.rotate(world.organizationId, 0);
      expect(directory.ring(world.organizationId)).toMatchObject({ version: 2, secrets: [{ id: fresh.id }] });
    }),
  );

  it(
    'never lets a revoked API key pass from memory',
    inWorld({}, async (world) => {
      const { directory } = world.engine;
      const apiKey: ApiKey = {
        id: world.ids.next('key'),
        organizationId: world.organizationId,
        name: 'k',
        tokenHash: 'ab'.repeat(32),
        hint: 'hk_',
        dialect: 'native',
        scopes: ['events:write'],
        createdAt: world.time.now(),
        expiresAt: null,
        revokedAt: null,
      };
      await world.apply([{ kind: 'apiKey.insert', apiKey }]);
      expect(await directory.apiKey(apiKey.tokenHash)).toMatchObject({ revokedAt: null });
      expect(directory.apiKey(apiKey.tokenHash)).not.toBeInstanceOf(Promise);
      expect(directory.rememberedApiKey(apiKey.tokenHash)).toBe(directory.apiKey(apiKey.tokenHash));
      expect(await directory.apiKeyById(world.organizationId, apiKey.id)).toMatchObject({ revokedAt: null });
      expect(directory.apiKeyById(world.organizationId, apiKey.id)).not.toBeInstanceOf(Promise);
      expect(await directory.apiKeyById(world.ids.next('org'), apiKey.id)).toBeNull();
      await world.apply([{ kind: 'apiKey.revoke', id: apiKey.id, at: world.time.now() }]);
      expect(directory.rememberedApiKey(apiKey.tokenHash)).toBeNull();
      const after = await directory.apiKey(apiKey.tokenHash);
      expect(after === null || after.revokedAt !== null).toBe(true);
      expect(await directory.apiKeyById(world.organizationId, apiKey.id)).toMatchObject({
        revokedAt: world.time.now(),
      });
    }),
  );

  it('reads an API key again when one was revoked while it was being read', async () => {
    const world = new World();
    let revokedAt: number | null = null;
    const waiting: (() => void)[] = [];
    const reader = {
      apiKeyByHash: () => {
        const row = { id: 'key_1', revokedAt };
        return new Promise((resolve) => waiting.push(() => resolve(row)));
      },
    };
    // Only this method is called.
    const directory = new EngineDirectory(reader as unknown as Reader, world.vault, 10);
    const asked = directory.apiKey('hash');
    revokedAt = 5;
    directory.apply({ kind: 'apiKey', id: 'key_1' });
    waiting.shift()?.();
    await new Promise(setImmediate);
    waiting.shift()?.();
    expect(await asked).toMatchObject({ revokedAt: 5 });
  });
});
