import { describe, expect, it } from 'vitest';
import { openMasterKeys } from '../store/master-key.ts';
import type { Store } from '../store/port.ts';
import { createVault } from '../store/vault.ts';
import { WrongMasterKey } from './check-master-keys.ts';
import { openServiceKey } from './service-key.ts';
import { inAppWorld } from './testing/app-world.ts';

const NAME = 'request-fingerprints';

/** What a node has that was started with that master key. */
async function nodeOf(store: Store, fill: number) {
  const configured = [{ id: `k${fill}`, key: new Uint8Array(32).fill(fill) }];
  const masterKeys = await openMasterKeys({ configured, databasePath: 'unused' });
  return {
    store,
    masterKeys,
    vault: createVault(masterKeys),
    fillRandom: (bytes: Uint8Array): void => void bytes.fill(fill),
  };
}

/** The same store as a node sees it that looked just before another one wrote. */
function lookedBefore(store: Store): Store {
  let looks = 0;
  const serviceKey: Store['reader']['serviceKey'] = async (name) => {
    looks += 1;
    return looks === 1 ? null : await store.reader.serviceKey(name);
  };
  return { ...store, reader: { ...store.reader, serviceKey } };
}

describe('a key of the service', () => {
  it(
    'is that of the first node, for all that start at the same moment',
    inAppWorld(async ({ world: { store } }) => {
      const first = await openServiceKey(await nodeOf(store, 1), NAME);
      const second = await openServiceKey(await nodeOf(lookedBefore(store), 1), NAME);
      expect(Buffer.from(second)).toEqual(Buffer.from(first));
    }),
  );

  it(
    'stops a start with another master key in a sentence, also when both start at the same moment',
    inAppWorld(async ({ world: { store } }) => {
      await openServiceKey(await nodeOf(store, 1), NAME);
      for (const seen of [store, lookedBefore(store)]) {
        const error: unknown = await openServiceKey(await nodeOf(seen, 2), NAME).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(WrongMasterKey);
        expect(String(error)).toContain('the master keys (k2) do not open the secrets of this database');
      }
    }),
  );
});
