import { failure, type VerificationFailure } from './errors.ts';

/**
 * Headers in any common shape: a plain object (values or lists of values), `Headers`, a `Map`,
 * a list of pairs, or a flat list of names and values such as `rawHeaders`.
 */
export type HeaderSource =
  | Iterable<string>
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string | readonly string[] | undefined>>;

export const HEADER_CHARS_MAX = 8192;

/** `lower` must be in lower case. */
function same(name: unknown, lower: string): boolean {
  return typeof name === 'string' && name.length === lower.length && name.toLowerCase() === lower;
}

function addValue(found: string[], value: unknown): void {
  if (typeof value === 'string') found.push(value);
  else if (Array.isArray(value)) for (const one of value) if (typeof one === 'string') found.push(one);
}

function valuesIn(source: unknown, lower: string): readonly string[] {
  const found: string[] = [];
  if (typeof source !== 'object' || source === null) return found;
  if (!(Symbol.iterator in source)) {
    for (const [name, value] of Object.entries(source)) if (same(name, lower)) addValue(found, value);
    return found;
  }
  let flatName: unknown = null;
  // The shape of what a caller in plain JavaScript passes is unknown; each item is looked at before use.
  for (const item of source as Iterable<unknown>) {
    if (Array.isArray(item)) {
      if (same(item[0], lower)) addValue(found, item[1]);
    } else if (flatName === null) {
      flatName = item;
    } else {
      if (same(flatName, lower)) addValue(found, item);
      flatName = null;
    }
  }
  return found;
}

export type HeaderReading = { readonly ok: true; readonly value: string } | VerificationFailure;

/** Reads one header. Two of a kind are refused: which one counts would be a guess. */
export function readHeader(source: HeaderSource, name: string): HeaderReading {
  const found = valuesIn(source, name.toLowerCase());
  const value = found[0];
  if (value === undefined) return failure('header_missing', name);
  if (found.length > 1) return failure('header_repeated', name);
  if (value.length > HEADER_CHARS_MAX) return failure('header_too_long', name);
  return { ok: true, value: value.replace(/^[ \t]+/, '').replace(/[ \t]+$/, '') };
}
