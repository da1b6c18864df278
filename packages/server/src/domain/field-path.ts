/**
 * A place in a request as a sentence names it: `/events/0` is `events[0]`, `?limit` and `#idempotency-key` lose their
 * marks, and the whole body is `body`.
 */
export function fieldPath(pointer: string): string {
  if (pointer === '') return 'body';
  const [name = '', ...rest] = pointerNames(pointer);
  return name + rest.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join('');
}

/** What is wrong with a field, as a sentence that names it. A whole sentence stays one: `"url": The host …`. */
export function fieldSentence(pointer: string, detail: string): string {
  const subject = pointer === '' ? 'the body' : `"${fieldPath(pointer)}"`;
  return /^[A-Z]/.test(detail) ? `${subject}: ${detail}` : `${subject} ${detail}`;
}

/**
 * The names on the way to a place in a request, outermost first: those of a JSON Pointer (RFC 6901), or the one of a query
 * parameter or header. The whole body has none.
 */
export function pointerNames(pointer: string): readonly string[] {
  if (pointer === '') return [];
  return pointer.startsWith('/') ? pointer.slice(1).split('/').map(unescaped) : [pointer.slice(1)];
}

function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
