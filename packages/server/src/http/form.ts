/** Fields of the forms that are read here are few. */
const FIELDS_MAX = 64;

export type FormReading =
  | { readonly ok: true; readonly fields: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly reason: 'unreadable' | 'too_many_fields' }
  | { readonly ok: false; readonly reason: 'repeated'; readonly name: string };

/** Reads `application/x-www-form-urlencoded`. What is not well-formed is refused, and so is a name that comes twice. */
export function readForm(bytes: Uint8Array): FormReading {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { ok: false, reason: 'unreadable' };
  }
  const fields = new Map<string, string>();
  if (text === '') return { ok: true, fields };
  const pairs = text.split('&', FIELDS_MAX + 1);
  if (pairs.length > FIELDS_MAX) return { ok: false, reason: 'too_many_fields' };
  for (const pair of pairs) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = formDecoded(equals < 0 ? pair : pair.slice(0, equals));
    const value = formDecoded(equals < 0 ? '' : pair.slice(equals + 1));
    if (name === null || value === null) return { ok: false, reason: 'unreadable' };
    if (fields.has(name)) return { ok: false, reason: 'repeated', name };
    fields.set(name, value);
  }
  return { ok: true, fields };
}

/** Null when an escape is broken or what it makes is no UTF-8. */
export function formDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}
