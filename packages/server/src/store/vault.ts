import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';
import type { Sealed } from '../domain/secret.ts';
import type { MasterKeyRing } from './master-key.ts';

/** Seals text so that only this vault, told the same owner and id, can open it again. */
export interface Vault {
  /** Under the first master key. Owner and id are authenticated, so a sealed text moved elsewhere does not open. */
  seal(text: string, owner: string, id: string): Sealed;
  /** Throws VaultError when no key opens it. */
  unseal(sealed: Sealed, owner: string, id: string): string;
  /** Whether it was sealed under another key than the first. */
  isStale(sealed: Sealed): boolean;
}

/** Says what is wrong with a sealed text, never what it holds. */
export class VaultError extends Error {
  override readonly name = 'VaultError';
  readonly reason: VaultErrorReason;
  constructor(reason: VaultErrorReason, options?: ErrorOptions) {
    super(MESSAGES[reason], options);
    this.reason = reason;
  }
}
export type VaultErrorReason = 'malformed' | 'unknown_key' | 'not_authentic';

const MESSAGES: Readonly<Record<VaultErrorReason, string>> = {
  malformed: 'a sealed text is malformed',
  unknown_key: 'a text was sealed under a master key that this process was not given',
  not_authentic: 'a sealed text was changed, moved from where it belongs, or sealed under another key of the same id',
};

const PREFIX = 'sealed.';
const VERSION = 1;
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Before the key id: the version and the id's length. */
const HEAD_BYTES = 2;

function fillFromSystem(bytes: Uint8Array): void {
  randomFillSync(bytes);
}

/** `keys` is asked anew each time, so that a key that was added while running seals at once. */
export function createVault(keys: MasterKeyRing, fillRandom: (bytes: Uint8Array) => void = fillFromSystem): Vault {
  return {
    seal(text, owner, id) {
      const first = keys.first();
      const keyId = Buffer.from(first.id, 'utf8');
      const nonce = Buffer.allocUnsafe(NONCE_BYTES);
      fillRandom(nonce);
      const cipher = createCipheriv(CIPHER, first.key, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(binding(owner, id));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      const head = Buffer.from([VERSION, keyId.length]);
      return `${PREFIX}${Buffer.concat([head, keyId, nonce, cipher.getAuthTag(), sealed]).toString('base64url')}`;
    },

    unseal(sealed, owner, id) {
      const { keyId, nonce, tag, ciphertext } = open(sealed);
      const key = keys.byId(keyId);
      if (key === null) throw new VaultError('unknown_key');
      const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(binding(owner, id));
      decipher.setAuthTag(tag);
      try {
        return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8');
      } catch (error) {
        throw new VaultError('not_authentic', { cause: error });
      }
    },

    isStale: (sealed) => open(sealed).keyId !== keys.first().id,
  };
}

/** The id of the master key that a text is sealed under. Throws VaultError when it is no sealed text. */
export function keyIdOf(sealed: Sealed): string {
  return open(sealed).keyId;
}

type Opened = {
  readonly keyId: string;
  readonly nonce: Buffer;
  readonly tag: Buffer;
  readonly ciphertext: Buffer;
};

function open(sealed: Sealed): Opened {
  const text = sealed.slice(PREFIX.length);
  const bytes = Buffer.from(text, 'base64url');
  // Decoding is lenient; a text that is not exactly what sealing wrote is refused.
  if (!sealed.startsWith(PREFIX) || bytes.toString('base64url') !== text) throw new VaultError('malformed');
  const nonceAt = HEAD_BYTES + (bytes[1] ?? 0);
  const tagAt = nonceAt + NONCE_BYTES;
  const ciphertextAt = tagAt + TAG_BYTES;
  if (bytes[0] !== VERSION || bytes.length < ciphertextAt) throw new VaultError('malformed');
  return {
    keyId: bytes.toString('utf8', HEAD_BYTES, nonceAt),
    nonce: bytes.subarray(nonceAt, tagAt),
    tag: bytes.subarray(tagAt, ciphertextAt),
    ciphertext: bytes.subarray(ciphertextAt),
  };
}

/** Where a text belongs. The length keeps one pair of owner and id from reading like another. */
function binding(owner: string, id: string): Buffer {
  return Buffer.from(`${owner.length}:${owner}${id}`, 'utf8');
}
