import type { Parsed } from './setting.ts';
import { parsed, problem } from './setting.ts';

const URL_LENGTH_MAX = 2_048;
const HEADERS_MAX = 32;
const HEADERS_LENGTH_MAX = 8_192;
const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/;
const TRACES_PATH = '/v1/traces';
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
/** Those of the request itself. */
const TAKEN_NAMES = new Set([
  'accept',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
]);

/** The base of a collector's OTLP/HTTP address; `/v1/traces` is added to it. */
export function parseOtlpEndpoint(text: string): Parsed<string> {
  const url = URL.parse(text);
  if (url === null || text.length > URL_LENGTH_MAX) return problem('must be a URL');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return problem('must be an http: or https: URL');
  if (url.username !== '' || url.password !== '') {
    return problem('must not hold a user name or a password: headers have a setting of their own');
  }
  if (url.search !== '' || url.hash !== '') return problem('must not hold a query or a fragment');
  const base = url.href.replace(/\/+$/, '');
  if (base.endsWith(TRACES_PATH)) return problem(`must be the base of the address: ${TRACES_PATH} is added to it`);
  return parsed(base);
}

export function tracesUrl(endpoint: string): URL {
  return new URL(`${endpoint}${TRACES_PATH}`);
}

/** `name=value,name=value`, as OpenTelemetry writes it: what a value may not hold is percent-encoded. */
export function parseOtlpHeaders(text: string): Parsed<readonly (readonly [string, string])[]> {
  if (text.length > HEADERS_LENGTH_MAX) return problem(`has more than ${HEADERS_LENGTH_MAX} characters`);
  const entries = text.split(',').map((entry) => entry.trim());
  if (entries.length > HEADERS_MAX) return problem(`has more than ${HEADERS_MAX} headers`);
  const headers: [string, string][] = [];
  const names = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    const which = `header ${index + 1}`;
    const at = entry.indexOf('=');
    const name = entry.slice(0, Math.max(0, at)).trim().toLowerCase();
    if (at === -1 || !HEADER_NAME.test(name)) return problem(`has no name before a = sign in ${which}`);
    if (TAKEN_NAMES.has(name)) return problem(`must not set ${name}, which the request has already`);
    if (names.has(name)) return problem(`names ${name} twice`);
    const value = decoded(entry.slice(at + 1).trim());
    if (value === null || !HEADER_VALUE.test(value)) {
      return problem(`has a value that no header can have in ${which}; write other characters as %20 and so on`);
    }
    names.add(name);
    headers.push([name, value]);
  }
  return parsed(headers);
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

type TracingConfig = {
  readonly otlpEndpoint: string | null;
  readonly otlpHeaders: readonly (readonly [string, string])[] | null;
};

/** What an operator will want to know before the first span goes out. */
export function tracingWarnings(config: Partial<TracingConfig>): readonly string[] {
  const { otlpEndpoint = null, otlpHeaders = null } = config;
  if (otlpHeaders === null) return [];
  if (otlpEndpoint === null) return ['HOOKRING_OTLP_HEADERS does nothing without HOOKRING_OTLP_ENDPOINT.'];
  const { protocol, hostname } = new URL(otlpEndpoint);
  if (protocol === 'https:' || LOOPBACK.test(hostname)) return [];
  return ['HOOKRING_OTLP_HEADERS travel in the clear: HOOKRING_OTLP_ENDPOINT is an http: address of another machine.'];
}
