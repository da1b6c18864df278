import * as errors from 'jose/errors';
import { createRemoteJWKSet, customFetch } from 'jose/jwks/remote';
import type { JWTVerifyGetKey } from 'jose/jwt/verify';
import type { Clock } from '../domain/clock.ts';

/** The part of `fetch` that reading a key set needs. */
export type Fetch = (
  url: string,
  init: {
    readonly method: 'GET';
    readonly headers: Headers;
    readonly redirect: 'manual';
    readonly signal: AbortSignal;
  },
) => Promise<Response>;

export type JwksTools = {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly fetch: Fetch;
  /** Told once of every time that the keys could not be read, with the cause. */
  readonly onFault: (error: unknown) => void;
};

const FETCH_MS_MAX = 3_000;
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
    timeoutDuration: FETCH_MS_MAX,
    [customFetch]: async (address, init) => {
      if (clock.monotonic() < pausedUntil) throw new KeysUnavailable('the issuer did not answer a moment ago');
      try {
        return new Response(await readKeySet(await tools.fetch(address, init)));
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

async function readKeySet(response: Response): Promise<string> {
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the address of the key set answered ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > JWKS_BYTES_MAX) throw new Error(`the key set is over ${JWKS_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const set: unknown = JSON.parse(text);
  const isKeySet = typeof set === 'object' && set !== null && 'keys' in set && Array.isArray(set.keys);
  if (!isKeySet) throw new Error('the address of the key set answered something else');
  return text;
}
