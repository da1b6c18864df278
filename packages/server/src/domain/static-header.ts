import {
  STATIC_HEADER_NAME_LENGTH_MAX,
  STATIC_HEADER_VALUE_LENGTH_MAX,
  STATIC_HEADERS_BYTES_MAX,
  STATIC_HEADERS_MAX,
} from './limits.ts';

const TOKEN = /^[A-Za-z0-9][A-Za-z0-9!#$%&'*+.^_`|~-]*$/;
/** Visible ASCII, spaces and tabs inside only: anything else could end a header or be read in two ways. */
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/;

/** Set by the delivery itself, or able to change how the request is framed. */
const RESERVED = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'cookie2',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'via',
]);
const RESERVED_PREFIXES = ['webhook-', 'hookring-', 'sec-', 'proxy-', ':'];

export type StaticHeaderProblem = { readonly pointer: string; readonly detail: string; readonly code: string };

/** What is wrong with the headers that an endpoint's owner wants on each delivery; empty when nothing is. */
export function staticHeaderProblems(
  headers: Readonly<Record<string, string>>,
  /** Lower-case names that the endpoint's signature profile writes itself. */
  signatureHeaders: readonly string[],
): StaticHeaderProblem[] {
  const problems: StaticHeaderProblem[] = [];
  const names = Object.keys(headers);
  if (names.length > STATIC_HEADERS_MAX) {
    problems.push({ pointer: '/headers', detail: `must hold at most ${STATIC_HEADERS_MAX} headers`, code: 'too_many' });
  }
  const seen = new Set<string>();
  let bytes = 0;
  for (const name of names) {
    const value = headers[name] ?? '';
    const pointer = `/headers/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const lower = name.toLowerCase();
    bytes += name.length + value.length;
    if (name.length > STATIC_HEADER_NAME_LENGTH_MAX || !TOKEN.test(name)) {
      problems.push({ pointer, detail: 'is not a header name', code: 'invalid_header_name' });
    } else if (isReserved(lower) || signatureHeaders.includes(lower)) {
      problems.push({
        pointer,
        detail: `the header "${lower}" is written by the delivery itself`,
        code: 'reserved_header',
      });
    } else if (seen.has(lower)) {
      problems.push({ pointer, detail: 'repeats a header name in another case', code: 'repeated' });
    }
    seen.add(lower);
    if (value.length > STATIC_HEADER_VALUE_LENGTH_MAX || !VALUE.test(value)) {
      const detail = `must be 1 to ${STATIC_HEADER_VALUE_LENGTH_MAX} visible ASCII characters, with spaces inside only`;
      problems.push({ pointer, detail, code: 'invalid_header_value' });
    }
  }
  if (bytes > STATIC_HEADERS_BYTES_MAX) {
    problems.push({
      pointer: '/headers',
      detail: `must be at most ${STATIC_HEADERS_BYTES_MAX} bytes together`,
      code: 'too_large',
    });
  }
  return problems;
}

function isReserved(lower: string): boolean {
  return RESERVED.has(lower) || RESERVED_PREFIXES.some((prefix) => lower.startsWith(prefix));
}

/** What a static header's value is sealed for, beside its endpoint. */
export function headerSealId(name: string): string {
  return `header:${name.toLowerCase()}`;
}
