import { ED25519_KEY_BYTES, HMAC_SECRET_BYTES_MAX, HMAC_SECRET_BYTES_MIN, type HmacSpelling } from './secret-text.ts';

export type RandomBytes = (byteLength: number) => Uint8Array;

export type GenerateOptions =
  | {
      readonly algorithm: 'hmac-sha256';
      readonly spelling: HmacSpelling;
      /** 24 to 64, default 32. */
      readonly byteLength?: number;
      readonly random?: RandomBytes;
    }
  | { readonly algorithm: 'ed25519'; readonly spelling: 'whsk'; readonly random?: RandomBytes };

export type GeneratedSecret = {
  readonly text: string;
  /** The `whpk_` text for ed25519, null for HMAC. */
  readonly publicText: string | null;
};

const HMAC_SECRET_BYTES_DEFAULT = 32;

/** Draws the random bytes that the options ask for. Throws when a length or the source is wrong. */
export function drawBytes(options: GenerateOptions, fallback: RandomBytes): Uint8Array<ArrayBuffer> {
  const wanted =
    options.algorithm === 'ed25519' ? ED25519_KEY_BYTES : (options.byteLength ?? HMAC_SECRET_BYTES_DEFAULT);
  const allowed = Number.isInteger(wanted) && wanted >= HMAC_SECRET_BYTES_MIN && wanted <= HMAC_SECRET_BYTES_MAX;
  if (!allowed) throw new RangeError(`byteLength must be ${HMAC_SECRET_BYTES_MIN} to ${HMAC_SECRET_BYTES_MAX}`);
  const drawn = (options.random ?? fallback)(wanted);
  if (drawn.length !== wanted) throw new RangeError('The random source gave another number of bytes than asked for');
  return new Uint8Array(drawn);
}
