import { createHash, createPublicKey } from 'node:crypto';
import {
  checkImportedSecret,
  generateSecret,
  publicKeyText,
  type SecretDecoding,
  SecretFormatError,
  type SignatureProfile,
  signingKey,
} from '@hookring/signing';
import { createKeyring } from '../domain/decide-keyring.ts';
import type { SecretId } from '../domain/ids.ts';
import type { NewSecret } from '../domain/keyring-decision.ts';
import type { RotationPolicy } from '../domain/rotation-policy.ts';
import type { RingOwner, SecretAlgorithm } from '../domain/secret.ts';
import type { StoredKeyring, StoredSecret } from '../store/port.ts';
import type { AppContext } from './context.ts';
import { done, type Outcome, type Refusal, refused } from './outcome.ts';

/** How a dialect spells the HMAC secrets that it mints. Where an endpoint reads its secrets as hex, they are in hex. */
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
  // No other spelling can be read as hex; every decoding but that one reads all of them.
  const spelling = options.decoding === 'hex' ? 'hex' : options.spelling;
  const { text, publicText } =
    options.algorithm === 'ed25519'
      ? generateSecret({ algorithm: 'ed25519', spelling: 'whsk', random })
      : generateSecret({ algorithm: 'hmac-sha256', spelling, random });
  return keep(app, options, text, publicText, 'generated');
}

/** Takes over a secret that the caller brought, when it is strong enough. */
export function importSecret(
  app: AppContext,
  options: Omit<MintOptions, 'algorithm' | 'spelling'> & { readonly profile: SignatureProfile },
  text: string,
): Outcome<Minted> {
  if (isEd25519(text, options.profile)) {
    const publicText = publicTextOf(text);
    if (publicText === null) return rejected('an ed25519 secret is "whsk_" and the base64 of its 64 bytes');
    return done(keep(app, { ...options, algorithm: 'ed25519', spelling: 'whsec' }, text, publicText, 'imported'));
  }
  const check = checkImportedSecret(text, options.decoding);
  if (!check.ok) return rejected(check.detail);
  return done(keep(app, { ...options, algorithm: 'hmac-sha256', spelling: 'whsec' }, text, null, 'imported'));
}

/** Where a profile has ed25519, such keys are known by their prefix. */
function isEd25519(text: string, profile: SignatureProfile): boolean {
  return profile.elements.ed25519 !== null && /^wh[sp]k_/.test(text);
}

function publicTextOf(text: string): string | null {
  try {
    return text.startsWith('whsk_') ? publicKeyText(text) : null;
  } catch (error) {
    if (error instanceof SecretFormatError) return null;
    throw error;
  }
}

function rejected(detail: string): Refusal {
  return refused('secret_rejected', detail, { errors: [{ pointer: '/secret', detail, code: 'secret_rejected' }] });
}

function keep(
  app: AppContext,
  options: MintOptions,
  text: string,
  publicText: string | null,
  origin: 'generated' | 'imported',
): Minted {
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
  const key = signingKey(text, options.algorithm, options.decoding);
  const bytes =
    options.algorithm === 'ed25519' ? createPublicKey(key).export({ type: 'spki', format: 'der' }) : key.export();
  return createHash('sha256').update(bytes).digest('hex');
}

/** The ring that an owner is born with. */
export function firstSecret(
  app: AppContext,
  options: MintOptions & { readonly policy: RotationPolicy; readonly now: number },
): { ring: StoredKeyring; shown: ShownSecret } {
  const minted = mintSecret(app, options);
  const decision = createKeyring(options.owner, { ...options.policy, origin: 'either' }, minted.secret, options.now);
  if (decision.kind === 'refused') throw new Error(`a new ring refused its first secret: ${decision.detail}`);
  return { ring: decision.ring, shown: minted.shown };
}

/** The same secret for a repeated request, while its policy allows: unsealed from the vault, else without its value. */
export async function secretAgain(
  app: AppContext,
  owner: RingOwner,
  id: SecretId,
  recoverUntil: number,
): Promise<ShownSecret> {
  if (app.clock.now() >= recoverUntil) return { id, value: null };
  const stored = await app.store.reader.secret(owner, id);
  if (stored === null || stored.sealed === null) return { id, value: null };
  return { id, value: stored.publicKey ?? app.vault.unseal(stored.sealed, owner, id) };
}
