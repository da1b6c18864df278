/** A date-time of RFC 3339, the profile of ISO 8601 that says its offset. */
const DATE_TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** Epoch milliseconds, or null when the text is not a date-time that exists. */
export function parseTime(text: string): number | null {
  if (!DATE_TIME.test(text)) return null;
  const time = Date.parse(text);
  // The engine rolls 30 February over to March; only a day that comes back the same exists.
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  return Number.isNaN(time) || !day.toISOString().startsWith(text.slice(0, 10)) ? null : time;
}

export function showTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

export function showTimeOrNull(epochMs: number | null): string | null {
  return epochMs === null ? null : showTime(epochMs);
}
