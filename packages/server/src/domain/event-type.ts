import { EVENT_TYPE_LENGTH_MAX } from './limits.ts';

/**
 * An event type is dot-delimited identifiers of letters, digits, `_` and `-`, for example `invoice.paid`. A subscription
 * names one exactly, or `prefix.*` for everything below a prefix, or `*` for all.
 */
const EVENT_TYPE = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
const BELOW = '.*';
export const ALL_TYPES = '*';

/** Types that the engine itself sends about secrets. They reach only endpoints that name them exactly. */
export const OPERATIONAL_TYPES = [
  'endpoint.secret.rotated',
  'endpoint.secret.expiring',
  'endpoint.secret.expired',
  'endpoint.secret.revoked',
] as const;
export type OperationalType = (typeof OPERATIONAL_TYPES)[number];

const operational: ReadonlySet<string> = new Set(OPERATIONAL_TYPES);

export function isOperationalType(type: string): type is OperationalType {
  return operational.has(type);
}

export function isEventType(text: string): boolean {
  return text.length <= EVENT_TYPE_LENGTH_MAX && EVENT_TYPE.test(text);
}

/** Whether `text` may stand in a subscription. */
export function isSubscription(text: string): boolean {
  if (text === ALL_TYPES) return true;
  return isEventType(text.endsWith(BELOW) ? text.slice(0, -BELOW.length) : text);
}

/** The prefix with its final dot, as in `invoice.`, or null when the pattern is not of the form `prefix.*`. */
export function patternPrefix(pattern: string): string | null {
  return pattern.endsWith(BELOW) ? pattern.slice(0, -1) : null;
}

/** Whether one pattern covers a type, catalogue aside. */
export function patternMatches(pattern: string, type: string): boolean {
  if (pattern === type) return true;
  if (isOperationalType(type)) return false;
  if (pattern === ALL_TYPES) return true;
  const prefix = patternPrefix(pattern);
  return prefix !== null && type.startsWith(prefix);
}

/**
 * Compiles a subscription to a test of types. Null event types mean every type but the operational ones; a type outside
 * the catalogue never matches.
 */
export function compileSubscription(
  eventTypes: readonly string[] | null,
  catalogue: readonly string[] | null,
): (type: string) => boolean {
  const known = catalogue === null ? null : new Set(catalogue);
  const patterns = eventTypes ?? [ALL_TYPES];
  const exact = new Set(patterns);
  const all = exact.has(ALL_TYPES);
  const prefixes = patterns.map(patternPrefix).filter((prefix) => prefix !== null);
  return (type) => {
    if (known !== null && !known.has(type)) return false;
    if (exact.has(type)) return true;
    if (isOperationalType(type)) return false;
    return all || prefixes.some((prefix) => type.startsWith(prefix));
  };
}
