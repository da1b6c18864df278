const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

const DELTA_SECONDS = /^\d{1,10}$/;
/** The three forms of an HTTP date (RFC 9110, section 5.6.7). */
const IMF_FIXDATE = /^([A-Z][a-z]{2}), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;
const RFC_850_DATE = /^([A-Z][a-z]{5,8}), (\d\d)-([A-Z][a-z]{2})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/;
const ASCTIME_DATE = /^([A-Z][a-z]{2}) ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/;

/** Milliseconds that a Retry-After header asks to wait, 0 for a past date, or null when it is none of its four forms. */
export function parseRetryAfter(text: string, now: number): number | null {
  const value = text.replace(/^[ \t]+|[ \t]+$/g, '');
  if (DELTA_SECONDS.test(value)) return Number(value) * 1_000;
  const date = parseHttpDate(value, now);
  return date === null ? null : Math.max(0, date - now);
}

/** Epoch milliseconds of an HTTP date whose weekday is right, or null. */
export function parseHttpDate(text: string, now: number): number | null {
  const imf = IMF_FIXDATE.exec(text);
  if (imf !== null) {
    const [, weekday = '', day = '', month = '', year = '', ...clock] = imf;
    return timeOf({ weekday, day, month, year: Number(year), clock });
  }
  const asctime = ASCTIME_DATE.exec(text);
  if (asctime !== null) {
    const [, weekday = '', month = '', day = '', hour = '', minute = '', second = '', year = ''] = asctime;
    return timeOf({ weekday, day, month, year: Number(year), clock: [hour, minute, second] });
  }
  const rfc850 = RFC_850_DATE.exec(text);
  if (rfc850 === null) return null;
  const [, weekday = '', day = '', month = '', shortYear = '', ...clock] = rfc850;
  // Two digits that seem more than 50 years ahead mean the last year with those digits.
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + Number(shortYear);
  return timeOf({ weekday, day, month, year: year > thisYear + 50 ? year - 100 : year, clock });
}

function timeOf(parts: {
  readonly weekday: string;
  readonly day: string;
  readonly month: string;
  readonly year: number;
  readonly clock: readonly string[];
}): number | null {
  const month = MONTHS.indexOf(parts.month);
  const day = Number(parts.day);
  const [hour = 0, minute = 0, second = 0] = parts.clock.map(Number);
  // 60 is a leap second.
  if (month === -1 || hour > 23 || minute > 59 || second > 60) return null;
  const date = new Date(0);
  date.setUTCFullYear(parts.year, month, day);
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return null;
  const name = DAYS[date.getUTCDay()] ?? '';
  if (parts.weekday !== name && parts.weekday !== name.slice(0, 3)) return null;
  return date.getTime() + ((hour * 60 + minute) * 60 + second) * 1_000;
}
