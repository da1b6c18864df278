import type { FieldError } from '../domain/error-registry.ts';
import { escapePointer } from './validation.ts';

const NUL = '\u0000';
/** The only way to write it in JSON. */
const ESCAPED_NUL = Buffer.from('\\u0000');

/**
 * Texts of a body that hold the character U+0000, which not every store can keep; none takes it, so that the same request
 * is answered alike. Payloads do not come by here: they are bytes.
 */
export function unkeptTexts(bytes: Uint8Array, value: unknown): readonly FieldError[] {
  if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(ESCAPED_NUL)) return [];
  const errors: FieldError[] = [];
  collect(value, '', errors);
  return errors;
}

function collect(value: unknown, pointer: string, errors: FieldError[]): void {
  if (typeof value === 'string') {
    if (value.includes(NUL)) errors.push(faultAt(pointer));
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) collect(item, `${pointer}/${index}`, errors);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      const at = `${pointer}/${escapePointer(name)}`;
      if (name.includes(NUL)) errors.push(faultAt(at));
      else collect(member, at, errors);
    }
  }
}

function faultAt(pointer: string): FieldError {
  return { pointer, detail: 'must not hold the character U+0000', code: 'not_allowed' };
}
