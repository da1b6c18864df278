import { decodeBase64, encodeBase64 } from '../core/base64.ts';
import { SecretFormatError, type SecretProblem } from '../core/errors.ts';
import { drawBytes, type GeneratedSecret, type GenerateOptions } from '../core/generate-options.ts';
import { decodeHex } from '../core/hex.ts';
import type { Algorithm, SecretDecoding } from '../core/profile.ts';
import { readSecret, type SecretMaterial, spellHmac, spellPrivateKey, spellPublicKey } from '../core/secret-text.ts';

type Bytes = Uint8Array<ArrayBuffer>;
type KeyResult =
  | { readonly ok: true; readonly key: CryptoKey }
  | { readonly ok: false; readonly reason: SecretProblem };

// The fixed DER bytes in front of a raw ed25519 seed (RFC 8410).
const PKCS8_HEAD = '302e020100300506032b657004220420';

function pkcs8(seed: Uint8Array): Bytes {
  const head = decodeHex(PKCS8_HEAD);
  if (!head.ok) throw new Error('The PKCS8 head is not hex');
  const whole = new Uint8Array(head.bytes.length + seed.length);
  whole.set(head.bytes);
  whole.set(seed, head.bytes.length);
  return whole;
}

function importHmac(bytes: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
}

/** WebCrypto gives the public half of a private key only by way of JWK. */
async function rawPublicKey(seed: Uint8Array): Promise<Bytes> {
  const key = await crypto.subtle.importKey('pkcs8', pkcs8(seed), 'Ed25519', true, ['sign']);
  const { x } = await crypto.subtle.exportKey('jwk', key);
  const raw = decodeBase64(`${(x ?? '').replaceAll('-', '+').replaceAll('_', '/')}=`);
  if (!raw.ok) throw new Error('WebCrypto exported no public key');
  return raw.bytes;
}

async function halvesMatch(seed: Uint8Array, publicKey: Uint8Array): Promise<boolean> {
  return encodeBase64(await rawPublicKey(seed)) === encodeBase64(publicKey);
}

async function pairOf(material: SecretMaterial & { readonly algorithm: 'ed25519' }): Promise<KeyResult> {
  if (material.seed === null) return { ok: false, reason: 'wrong_prefix' };
  if (!(await halvesMatch(material.seed, material.publicKey))) return { ok: false, reason: 'public_key_mismatch' };
  return { ok: true, key: await crypto.subtle.importKey('pkcs8', pkcs8(material.seed), 'Ed25519', false, ['sign']) };
}

/** The key that verifies what this secret signed, as a value. Takes `whpk_` and `whsk_` texts for ed25519. */
export async function readVerifyingKey(
  text: string,
  algorithm: Algorithm,
  decoding: SecretDecoding,
): Promise<KeyResult> {
  const reading = readSecret(text, algorithm, decoding);
  if (!reading.ok) return reading;
  const { material } = reading;
  if (material.algorithm === 'hmac-sha256') return { ok: true, key: await importHmac(material.bytes) };
  if (material.seed !== null && !(await halvesMatch(material.seed, material.publicKey))) {
    return { ok: false, reason: 'public_key_mismatch' };
  }
  return { ok: true, key: await crypto.subtle.importKey('raw', material.publicKey, 'Ed25519', true, ['verify']) };
}

/** Turns a stored secret into a key to sign with. Rejects with a SecretFormatError, which never quotes the secret. */
export async function signingKey(text: string, algorithm: Algorithm, decoding: SecretDecoding): Promise<CryptoKey> {
  const reading = readSecret(text, algorithm, decoding);
  if (!reading.ok) throw new SecretFormatError(reading.reason);
  const { material } = reading;
  if (material.algorithm === 'hmac-sha256') return importHmac(material.bytes);
  const pair = await pairOf(material);
  if (!pair.ok) throw new SecretFormatError(pair.reason);
  return pair.key;
}

/** The `whpk_` text of an ed25519 secret, given as its `whsk_` text. */
export async function publicKeyText(secret: string): Promise<string> {
  const reading = readSecret(secret, 'ed25519', 'base64');
  if (!reading.ok) throw new SecretFormatError(reading.reason);
  if (reading.material.algorithm !== 'ed25519') throw new Error('An ed25519 secret was read as another kind');
  const pair = await pairOf(reading.material);
  if (!pair.ok) throw new SecretFormatError(pair.reason);
  return spellPublicKey(reading.material.publicKey);
}

function webRandom(byteLength: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(byteLength));
}

export async function generateSecret(options: GenerateOptions): Promise<GeneratedSecret> {
  const bytes = drawBytes(options, webRandom);
  if (options.algorithm === 'hmac-sha256') return { text: spellHmac(bytes, options.spelling), publicText: null };
  const raw = await rawPublicKey(bytes);
  return { text: spellPrivateKey(bytes, raw), publicText: spellPublicKey(raw) };
}
