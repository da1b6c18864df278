import type { AppContext } from './context.ts';

/** The configured master keys are not those of this database. Its message is for the operator. */
export class WrongMasterKey extends Error {
  override readonly name = 'WrongMasterKey';
}

type Keys = Pick<AppContext, 'masterKeys'>;

/** What was sealed in this database is opened with the keys that were given, or these are not its keys. */
export function openedWith<T>({ masterKeys }: Keys, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    const known = masterKeys.ids().join(', ');
    const detail = `the master keys (${known}) do not open the secrets of this database: give back the key they were sealed under`;
    throw new WrongMasterKey(detail, { cause });
  }
}

/** Opens one of the sealed secrets, so that a wrong master key stops the start instead of every delivery. */
export async function checkMasterKeys(tools: Pick<AppContext, 'store' | 'vault'> & Keys): Promise<void> {
  const { items } = await tools.store.reader.sealedSecrets({ after: null, itemsMax: 1 });
  for (const { sealed, owner, id } of items) openedWith(tools, () => tools.vault.unseal(sealed, owner, id));
}
