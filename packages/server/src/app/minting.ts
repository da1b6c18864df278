import { createHash } from 'node:crypto';
import { algorithmOf, checkImportedSecret, generateSecret, readSecret, type SecretDecoding, type SignatureProfile } from '@hookring/signing';
import { createKeyring } from '../domain/change-keyring.ts';
import type { SecretId } from '../domain/ids.ts';
import type { NewSecret } from '../domain/keyring-decision.ts';
import type { RingOwner, SecretAlgorithm } from '../domain/secret.ts';
import type { StoredKeyring, StoredSecret } from '../store/port.ts';
import type { AppContext } from './context.ts';
import { type Outcome, refused } from './outcome.ts';

/** How a dialect spells the HMAC secrets that it mints. */
export type SecretSpelling = 'whsec' | 'base64' | 'hex';

/** A secret as its minting response shows it. */
export type ShownSecret = {
  readonly id: SecretId;
  /** What the receiver needs: the HMAC secret, or the public key of ed25519. Null when it may not be shown again. */
  readonly value: string | null;
};

export type Minted = { readonly secret: NewSecret<StoredSecret>; readonly shown: ShownSecret };

export type MintOptions = {
  readonly owner: RingOwner;
  readonly actor: string;
  readonly algorithm: SecretAlgorithm;
  readonly spelling: SecretSpelling;
  /** How the owner's deliveries turn an HMAC text into key bytes. */
  readonly decoding: SecretDecoding;
};

const HINT_LENGTH = 4;

/** Makes a secret. Its text goes to the vault and to the one who asked, nowhere else. */
export function mintSecret(app: AppContext, options: MintOptions): Minted {
  const random = (length: number) => {
    const bytes = new Uint8Array(length);
    app.fillRandom(bytes);
    return bytes;
  };
  const { text, publicText } =
    options.algorithm === 'ed25519'
      ? generateSecret({ algorithm: 'ed25519', spelling: 'whsk', random })
      : generateSecret({ algorithm: 'hmac-sha256', spelling: options.spelling, random });
  return keep(app, options, text, publicText, 'generated');
}

/** Takes over a secret that the caller brought, when it is strong enough. */
export function importSecret(
  app: AppContext,
  options: Omit<MintOptions, 'algorithm' | 'spelling'> & { readonly profile: SignatureProfile },
  text: string,
): Outcome<Minted> {
  const algorithm = algorithmOf(text, options.profile);
  if (algorithm === 'hmac-sha256') {
    const check = checkImportedSecret(text, options.decoding);
    if (!check.ok) return rejected(check.detail);
    return { ok: true, value: keep(app, { ...options, algorithm, spelling: 'whsec' }, text, null, 'imported'), replayed: false };
  }
  const reading = readSecret(text, 'ed25519', options.decoding);
  if (!reading.ok || reading.material.algorithm !== 'ed25519' || reading.material.seed === null) {
    return rejected('an ed25519 secret is "whsk_" and the base64 of its 64 bytes');
  }
  const publicText = `whpk_${Buffer.from(reading.material.publicKey).toString('base64')}`;
  return { ok: true, value: keep(app, { ...options, algorithm, spelling: 'whsec' }, text, publicText, 'imported'), replayed: false };
}

function rejected(detail: string): Extract<Outcome<never>, { ok: false }> {
  return refused('secret_rejected', detail, { errors: [{ pointer: '/secret', detail, code: 'secret_rejected' }] });
}

function keep(app: AppContext, options: MintOptions, text: string, publicText: string | null, origin: 'generated' | 'imported'): Minted {
  const id = app.ids.next('sec');
  return {
    secret: {
      id,
      algorithm: options.algorithm,
      origin,
      hint: (publicText ?? text).slice(-HINT_LENGTH),
      fingerprint: fingerprint(text, options),
      publicKey: publicText,
      actor: options.actor,
      sealed: app.vault.seal(text, options.owner, id),
    },
    shown: { id, value: publicText ?? text },
  };
}

/** Over the key bytes, so that one key in two spellings is known as the same. */
function fingerprint(text: string, options: MintOptions): string {
  const reading = readSecret(text, options.algorithm, options.decoding);
  if (!reading.ok) throw new Error('a secret that was just made or checked cannot be read');
  const { material } = reading;
  return createHash('sha256').update(material.algorithm === 'ed25519' ? material.publicKey : material.bytes).digest('hex');
}

/** The ring that an owner is born with. */
export function firstSecret(app: AppContext, options: MintOptions & { readonly now: number }): { ring: StoredKeyring; shown: ShownSecret } {
  const minted = mintSecret(app, options);
  return { ring: createKeyring(options.owner, minted.secret, options.now), shown: minted.shown };
}

/** The same secret for a repeated request, while its policy allows: unsealed from the vault, else without its value. */
export async function secretAgain(app: AppContext, owner: RingOwner, id: SecretId, recoverUntil: number): Promise<ShownSecret> {
  if (app.clock.now() >= recoverUntil) return { id, value: null };
  const stored = await app.store.reader.secret(owner, id);
  if (stored === null || stored.sealed === null) return { id, value: null };
  return { id, value: stored.publicKey ?? app.vault.unseal(stored.sealed, owner, id) };
}
