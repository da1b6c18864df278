import type { IncomingHttpHeaders } from 'node:http';
import type { Outcome } from '../app/outcome.ts';

/** One tag of a list, weak or strong; what stands between the quotes may hold commas. */
const TAG = '(?:W/)?"[\\x21\\x23-\\x7e\\x80-\\xff]*"';
const TAGS = new RegExp(`^[ \\t,]*${TAG}(?:[ \\t]*,[ \\t,]*${TAG})*[ \\t,]*$`);
/** Of the tags of a list, the ones that were given out here. A weak tag never matches. */
const VERSION = /(W\/)?"(?:([1-9]\d{0,14})|[^"]*)"/g;
/** No row has it. */
const NEVER = 0;
/** Each version that is tried costs a read. */
const TAGS_TRIED_MAX = 8;

export function etagOf(version: number): string {
  return `"${version}"`;
}

/**
 * Does `change` if the current version is one of those in If-Match (RFC 9110, 13.1.1). Each is tried by itself, so the
 * version that was asked for is the one that the change is committed on. Versions only grow: the newest are tried.
 */
export async function ifMatch<T>(
  headers: IncomingHttpHeaders,
  change: (expectedVersion: number | null) => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  const [first = null, ...others] = versionsOfIfMatch(headers);
  let outcome = await change(first);
  for (const version of others) {
    if (outcome.ok || outcome.problem.code !== 'precondition_failed') break;
    outcome = await change(version);
  }
  return outcome;
}

/** Empty when any version will do; one that no row has when none of the tags was given out here. */
export function versionsOfIfMatch(headers: IncomingHttpHeaders): readonly number[] {
  const header = headers['if-match'];
  if (header === undefined || header.trim() === '*') return [];
  if (!TAGS.test(header)) return [NEVER];
  const versions = new Set<number>();
  for (const [, weak, version] of header.matchAll(VERSION)) {
    if (weak === undefined && version !== undefined) versions.add(Number(version));
  }
  return versions.size === 0 ? [NEVER] : [...versions].sort((a, b) => b - a).slice(0, TAGS_TRIED_MAX);
}
