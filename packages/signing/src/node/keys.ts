import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { SecretFormatError, type SecretProblem } from '../core/errors.ts';
import { drawBytes, type GeneratedSecret, type GenerateOptions } from '../core/generate-options.ts';
import type { Algorithm, SecretDecoding } from '../core/profile.ts';
import { readSecret, type SecretMaterial, spellHmac, spellPrivateKey, spellPublicKey } from '../core/secret-text.ts';

// The fixed DER bytes in front of a raw ed25519 key (RFC 8410).
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

type KeyResult =
  | { readonly ok: true; readonly key: KeyObject }
  | { readonly ok: false; readonly reason: SecretProblem };

function privateKey(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
}

function publicKey(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), format: 'der', type: 'spki' });
}

function rawPublicKey(key: KeyObject): Uint8Array {
  const whole = key.type === 'private' ? createPublicKey(key) : key;
  return whole.export({ format: 'der', type: 'spki' }).subarray(SPKI_HEAD.length);
}

function pairOf(material: SecretMaterial & { readonly algorithm: 'ed25519' }): KeyResult {
  if (material.seed === null) return { ok: false, reason: 'wrong_prefix' };
  const key = privateKey(material.seed);
  const same = Buffer.compare(rawPublicKey(key), material.publicKey) === 0;
  return same ? { ok: true, key } : { ok: false, reason: 'public_key_mismatch' };
}

/** The key that verifies what this secret signed, as a value. Takes `whpk_` and `whsk_` texts for ed25519. */
export function readVerifyingKey(text: string, algorithm: Algorithm, decoding: SecretDecoding): KeyResult {
  const reading = readSecret(text, algorithm, decoding);
  if (!reading.ok) return reading;
  const { material } = reading;
  if (material.algorithm === 'hmac-sha256') return { ok: true, key: createSecretKey(material.bytes) };
  if (material.seed !== null) {
    const pair = pairOf(material);
    if (!pair.ok) return pair;
  }
  return { ok: true, key: publicKey(material.publicKey) };
}

/** Turns a stored secret into a key to sign with. Throws a SecretFormatError, which never quotes the secret. */
export function signingKey(text: string, algorithm: Algorithm, decoding: SecretDecoding): KeyObject {
  const reading = readSecret(text, algorithm, decoding);
  if (!reading.ok) throw new SecretFormatError(reading.reason);
  const { material } = reading;
  if (material.algorithm === 'hmac-sha256') return createSecretKey(material.bytes);
  const pair = pairOf(material);
  if (!pair.ok) throw new SecretFormatError(pair.reason);
  return pair.key;
}

/** The `whpk_` text of an ed25519 secret, given as its `whsk_` text or as a key. */
export function publicKeyText(secret: string | KeyObject): string {
  const key = typeof secret === 'string' ? signingKey(secret, 'ed25519', 'base64') : secret;
  if (key.asymmetricKeyType !== 'ed25519') throw new SecretFormatError('wrong_prefix');
  return spellPublicKey(rawPublicKey(key));
}

export function generateSecret(options: GenerateOptions): GeneratedSecret {
  const bytes = drawBytes(options, randomBytes);
  if (options.algorithm === 'hmac-sha256') return { text: spellHmac(bytes, options.spelling), publicText: null };
  const raw = rawPublicKey(privateKey(bytes));
  return { text: spellPrivateKey(bytes, raw), publicText: spellPublicKey(raw) };
}
