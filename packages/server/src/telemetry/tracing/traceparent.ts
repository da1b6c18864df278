/** The trace that a caller is in, from its `traceparent` header (W3C Trace Context, level 2). */
export type CallerTrace = { readonly traceId: string; readonly spanId: string; readonly traceFlags: number };

const LENGTH = 55;
const HEADER = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;

/** Null for anything that is not one: a caller's mistake there must not cost it its event. */
export function parseTraceparent(text: string): CallerTrace | null {
  const match = HEADER.exec(text);
  if (match === null) return null;
  const [, version = '', traceId = '', spanId = '', flags = ''] = match;
  // Later versions may go on after the flags, the first one must not.
  if (version === 'ff' || (version === '00' && text.length !== LENGTH)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) };
}
