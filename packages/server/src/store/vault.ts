import type { Sealed } from '../domain/secret.ts';

/** Seals text so that only this vault, told the same owner and id, can open it again. */
export interface Vault {
  /** Under the first master key. Owner and id are authenticated, so a sealed text moved elsewhere does not open. */
  seal(text: string, owner: string, id: string): Sealed;
  /** Throws VaultError when no key opens it. */
  unseal(sealed: Sealed, owner: string, id: string): string;
  /** Whether it was sealed under another key than the first. */
  isStale(sealed: Sealed): boolean;
}
