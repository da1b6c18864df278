import type { Command } from '../../store/port.ts';
import { SharedStore } from './shared-store.ts';
import { World, type WorldOptions } from './world.ts';

export type SharedWorld = { readonly world: World; readonly shared: SharedStore };

/** A test over a store that other nodes change as well. */
export function inSharedWorld(
  options: Omit<WorldOptions, 'wrapStore'>,
  body: (parts: SharedWorld) => Promise<void>,
): () => Promise<void> {
  return async () => {
    let shared: SharedStore | null = null;
    const world: World = new World({
      ...options,
      wrapStore: (store) => {
        shared = new SharedStore(store, world.time.monotonic);
        return shared.store;
      },
    });
    await world.begin();
    if (shared === null) throw new Error('the store was not wrapped');
    await body({ world, shared });
    await world.end();
    if (world.faults.length > 0) throw new Error('the engine met a fault', { cause: world.faults });
  };
}

/** What another node submits to give the ring another secret at once. */
export async function rotationOf(
  world: World,
  owner: Parameters<World['ring']>[0],
): Promise<{ id: string; commands: Command[] }> {
  const before = await world.ring(owner);
  const fresh = world.secret(owner, before.secrets.length + 1);
  const now = world.time.now();
  const retired = before.secrets.map((secret) => ({ ...secret, supersededAt: now, expiresAt: now, signsUntil: now }));
  const ring = { owner, version: before.version + 1, secrets: [fresh] };
  return { id: fresh.id, commands: [{ kind: 'keyring.put', ring, retired, expectedVersion: before.version }] };
}
