import * as errors from 'jose/errors';
import { createRemoteJWKSet, customFetch } from 'jose/jwks/remote';
import type { JWTVerifyGetKey } from 'jose/jwt/verify';
import type { Clock } from '../domain/clock.ts';
import type { ReadDocument } from '../net/document-reader.ts';

export type JwksTools = {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly readDocument: ReadDocument;
  /** Told once of every time that the keys could not be read, with the cause. */
  readonly onFault: (error: unknown) => void;
};

const READ_MS_MAX = 3_000;
const RSA_BITS_MIN = 2_048;
const JWKS_BYTES_MAX = 256 * 1024;
/** An issuer that did not answer is left alone for this long; what needs it is refused meanwhile. */
export const JWKS_PAUSE_SECONDS = 5;

/** The keys of the issuer cannot be read, so nothing can be said about a token. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

/**
 * The key set at an address. It is read when a token comes, kept for ten minutes, and read again when a token names a
 * key that it lacks, but not within 30 seconds of the last time: tokens of strangers cannot make it busy.
 */
export function remoteKeys(url: URL, tools: JwksTools): JWTVerifyGetKey<CryptoKey> {
  const { clock, onFault } = tools;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  const remote = createRemoteJWKSet(url, {
    // The reader has a deadline of its own, and closes what it opened.
    [customFetch]: async () => {
      if (clock.monotonic() < pausedUntil) throw new KeysUnavailable('the issuer did not answer a moment ago');
      try {
        return new Response(await readKeySet(url, tools.readDocument));
      } catch (cause) {
        pausedUntil = clock.monotonic() + JWKS_PAUSE_SECONDS * 1_000;
        onFault(new Error(`the keys that JWTs are checked with cannot be read from ${url.origin}`, { cause }));
        throw cause;
      }
    },
  });
  return async (header, token) => {
    let key: CryptoKey;
    try {
      key = await remote(header, token);
    } catch (cause) {
      if (isAboutToken(cause)) throw cause;
      throw new KeysUnavailable('the key set cannot be used', { cause });
    }
    if (!isStrong(key)) throw new KeysUnavailable('the key of the issuer is too short to be believed');
    return key;
  };
}

/** Shorter RSA keys prove nothing, and the library throws at them as at a mistake of its caller. */
export function isStrong({ algorithm }: CryptoKey): boolean {
  if (!('modulusLength' in algorithm)) return true;
  return typeof algorithm.modulusLength === 'number' && algorithm.modulusLength >= RSA_BITS_MIN;
}

/** The set is fine and has no key for this token, or more than one. */
function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

async function readKeySet(url: URL, readDocument: ReadDocument): Promise<string> {
  const accept = 'application/jwk-set+json, application/json';
  const found = await readDocument({ url, accept, deadlineMs: READ_MS_MAX, bytesMax: JWKS_BYTES_MAX });
  if (found.kind === 'failure') throw new Error(`the address of the key set: ${found.detail}`);
  const text = Buffer.from(found.bytes).toString('utf8');
  const set: unknown = JSON.parse(text);
  const isKeySet = typeof set === 'object' && set !== null && 'keys' in set && Array.isArray(set.keys);
  if (!isKeySet) throw new Error('the address of the key set answered something else');
  return text;
}
