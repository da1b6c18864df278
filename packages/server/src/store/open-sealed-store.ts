import type { Clock } from '../domain/clock.ts';
import { type MasterKeys, openMasterKeys } from './master-key.ts';
import type { Store } from './port.ts';
import { openSqliteStore } from './sqlite/open.ts';
import { createVault, type Vault } from './vault.ts';

type SqliteOptions = Parameters<typeof openSqliteStore>[0];
type KeyOptions = Parameters<typeof openMasterKeys>[0];

export type SealedStore = { readonly store: Store; readonly masterKeys: MasterKeys; readonly vault: Vault };

/** The store of a server with the vault that seals what is secret in it. A store that cannot be used is closed again. */
export async function openSealedStore(
  options: Pick<SqliteOptions, 'path' | 'telemetry' | 'onFatal'> & {
    readonly clock: Clock;
    readonly configuredKeys: KeyOptions['configured'];
  },
): Promise<SealedStore> {
  const { configuredKeys: configured, path, ...rest } = options;
  const store = await openSqliteStore({ ...rest, path, mode: 'threads' });
  try {
    const hasSealed = async (): Promise<boolean> =>
      (await store.reader.sealedSecrets({ after: null, itemsMax: 1 })).items.length > 0;
    const masterKeys = await openMasterKeys({ configured, databasePath: path, hasSealed });
    return { store, masterKeys, vault: createVault(masterKeys) };
  } catch (error) {
    await store.close();
    throw error;
  }
}
