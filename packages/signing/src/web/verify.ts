import { standardWebhooks } from '../core/built-in-profiles.ts';
import { type CompiledProfile, compileProfile } from '../core/compiled-profile.ts';
import {
  failure,
  type Verification,
  type VerificationFailure,
  type VerificationSuccess,
  WebhookVerificationError,
} from '../core/errors.ts';
import { joinContent, type ReadableRequest, type ReceivedRequest, readRequest } from '../core/read-request.ts';
import { algorithmOf } from '../core/secret-text.ts';
import {
  badSecret,
  checkSecretCount,
  type LoadedKey as LoadedKeyOf,
  type VerificationSecret as VerificationSecretOf,
  type VerifierOptions as VerifierOptionsOf,
  type VerifyOptions as VerifyOptionsOf,
} from '../core/verification-secret.ts';
import { readVerifyingKey } from './keys.ts';
import { SUBTLE_NAMES } from './subtle-names.ts';

export type VerificationSecret = VerificationSecretOf<CryptoKey>;
export type VerifierOptions = VerifierOptionsOf<CryptoKey>;
export type VerifyOptions = VerifyOptionsOf<CryptoKey>;
type LoadedKey = LoadedKeyOf<CryptoKey>;

export type Verifier = { verify(request: ReceivedRequest): Promise<Verification> };

async function loadKey(
  secret: VerificationSecret,
  index: number,
  compiled: CompiledProfile,
): Promise<LoadedKey | VerificationFailure> {
  if (typeof secret !== 'string' && 'key' in secret) {
    const { algorithm, key } = secret;
    const good = key.algorithm.name === SUBTLE_NAMES[algorithm] && key.usages.includes('verify');
    return good ? { algorithm, key } : badSecret(index, 'wrong_prefix');
  }
  const { profile } = compiled;
  const text = typeof secret === 'string' ? secret : secret.text;
  const algorithm = typeof secret === 'string' ? algorithmOf(text, profile) : secret.algorithm;
  const result = await readVerifyingKey(text, algorithm, profile.secretDecoding);
  return result.ok ? { algorithm, key: result.key } : badSecret(index, result.reason);
}

type LoadedKeys = { readonly ok: true; readonly keys: readonly LoadedKey[] } | VerificationFailure;

async function loadKeys(secrets: readonly VerificationSecret[], compiled: CompiledProfile): Promise<LoadedKeys> {
  const wrong = checkSecretCount(secrets);
  if (wrong !== null) return wrong;
  const keys: LoadedKey[] = [];
  for (const [index, secret] of secrets.entries()) {
    const loaded = await loadKey(secret, index, compiled);
    if ('ok' in loaded) return loaded;
    keys.push(loaded);
  }
  return { ok: true, keys };
}

async function findMatch(request: ReadableRequest, keys: readonly LoadedKey[]): Promise<Verification> {
  const content = joinContent(request.before, request.body, request.after);
  for (const candidate of request.candidates) {
    for (const [secretIndex, { algorithm, key }] of keys.entries()) {
      if (candidate.algorithm !== algorithm) continue;
      // WebCrypto compares MACs in constant time itself.
      if (!(await crypto.subtle.verify(SUBTLE_NAMES[algorithm], key, candidate.signature, content))) continue;
      const { id, timestamp } = request;
      return { ok: true, signatureIndex: candidate.index, secretIndex, timestamp, id };
    }
  }
  return failure('signature_mismatch');
}

async function verifyWith(
  compiled: CompiledProfile,
  keys: readonly LoadedKey[],
  request: ReceivedRequest,
): Promise<Verification> {
  const readable = readRequest(compiled, request);
  return readable.ok ? findMatch(readable, keys) : readable;
}

/** Reads the secrets once, for many requests. Rejects with a WebhookVerificationError when they cannot be read. */
export async function createVerifier(options: VerifierOptions): Promise<Verifier> {
  const compiled = compileProfile(options.profile ?? standardWebhooks);
  const loaded = await loadKeys(options.secrets, compiled);
  if (!loaded.ok) throw new WebhookVerificationError(loaded);
  return { verify: (request) => verifyWith(compiled, loaded.keys, request) };
}

/** Accepts a request when any of its signatures was made with any of the secrets. */
export async function verify(options: VerifyOptions): Promise<Verification> {
  const compiled = compileProfile(options.profile ?? standardWebhooks);
  const loaded = await loadKeys(options.secrets, compiled);
  return loaded.ok ? verifyWith(compiled, loaded.keys, options) : loaded;
}

export async function verifyOrThrow(options: VerifyOptions): Promise<VerificationSuccess> {
  const result = await verify(options);
  if (!result.ok) throw new WebhookVerificationError(result);
  return result;
}
