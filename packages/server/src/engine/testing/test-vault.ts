import { createSecretKey, randomBytes } from 'node:crypto';
import type { Sealed } from '../../domain/secret.ts';
import { createVault, type Vault } from '../../store/vault.ts';

/** The real vault under a key of its own, which counts what it opens and can lose the key. */
export class TestVault implements Vault {
  opened = 0;
  broken = false;
  readonly #vault: Vault;

  constructor() {
    const first = { id: 'test', key: createSecretKey(randomBytes(32)) };
    this.#vault = createVault({ first: () => first, byId: () => (this.broken ? null : first.key) });
  }

  seal(text: string, owner: string, id: string): Sealed {
    return this.#vault.seal(text, owner, id);
  }

  unseal(sealed: Sealed, owner: string, id: string): string {
    this.opened += 1;
    return this.#vault.unseal(sealed, owner, id);
  }

  isStale(sealed: Sealed): boolean {
    return this.#vault.isStale(sealed);
  }
}
