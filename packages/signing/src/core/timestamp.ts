/** Twelve digits reach the year 33658 and stay far inside a double's exact integers. */
export const TIMESTAMP_SECONDS_MAX = 999_999_999_999;

// No sign, no leading zero: a timestamp has one spelling, and it is the one that was signed.
const TIMESTAMP = /^(?:0|[1-9][0-9]{0,11})$/;

export function parseTimestamp(text: string): number | null {
  return TIMESTAMP.test(text) ? Number(text) : null;
}
