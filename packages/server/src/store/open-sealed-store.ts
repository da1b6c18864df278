import type { Clock } from '../domain/clock.ts';
import { configuredMasterKeys, MasterKeyMissing, type MasterKeys, openMasterKeys } from './master-key.ts';
import type { Store } from './port.ts';
import { openSqliteStore } from './sqlite/open.ts';
import { createVault, type Vault } from './vault.ts';

type SqliteOptions = Parameters<typeof openSqliteStore>[0];
type KeyOptions = Parameters<typeof openMasterKeys>[0];

/** Where the store is. */
export type StorePlace =
  | { readonly kind: 'sqlite'; readonly path: string }
  | {
      readonly kind: 'postgres';
      /** With the password. */
      readonly url: string;
      readonly pooler: 'none' | 'transaction';
      /** Whether this process leases deliveries. One that does not is no node that others must watch. */
      readonly sends: boolean;
    };

export type SealedStore = { readonly store: Store; readonly masterKeys: MasterKeys; readonly vault: Vault };

export type SealedStoreOptions = Pick<SqliteOptions, 'telemetry' | 'onFatal'> & {
  readonly place: StorePlace;
  /** The machine's. */
  readonly clock: Clock;
  readonly configuredKeys: KeyOptions['configured'];
};

/** The store of a server with the vault that seals what is secret in it. A store that cannot be used is closed again. */
export async function openSealedStore(options: SealedStoreOptions): Promise<SealedStore> {
  const { place, configuredKeys: configured, ...rest } = options;
  // Before anything is made in a database that could then not be used.
  if (place.kind === 'postgres' && configured === null) throw new MasterKeyMissing();
  const store = await openStore(place, rest);
  try {
    const masterKeys = await keysOf(place, configured, store);
    return { store, masterKeys, vault: createVault(masterKeys) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openStore(
  place: StorePlace,
  rest: Omit<SealedStoreOptions, 'place' | 'configuredKeys'>,
): Promise<Store> {
  if (place.kind === 'sqlite') return await openSqliteStore({ ...rest, path: place.path, mode: 'threads' });
  const { kind: _, ...where } = place;
  // Nothing of it is loaded by a server on a file.
  const [{ openPostgresStore }, { explained }] = await Promise.all([
    import('./postgres/open.ts'),
    import('./postgres/explain.ts'),
  ]);
  try {
    return await openPostgresStore({ ...rest, ...where });
  } catch (error) {
    throw explained(error);
  }
}

async function keysOf(place: StorePlace, configured: KeyOptions['configured'], store: Store): Promise<MasterKeys> {
  if (configured !== null) return configuredMasterKeys(configured);
  // Another node would not see a file of this one.
  if (place.kind === 'postgres') throw new MasterKeyMissing();
  const hasSealed = async (): Promise<boolean> =>
    (await store.reader.sealedSecrets({ after: null, itemsMax: 1 })).items.length > 0;
  return await openMasterKeys({ configured, databasePath: place.path, hasSealed });
}
