import type { Sealed } from '../domain/secret.ts';
import { openedWith } from './check-master-keys.ts';
import type { AppContext } from './context.ts';

/** Keys that belong to the service and to no organization, kept sealed in the store. */
export const SERVICE_KEYS = ['request-fingerprints', 'access-tokens'] as const;
export type ServiceKeyName = (typeof SERVICE_KEYS)[number];

/** Whose they are, for the vault. */
export const SERVICE_OWNER = 'service';
const KEY_BYTES = 32;

type Tools = Pick<AppContext, 'store' | 'vault' | 'masterKeys' | 'fillRandom'>;

/** Reads one, or makes it at the first start. It outlives every master key: what it was used for stays recognisable. */
export async function openServiceKey(tools: Tools, name: ServiceKeyName): Promise<Uint8Array> {
  const { store, vault, fillRandom } = tools;
  const found = await store.reader.serviceKey(name);
  if (found !== null) return opened(tools, found, name);
  const key = new Uint8Array(KEY_BYTES);
  fillRandom(key);
  const sealed = vault.seal(Buffer.from(key).toString('base64url'), SERVICE_OWNER, name);
  const applied = await store.apply([{ kind: 'serviceKey.put', name, sealed, replaces: null }]);
  if (applied.kind === 'applied') return key;
  // Another node that starts just now was first: all of them use its key.
  const first = await store.reader.serviceKey(name);
  if (first === null) throw new Error('a key of the service was there a moment ago and is gone');
  return opened(tools, first, name);
}

function opened(tools: Tools, sealed: Sealed, name: ServiceKeyName): Uint8Array {
  return Buffer.from(
    openedWith(tools, () => tools.vault.unseal(sealed, SERVICE_OWNER, name)),
    'base64url',
  );
}

/** Seals them under the first master key. Answers how many changed. */
export async function resealServiceKeys({ store, vault }: Pick<Tools, 'store' | 'vault'>): Promise<number> {
  let changed = 0;
  for (const name of SERVICE_KEYS) {
    const sealed = await store.reader.serviceKey(name);
    if (sealed === null || !vault.isStale(sealed)) continue;
    const again = vault.seal(vault.unseal(sealed, SERVICE_OWNER, name), SERVICE_OWNER, name);
    const applied = await store.apply([{ kind: 'serviceKey.put', name, sealed: again, replaces: sealed }]);
    if (applied.kind === 'applied') changed += 1;
  }
  return changed;
}
