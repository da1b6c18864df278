import { type Clock, systemTimers } from '../domain/clock.ts';
import { configuredMasterKeys, MasterKeyMissing, type MasterKeys, openMasterKeys } from './master-key.ts';
import type { Store } from './port.ts';
import type { Patience } from './postgres/await-database.ts';
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
  /** Of a server: a database that is not there yet is waited for. */
  readonly patience?: Patience | null;
};

/** The store of a server with the vault that seals what is secret in it. A store that cannot be used is closed again. */
export async function openSealedStore(options: SealedStoreOptions): Promise<SealedStore> {
  const { place, configuredKeys, patience = null, ...rest } = options;
  // Before anything is made in a database that could then not be used.
  const openKeys = keyOpener(place, configuredKeys);
  const store = await openStore(place, patience, rest);
  try {
    const masterKeys = await openKeys(store);
    return { store, masterKeys, vault: createVault(masterKeys) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openStore(
  place: StorePlace,
  patience: Patience | null,
  rest: Omit<SealedStoreOptions, 'place' | 'configuredKeys' | 'patience'>,
): Promise<Store> {
  if (place.kind === 'sqlite') return await openSqliteStore({ ...rest, path: place.path, mode: 'threads' });
  const { kind: _, ...where } = place;
  // Nothing of it is loaded by a server on a file.
  const [{ openPostgresStore }, { explain, explained }, { awaitDatabase }] = await Promise.all([
    import('./postgres/open.ts'),
    import('./postgres/explain.ts'),
    import('./postgres/await-database.ts'),
  ]);
  const open = async (): Promise<Store> => await openPostgresStore({ ...rest, ...where });
  try {
    if (patience === null) return await open();
    const { clock } = rest;
    const words = (error: unknown): string => explain(error) ?? String(error);
    const discard = async (store: Store): Promise<void> => await store.close();
    return await awaitDatabase({ open, discard, words, clock, timers: systemTimers }, patience);
  } catch (error) {
    throw explained(error);
  }
}

function keyOpener(
  place: StorePlace,
  configured: KeyOptions['configured'],
): (store: Store) => MasterKeys | Promise<MasterKeys> {
  if (place.kind === 'sqlite') {
    return async ({ reader }) => {
      const hasSealed = async () => (await reader.sealedSecrets({ after: null, itemsMax: 1 })).items.length > 0;
      return await openMasterKeys({ configured, databasePath: place.path, hasSealed });
    };
  }
  // Another node would not see a file of this one.
  if (configured === null) throw new MasterKeyMissing();
  return () => configuredMasterKeys(configured);
}
