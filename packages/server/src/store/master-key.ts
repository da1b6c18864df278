import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import {
  createKeyFile,
  keyFileOf,
  type MasterKey,
  MasterKeyFileError,
  readKeyFile,
  replaceKeyFile,
} from './master-key-file.ts';

/** The keys that the vault works with. The first one seals, all of them open. */
export type MasterKeyRing = {
  first(): { readonly id: string; readonly key: KeyObject };
  byId(id: string): KeyObject | null;
};

export type MasterKeys = MasterKeyRing & {
  /** `generated`: they are in a file beside the database, which this process may change. */
  readonly source: 'configured' | 'generated';
  /** The path of the key file, when it was made just now. */
  readonly generatedAt: string | null;
  ids(): readonly string[];
  /** Adds a new first key to the key file. */
  addFirst(): Promise<void>;
  /** Removes all but the first from the key file, once nothing is sealed under them. */
  dropAllButFirst(): Promise<void>;
};

const KEY_BYTES = 32;
const KEY_ID_RANDOM_BYTES = 4;

/** Nodes share a database and no disk, so a key that one of them made would open nothing for the others. */
export class MasterKeyMissing extends Error {
  override readonly name = 'MasterKeyMissing';
  constructor() {
    super(
      'HOOKRING_MASTER_KEY is not set: servers on PostgreSQL need it, and all of them the same. Make one with ' +
        '"openssl rand -base64 32", keep a copy of it apart from the database, and give it to every server',
    );
  }
}

export function configuredMasterKeys(keys: readonly MasterKey[]): MasterKeys {
  return masterKeys(keys, null, null);
}

/**
 * Takes the configured keys, or else those of the key file beside the database. The file is made when it is not there
 * and nothing was sealed yet: a new key would not open what is.
 */
export async function openMasterKeys(options: {
  readonly configured: readonly MasterKey[] | null;
  readonly databasePath: string;
  /** Whether the database holds anything sealed; a new one does not. */
  readonly hasSealed?: () => Promise<boolean>;
}): Promise<MasterKeys> {
  if (options.configured !== null) return masterKeys(options.configured, null, null);
  const path = keyFileOf(options.databasePath);
  const found = await readKeyFile(path);
  if (found !== null) return masterKeys(found, path, null);
  if ((await options.hasSealed?.()) === true) {
    throw new MasterKeyFileError(
      path,
      'is missing, and the database holds secrets sealed under it: bring the file back',
    );
  }
  const made = [newKey([])];
  await createKeyFile(path, made);
  return masterKeys(made, path, path);
}

function masterKeys(initial: readonly MasterKey[], path: string | null, generatedAt: string | null): MasterKeys {
  let keys = initial;
  let objects = objectsOf(initial);

  async function replace(next: readonly MasterKey[]): Promise<void> {
    if (path === null) throw new Error('configured master keys are changed where they are configured');
    // On disk first: nothing may be sealed under a key that a crash could lose.
    await replaceKeyFile(path, next);
    keys = next;
    objects = objectsOf(next);
  }

  function firstKey(): MasterKey {
    const [first] = keys;
    if (first === undefined) throw new Error('there is no master key');
    return first;
  }

  return {
    source: path === null ? 'configured' : 'generated',
    generatedAt,
    ids: () => keys.map(({ id }) => id),
    first() {
      const { id } = firstKey();
      const key = objects.get(id);
      if (key === undefined) throw new Error('there is no master key');
      return { id, key };
    },
    byId: (id) => objects.get(id) ?? null,
    addFirst: () => replace([newKey(keys), ...keys]),
    dropAllButFirst: () => replace([firstKey()]),
  };
}

function objectsOf(keys: readonly MasterKey[]): ReadonlyMap<string, KeyObject> {
  return new Map(keys.map(({ id, key }) => [id, createSecretKey(key)]));
}

function newKey(existing: readonly MasterKey[]): MasterKey {
  let id: string;
  do id = `k${randomBytes(KEY_ID_RANDOM_BYTES).toString('hex')}`;
  while (existing.some((key) => key.id === id));
  return { id, key: new Uint8Array(randomBytes(KEY_BYTES)) };
}
