import type { KeyObject } from 'node:crypto';
import { type SecretDecoding, signingKey } from '@hookring/signing';
import type { SecretId } from '../domain/ids.ts';
import type { StoredKeyring, StoredSecret } from '../store/port.ts';
import type { Vault } from '../store/vault.ts';

/**
 * One version of a ring with the keys made from it so far. A change of the ring makes another object, so whoever holds
 * this one can tell by identity whether it is still current.
 */
export class LoadedRing {
  readonly ring: StoredKeyring;
  readonly #vault: Vault;
  readonly #keys = new Map<string, KeyObject>();

  constructor(ring: StoredKeyring, vault: Vault) {
    this.ring = ring;
    this.#vault = vault;
  }

  /** The key of one of its secrets, unsealed once. Throws when the vault cannot open it or the text is no such secret. */
  key(secret: StoredSecret, decoding: SecretDecoding): KeyObject {
    const name: `${SecretId} ${SecretDecoding}` = `${secret.id} ${decoding}`;
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    if (secret.sealed === null) throw new Error(`the material of ${secret.id} has been purged`);
    const text = this.#vault.unseal(secret.sealed, this.ring.owner, secret.id);
    const key = signingKey(text, secret.algorithm, decoding);
    this.#keys.set(name, key);
    return key;
  }
}
