import type { FieldError } from '../domain/error-registry.ts';
import { escapePointer } from './validation.ts';

const NUL = '\u0000';
/** The only way to write either of them in JSON. */
const ESCAPE = Buffer.from('\\u');

/**
 * Texts of a body that hold the character U+0000, which not every store can keep, or half of a surrogate pair, which UTF-8
 * cannot write: two such texts would become one. No store takes them, so that the same request is answered alike.
 * Payloads do not come by here: they are bytes.
 */
export function unkeptTexts(bytes: Uint8Array, value: unknown): readonly FieldError[] {
  if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(ESCAPE)) return [];
  const errors: FieldError[] = [];
  collect(value, '', errors);
  return errors;
}

function collect(value: unknown, pointer: string, errors: FieldError[]): void {
  if (typeof value === 'string') {
    const fault = faultOf(value);
    if (fault !== null) errors.push(faultAt(pointer, fault));
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) collect(item, `${pointer}/${index}`, errors);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      const at = `${pointer}/${escapePointer(name)}`;
      const fault = faultOf(name);
      if (fault !== null) errors.push(faultAt(at, fault));
      else collect(member, at, errors);
    }
  }
}

/** What the text must not hold; null when it may stay. */
function faultOf(text: string): string | null {
  if (text.includes(NUL)) return 'the character U+0000';
  return text.isWellFormed() ? null : 'half of a surrogate pair';
}

function faultAt(pointer: string, what: string): FieldError {
  // A name with half of a pair in it could not be written in the answer.
  return { pointer: pointer.toWellFormed(), detail: `must not hold ${what}`, code: 'not_allowed' };
}
