import type { IncomingHttpHeaders } from 'node:http';

const STRONG_VERSION = /^"([1-9]\d{0,14})"$/;
/** No row has it. */
const NEVER = 0;

export function etagOf(version: number): string {
  return `"${version}"`;
}

/**
 * The version that If-Match asks for: null for none or any, and one that no row has for a tag that was never given out.
 * A list of tags would need a choice that one expected version cannot make, so it never matches.
 */
export function versionOfIfMatch(headers: IncomingHttpHeaders): number | null {
  const header = headers['if-match'];
  if (header === undefined || header.trim() === '*') return null;
  return Number(STRONG_VERSION.exec(header.trim())?.[1] ?? NEVER);
}
