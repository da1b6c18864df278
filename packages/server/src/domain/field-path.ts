/**
 * A place in a request as a sentence names it: `/events/0` is `events[0]`, `?limit` and `#idempotency-key` lose their
 * marks, and the whole body is `body`.
 */
export function fieldPath(pointer: string): string {
  if (pointer === '' || pointer === '/') return 'body';
  if (!pointer.startsWith('/')) return pointer.slice(1);
  const [name = '', ...rest] = pointer.slice(1).split('/').map(unescaped);
  return name + rest.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join('');
}

/** The same as the subject of a sentence: `"events[0]" must be …`. */
export function fieldSubject(pointer: string): string {
  return pointer === '' || pointer === '/' ? 'the body' : `"${fieldPath(pointer)}"`;
}

function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
