import { createHmac, createPublicKey, type KeyObject, timingSafeEqual, verify as verifyBytes } from 'node:crypto';
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
import type { SignatureCandidate } from '../core/signature-header.ts';
import {
  badSecret,
  checkSecretCount,
  type LoadedKey as LoadedKeyOf,
  type VerificationSecret as VerificationSecretOf,
  type VerifierOptions as VerifierOptionsOf,
  type VerifyOptions as VerifyOptionsOf,
} from '../core/verification-secret.ts';
import { readVerifyingKey } from './keys.ts';

export type VerificationSecret = VerificationSecretOf<KeyObject>;
export type VerifierOptions = VerifierOptionsOf<KeyObject>;
export type VerifyOptions = VerifyOptionsOf<KeyObject>;
type LoadedKey = LoadedKeyOf<KeyObject>;

export type Verifier = { verify(request: ReceivedRequest): Verification };

function fromKey({ algorithm, key }: LoadedKey, index: number): LoadedKey | VerificationFailure {
  if (algorithm === 'hmac-sha256') {
    return key.type === 'secret' ? { algorithm, key } : badSecret(index, 'wrong_prefix');
  }
  if (key.asymmetricKeyType !== 'ed25519') return badSecret(index, 'wrong_prefix');
  return { algorithm, key: key.type === 'private' ? createPublicKey(key) : key };
}

function loadKey(
  secret: VerificationSecret,
  index: number,
  compiled: CompiledProfile,
): LoadedKey | VerificationFailure {
  if (typeof secret !== 'string' && 'key' in secret) return fromKey(secret, index);
  const { profile } = compiled;
  const text = typeof secret === 'string' ? secret : secret.text;
  const algorithm = typeof secret === 'string' ? algorithmOf(text, profile) : secret.algorithm;
  const result = readVerifyingKey(text, algorithm, profile.secretDecoding);
  return result.ok ? { algorithm, key: result.key } : badSecret(index, result.reason);
}

type LoadedKeys = { readonly ok: true; readonly keys: readonly LoadedKey[] } | VerificationFailure;

function loadKeys(secrets: readonly VerificationSecret[], compiled: CompiledProfile): LoadedKeys {
  const wrong = checkSecretCount(secrets);
  if (wrong !== null) return wrong;
  const keys: LoadedKey[] = [];
  for (const [index, secret] of secrets.entries()) {
    const loaded = loadKey(secret, index, compiled);
    if ('ok' in loaded) return loaded;
    keys.push(loaded);
  }
  return { ok: true, keys };
}

type Check = (candidate: SignatureCandidate) => boolean;

/** One check per secret. The MAC and the joined content are computed once, however many signatures are listed. */
function checkOf({ algorithm, key }: LoadedKey, request: ReadableRequest): Check {
  const { before, body, after } = request;
  let expected: Buffer | undefined;
  let content: Uint8Array | undefined;
  return (candidate) => {
    if (candidate.algorithm !== algorithm) return false;
    if (algorithm === 'hmac-sha256') {
      expected ??= createHmac('sha256', key).update(before).update(body).update(after).digest();
      return timingSafeEqual(expected, candidate.signature);
    }
    content ??= joinContent(before, body, after);
    return verifyBytes(null, content, key, candidate.signature);
  };
}

function findMatch(request: ReadableRequest, keys: readonly LoadedKey[]): Verification {
  const checks = keys.map((key) => checkOf(key, request));
  for (const candidate of request.candidates) {
    for (const [secretIndex, matches] of checks.entries()) {
      if (!matches(candidate)) continue;
      const { id, timestamp } = request;
      return { ok: true, signatureIndex: candidate.index, secretIndex, timestamp, id };
    }
  }
  return failure('signature_mismatch');
}

function verifyWith(compiled: CompiledProfile, keys: readonly LoadedKey[], request: ReceivedRequest): Verification {
  const readable = readRequest(compiled, request);
  return readable.ok ? findMatch(readable, keys) : readable;
}

/** Reads the secrets once, for many requests. Throws a WebhookVerificationError when they cannot be read. */
export function createVerifier(options: VerifierOptions): Verifier {
  const compiled = compileProfile(options.profile ?? standardWebhooks);
  const loaded = loadKeys(options.secrets, compiled);
  if (!loaded.ok) throw new WebhookVerificationError(loaded);
  return { verify: (request) => verifyWith(compiled, loaded.keys, request) };
}

/** Accepts a request when any of its signatures was made with any of the secrets. */
export function verify(options: VerifyOptions): Verification {
  const compiled = compileProfile(options.profile ?? standardWebhooks);
  const loaded = loadKeys(options.secrets, compiled);
  return loaded.ok ? verifyWith(compiled, loaded.keys, options) : loaded;
}

export function verifyOrThrow(options: VerifyOptions): VerificationSuccess {
  const result = verify(options);
  if (!result.ok) throw new WebhookVerificationError(result);
  return result;
}
