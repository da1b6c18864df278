const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new Int8Array(128).fill(-1);
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i;

type TextProblem = 'empty' | 'bad_alphabet' | 'bad_padding';
export type DecodedText = { readonly ok: true; readonly bytes: Uint8Array<ArrayBuffer> } | TextFailure;
type TextFailure = { readonly ok: false; readonly reason: TextProblem };

function digitAt(text: string, index: number): number {
  const code = text.charCodeAt(index);
  return code < 128 ? (VALUES[code] ?? -1) : -1;
}

/** Decodes standard, padded base64. One byte string has exactly one accepted spelling. */
export function decodeBase64(text: string): DecodedText {
  if (text === '') return { ok: false, reason: 'empty' };
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  for (let i = 0; i < digits; i++) {
    if (digitAt(text, i) < 0) return { ok: false, reason: text[i] === '=' ? 'bad_padding' : 'bad_alphabet' };
  }
  if (text.length % 4 !== 0) return { ok: false, reason: 'bad_padding' };
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let at = 0;
  for (let i = 0; i < text.length; i += 4) {
    // A padding character reads as -1, so it is masked to zero bits here.
    const third = i + 2 < digits ? digitAt(text, i + 2) : 0;
    const fourth = i + 3 < digits ? digitAt(text, i + 3) : 0;
    const group = (digitAt(text, i) << 18) | (digitAt(text, i + 1) << 12) | (third << 6) | fourth;
    // Typed arrays ignore writes past their end, which drops the padded bytes.
    bytes[at++] = group >>> 16;
    bytes[at++] = group >>> 8;
    bytes[at++] = group;
    // Leftover bits must be zero, or two texts would mean the same bytes.
    if (i + 4 === text.length && padding > 0 && (group & (padding === 2 ? 0xffff : 0xff)) !== 0) {
      return { ok: false, reason: 'bad_padding' };
    }
  }
  return { ok: true, bytes };
}

export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += ALPHABET.charAt(group >>> 18) + ALPHABET.charAt((group >>> 12) & 63);
    text += i + 1 < bytes.length ? ALPHABET.charAt((group >>> 6) & 63) : '=';
    text += i + 2 < bytes.length ? ALPHABET.charAt(group & 63) : '=';
  }
  return text;
}
