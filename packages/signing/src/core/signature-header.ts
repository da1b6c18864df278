import { decodeBase64 } from './base64.ts';
import { type CompiledProfile, compileProfile } from './compiled-profile.ts';
import { failure, type VerificationFailure } from './errors.ts';
import { decodeLowerHex } from './hex.ts';
import type { Algorithm, SignatureProfile } from './profile.ts';
import { HEADER_CHARS_MAX } from './request-headers.ts';

const SIGNATURES_MAX = 32;

const SIGNATURE_BYTES: Readonly<Record<Algorithm, number>> = { 'hmac-sha256': 32, ed25519: 64 };
const ALGORITHMS: readonly Algorithm[] = ['hmac-sha256', 'ed25519'];

export type SignatureCandidate = {
  /** Position in the list; entries that are not understood count, the timestamp does not. */
  readonly index: number;
  readonly algorithm: Algorithm;
  readonly signature: Uint8Array<ArrayBuffer>;
};

export type ParsedSignatureHeader = {
  readonly ok: true;
  /** The text of the lead element's timestamp; null where the profile has none or the header lacks it. */
  readonly timestamp: string | null;
  readonly candidates: readonly SignatureCandidate[];
};

function readEntry(entry: string, index: number, compiled: CompiledProfile): SignatureCandidate | null {
  for (const algorithm of ALGORITHMS) {
    const prefix = compiled.prefixes[algorithm];
    if (prefix === null || !entry.startsWith(prefix)) continue;
    const text = entry.slice(prefix.length);
    const decoded = compiled.profile.digest === 'hex' ? decodeLowerHex(text) : decodeBase64(text);
    if (!decoded.ok || decoded.bytes.length !== SIGNATURE_BYTES[algorithm]) return null;
    return { index, algorithm, signature: decoded.bytes };
  }
  return null;
}

export function parseWith(compiled: CompiledProfile, value: string): ParsedSignatureHeader | VerificationFailure {
  if (value.length > HEADER_CHARS_MAX) return failure('header_too_long');
  const candidates: SignatureCandidate[] = [];
  let timestamp: string | null = null;
  let index = 0;
  for (const padded of value.split(compiled.profile.joiner)) {
    const entry = padded.trim();
    if (entry === '') continue;
    if (compiled.leadPrefix !== null && entry.startsWith(compiled.leadPrefix)) {
      if (timestamp !== null) return failure('timestamp_invalid', 'it is there twice');
      timestamp = entry.slice(compiled.leadPrefix.length);
      continue;
    }
    if (index === SIGNATURES_MAX) return failure('too_many_signatures');
    const candidate = readEntry(entry, index++, compiled);
    if (candidate !== null) candidates.push(candidate);
  }
  return { ok: true, timestamp, candidates };
}

/** Takes a signature header apart. Entries that the profile does not know are left out, whatever they hold. */
export function parseSignatureHeader(
  profile: SignatureProfile,
  value: string,
): ParsedSignatureHeader | VerificationFailure {
  return parseWith(compileProfile(profile), value);
}
