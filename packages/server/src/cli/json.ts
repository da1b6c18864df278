/** Parsed JSON, looked into without trusting its shape: an answer may come from another version of the server. */
export type Json = Readonly<Record<string, unknown>>;

export function asRecord(value: unknown): Json {
  // The narrowing leaves `object`; its members are unknown either way.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function records(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(asRecord) : [];
}

/** A member as text; null and absent are a dash. */
export function text(record: Json, name: string): string {
  const value = record[name];
  if (value === null || value === undefined || value === '') return '-';
  if (typeof value === 'string') return value;
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
    ? value.join(', ')
    : JSON.stringify(value);
}

export function textOrNull(record: Json, name: string): string | null {
  const value = record[name];
  return typeof value === 'string' ? value : null;
}
