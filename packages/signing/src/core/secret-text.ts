import { decodeBase64, encodeBase64 } from './base64.ts';
import { describeSecretProblem, type SecretProblem } from './errors.ts';
import { decodeHex, encodeHex } from './hex.ts';
import type { Algorithm, SecretDecoding, SignatureProfile } from './profile.ts';

export const HMAC_SECRET_BYTES_MIN = 24;
export const HMAC_SECRET_BYTES_MAX = 64;
const SECRET_CHARS_MAX = 1024;
export const ED25519_KEY_BYTES = 32;

const HMAC_PREFIX = 'whsec_';
const PRIVATE_PREFIX = 'whsk_';
const PUBLIC_PREFIX = 'whpk_';

type Bytes = Uint8Array<ArrayBuffer>;

/** What a secret's text says. `seed` is null when the text holds only a public key. */
export type SecretMaterial =
  | { readonly algorithm: 'hmac-sha256'; readonly bytes: Bytes }
  | { readonly algorithm: 'ed25519'; readonly seed: Bytes | null; readonly publicKey: Bytes };

export type SecretReading =
  | { readonly ok: true; readonly material: SecretMaterial }
  | { readonly ok: false; readonly reason: SecretProblem };

const utf8 = new TextEncoder();

function refuse(reason: SecretProblem): { readonly ok: false; readonly reason: SecretProblem } {
  return { ok: false, reason };
}

function decodeHmac(text: string, decoding: SecretDecoding): SecretReading {
  if (decoding === 'utf8') {
    if (!text.isWellFormed()) return refuse('not_well_formed');
    return { ok: true, material: { algorithm: 'hmac-sha256', bytes: utf8.encode(text) } };
  }
  if (text.startsWith(PRIVATE_PREFIX) || text.startsWith(PUBLIC_PREFIX)) return refuse('wrong_prefix');
  const decoded =
    decoding === 'hex'
      ? decodeHex(text)
      : decodeBase64(text.startsWith(HMAC_PREFIX) ? text.slice(HMAC_PREFIX.length) : text);
  return decoded.ok ? { ok: true, material: { algorithm: 'hmac-sha256', bytes: decoded.bytes } } : decoded;
}

function decodeEd25519(text: string): SecretReading {
  const isPublic = text.startsWith(PUBLIC_PREFIX);
  if (!isPublic && !text.startsWith(PRIVATE_PREFIX)) return refuse('wrong_prefix');
  const decoded = decodeBase64(text.slice(PRIVATE_PREFIX.length));
  if (!decoded.ok) return decoded;
  const { bytes } = decoded;
  if (bytes.length !== (isPublic ? ED25519_KEY_BYTES : ED25519_KEY_BYTES * 2)) return refuse('wrong_length');
  if (isPublic) return { ok: true, material: { algorithm: 'ed25519', seed: null, publicKey: bytes } };
  const seed = bytes.slice(0, ED25519_KEY_BYTES);
  return { ok: true, material: { algorithm: 'ed25519', seed, publicKey: bytes.slice(ED25519_KEY_BYTES) } };
}

/** Reads a secret strictly. `decoding` counts for HMAC only: ed25519 keys have one spelling. */
export function readSecret(text: string, algorithm: Algorithm, decoding: SecretDecoding): SecretReading {
  if (text === '') return refuse('empty');
  if (text.length > SECRET_CHARS_MAX) return refuse('too_long');
  return algorithm === 'ed25519' ? decodeEd25519(text) : decodeHmac(text, decoding);
}

/** The algorithm that a bare text must mean: ed25519 keys are known by their prefix, where the profile has ed25519. */
export function algorithmOf(text: string, profile: SignatureProfile): Algorithm {
  if (profile.elements.ed25519 === null) return 'hmac-sha256';
  return text.startsWith(PRIVATE_PREFIX) || text.startsWith(PUBLIC_PREFIX) ? 'ed25519' : 'hmac-sha256';
}

export type ImportCheck =
  | { readonly ok: true; readonly byteLength: number }
  | { readonly ok: false; readonly reason: SecretProblem; readonly detail: string };

/** Says whether an HMAC secret brought from elsewhere may be used: it decodes, and its key has 24 to 64 bytes. */
export function checkImportedSecret(text: string, decoding: SecretDecoding): ImportCheck {
  const reading = readSecret(text, 'hmac-sha256', decoding);
  if (!reading.ok) return { ...reading, detail: describeSecretProblem(reading.reason) };
  if (reading.material.algorithm !== 'hmac-sha256') throw new Error('An HMAC secret was read as another kind');
  const byteLength = reading.material.bytes.length;
  const detail = `the key has ${byteLength} bytes; ${HMAC_SECRET_BYTES_MIN} to ${HMAC_SECRET_BYTES_MAX} are allowed`;
  if (byteLength < HMAC_SECRET_BYTES_MIN) return { ok: false, reason: 'too_short', detail };
  if (byteLength > HMAC_SECRET_BYTES_MAX) return { ok: false, reason: 'too_long', detail };
  return { ok: true, byteLength };
}

export type HmacSpelling = 'whsec' | 'base64' | 'hex';

export function spellHmac(bytes: Uint8Array, spelling: HmacSpelling): string {
  if (spelling === 'hex') return encodeHex(bytes);
  return spelling === 'whsec' ? HMAC_PREFIX + encodeBase64(bytes) : encodeBase64(bytes);
}

export function spellPrivateKey(seed: Uint8Array, publicKey: Uint8Array): string {
  const both = new Uint8Array(seed.length + publicKey.length);
  both.set(seed);
  both.set(publicKey, seed.length);
  return PRIVATE_PREFIX + encodeBase64(both);
}

export function spellPublicKey(publicKey: Uint8Array): string {
  return PUBLIC_PREFIX + encodeBase64(publicKey);
}
