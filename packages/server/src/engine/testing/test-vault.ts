import type { Sealed } from '../../domain/secret.ts';
import type { Vault } from '../../store/vault.ts';

/** Binds a text to its owner and id as the real vault does, without its cost. */
export class TestVault implements Vault {
  opened = 0;
  broken = false;

  seal(text: string, owner: string, id: string): Sealed {
    return `sealed.${Buffer.from(JSON.stringify([text, owner, id])).toString('base64url')}`;
  }

  unseal(sealed: Sealed, owner: string, id: string): string {
    this.opened += 1;
    const [text, sealedOwner, sealedId] = JSON.parse(Buffer.from(sealed.slice(7), 'base64url').toString()) as string[];
    if (this.broken || text === undefined || sealedOwner !== owner || sealedId !== id) throw new Error('does not open');
    return text;
  }

  isStale(): boolean {
    return false;
  }
}
