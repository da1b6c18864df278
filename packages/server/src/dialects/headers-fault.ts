const NAME = /^[a-z][a-z0-9-]*$/;
/** What every client reads as it was written (RFC 9110, 5.5), without blanks at its ends. */
const VALUE = /^(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?$/;
/** They say where an answer ends, what it is and who may keep it, which is the server's to say. */
const OF_SERVER = new Set([
  'cache-control',
  'connection',
  'content-length',
  'content-type',
  'transfer-encoding',
  'x-content-type-options',
  'x-request-id',
]);

/** Why headers cannot stand on an answer, or null: one that cannot be sent would make every answer a 500. */
export function headersFault(headers: Readonly<Record<string, unknown>>): string | null {
  for (const [name, value] of Object.entries(headers)) {
    const fault = headerNameFault(name);
    if (fault !== null) return fault;
    if (OF_SERVER.has(name)) return `the header "${name}" is the server's own`;
    if (typeof value !== 'string' || !VALUE.test(value))
      return `the value of the header "${name}" is not printable ASCII`;
  }
  return null;
}

export function headerNameFault(name: unknown): string | null {
  const isName = typeof name === 'string' && NAME.test(name);
  return isName ? null : `the header "${String(name)}" must be lower-case letters, digits and hyphens`;
}
