import type { DecodedText } from './base64.ts';

const ANY_CASE = /^[0-9a-fA-F]+$/;
const LOWER_CASE = /^[0-9a-f]+$/;

function decode(text: string, alphabet: RegExp): DecodedText {
  if (text === '') return { ok: false, reason: 'empty' };
  if (!alphabet.test(text)) return { ok: false, reason: 'bad_alphabet' };
  if (text.length % 2 !== 0) return { ok: false, reason: 'bad_padding' };
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16);
  return { ok: true, bytes };
}

/** Decodes hex in either case: people paste secrets as they find them. */
export function decodeHex(text: string): DecodedText {
  return decode(text, ANY_CASE);
}

/** Decodes lower-case hex only, so that one signature has exactly one accepted spelling. */
export function decodeLowerHex(text: string): DecodedText {
  return decode(text, LOWER_CASE);
}

export function encodeHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
