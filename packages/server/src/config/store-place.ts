import type { StorePlace } from '../store/open-sealed-store.ts';
import type { Config } from './settings.ts';

/** Where the store of a server is, as the store wants to be told. */
export function storePlace({ database, databasePooler }: Config, sends: boolean): StorePlace {
  if (database.kind === 'sqlite') return { kind: 'sqlite', path: database.path };
  return { kind: 'postgres', url: database.url, pooler: databasePooler, sends };
}
