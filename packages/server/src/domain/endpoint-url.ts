import { URL_LENGTH_MAX } from './limits.ts';

/** Decides which IP addresses the operator has opened. The address policy of `net/` is one. */
export type AddressMatcher = {
  /** True when no range was opened at all. */
  readonly isEmpty: boolean;
  /** Takes an address without brackets; false for anything that is not an address. */
  matches(address: string): boolean;
};

export type EndpointUrlRules = {
  readonly allowHttp: boolean;
  readonly allowPrivate: AddressMatcher;
};

export type EndpointUrlRefusal =
  | 'url_too_long'
  | 'url_invalid'
  | 'url_scheme'
  | 'url_credentials'
  | 'url_fragment'
  | 'url_port'
  | 'url_ip_literal'
  | 'url_host';

export type EndpointUrlCheck =
  | { readonly ok: true; readonly url: string }
  | { readonly ok: false; readonly code: EndpointUrlRefusal; readonly detail: string };

/** Names that answer with a cloud's instance credentials. No configuration lets them through. */
const METADATA_HOSTS = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
  'metadata.azure.internal',
  'metadata.tencentyun.com',
]);

/** Suffixes that mean something only inside one network. */
const PRIVATE_SUFFIXES = ['.internal', '.local', '.localdomain', '.localhost', '.home.arpa', '.onion'];

/** https://fetch.spec.whatwg.org/#port-blocking */
const BAD_PORTS = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
  111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
  540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
  6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);

const SCHEME_AND_AUTHORITY = /^(https?):\/\/([^/?#]+)/i;
// The URL parser drops some of these in silence and reads a backslash as a slash: what was checked by eye is then not what is used.
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const AMBIGUOUS_CHARACTERS = /[\u0000-\u0020\u007f\\]/;
const HOST_LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
const IPV4_HOST = /^\d+\.\d+\.\d+\.\d+$/;
const HOST_LENGTH_MAX = 253;

/**
 * Decides whether a text may be an endpoint's URL and returns it as the WHATWG parser writes it, without a trailing dot
 * of the host. It knows names and literals only: what a name resolves to is checked at each connection, in `net/`.
 */
export function checkEndpointUrl(text: string, rules: EndpointUrlRules): EndpointUrlCheck {
  if (text.length > URL_LENGTH_MAX) return refuse('url_too_long', `A URL has at most ${URL_LENGTH_MAX} characters.`);
  if (AMBIGUOUS_CHARACTERS.test(text)) {
    return refuse('url_invalid', 'A URL has no spaces, control characters or backslashes.');
  }
  const authority = SCHEME_AND_AUTHORITY.exec(text)?.[2];
  if (authority === undefined) {
    return /^https?:/i.test(text)
      ? refuse('url_invalid', 'Write the URL in full: https://host/path.')
      : refuse('url_scheme', 'The URL must begin with https://.');
  }
  // Also an empty name (`https://@host/`), which the parser would drop.
  if (authority.includes('@')) return refuse('url_credentials', 'A URL must not carry a user name or a password.');
  // A fragment is never sent, so keeping one would promise something that no receiver sees.
  if (text.includes('#')) return refuse('url_fragment', 'A URL must not have a fragment (#…).');
  const url = URL.parse(text);
  if (url === null) return refuse('url_invalid', 'This is not a valid URL.');
  if (url.port !== '' && BAD_PORTS.has(Number(url.port))) {
    return refuse('url_port', `Port ${url.port} belongs to another protocol.`);
  }
  return checkHost(url, rules);
}

function checkHost(url: URL, rules: EndpointUrlRules): EndpointUrlCheck {
  if (url.hostname.endsWith('.')) url.hostname = url.hostname.slice(0, -1);
  const host = url.hostname;
  const literal = host.startsWith('[') ? host.slice(1, -1) : IPV4_HOST.test(host) ? host : null;
  if (literal !== null) {
    if (rules.allowPrivate.matches(literal)) return accept(url);
    return refuse('url_ip_literal', 'The host must be a name, not an IP address.');
  }
  if (host.length > HOST_LENGTH_MAX || !host.split('.').every((label) => HOST_LABEL.test(label))) {
    return refuse('url_host', 'The host is not a valid host name.');
  }
  if (METADATA_HOSTS.has(host)) return refuse('url_host', 'This host is not allowed.');
  if (host === 'localhost') return accept(url);
  // Somebody who opened a range means to reach what lives there, and that is usually called by such a name.
  if (rules.allowPrivate.isEmpty && (!host.includes('.') || PRIVATE_SUFFIXES.some((suffix) => host.endsWith(suffix)))) {
    return refuse('url_host', 'The host must be a public name.');
  }
  if (url.protocol === 'http:' && !rules.allowHttp) return refuse('url_scheme', 'The URL must begin with https://.');
  return accept(url);
}

function accept(url: URL): EndpointUrlCheck {
  // Percent-encoding can make the written form longer than what was sent in.
  if (url.href.length > URL_LENGTH_MAX)
    return refuse('url_too_long', `A URL has at most ${URL_LENGTH_MAX} characters.`);
  return { ok: true, url: url.href };
}

function refuse(code: EndpointUrlRefusal, detail: string): EndpointUrlCheck {
  return { ok: false, code, detail };
}
