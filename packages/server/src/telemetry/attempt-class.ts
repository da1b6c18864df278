/** What came of one attempt, in few enough words for a metric's label. */
export const ATTEMPT_CLASSES = [
  '2xx',
  '3xx',
  '4xx',
  '5xx',
  '410',
  '429',
  'timeout',
  'dns',
  'blocked_address',
  'connect',
  'tls',
  'reset',
  'protocol',
  'response_too_large',
  'invalid_request',
  'closed',
  'signing',
  'other',
] as const;
export type AttemptClass = (typeof ATTEMPT_CLASSES)[number];

const BY_NAME: ReadonlyMap<string, AttemptClass> = new Map(ATTEMPT_CLASSES.map((name) => [name, name]));

export function attemptClass(status: number | null, errorKind: string | null): AttemptClass {
  if (status === null) return errorKind === null ? 'other' : (BY_NAME.get(errorKind) ?? 'other');
  if (status >= 200 && status < 300) return '2xx';
  if (status === 410) return '410';
  if (status === 429) return '429';
  if (status >= 300 && status < 400) return '3xx';
  if (status >= 400 && status < 500) return '4xx';
  return status >= 500 && status < 600 ? '5xx' : 'other';
}
