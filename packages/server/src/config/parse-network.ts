import { isIP } from 'node:net';
import { createAddressPolicy } from '../net/address-policy.ts';
import { parts } from './parse.ts';
import type { Parsed } from './setting.ts';
import { parsed, problem } from './setting.ts';

const CIDR_ENTRIES_MAX = 256;
const PROXY_HOPS_MAX = 32;
const HOST_LENGTH_MAX = 253;
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/;

/** An address to listen on: an IP literal or a name. */
export function parseHost(text: string): Parsed<string> {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (isIP(bare) !== 0) return parsed(bare);
  if (text.length > HOST_LENGTH_MAX || !HOST_NAME.test(text) || /^[0-9.]+$/.test(text)) {
    return problem('must be an IP address or a host name, without scheme and port');
  }
  return parsed(text);
}

/** Ranges that the guard of outgoing connections lets through; the guard itself says which it can read. */
export function parseAllowPrivate(text: string): Parsed<readonly string[]> {
  const list = parts(text);
  if (!list.ok) return list;
  if (list.value.length > CIDR_ENTRIES_MAX) return problem(`has more than ${CIDR_ENTRIES_MAX} entries`);
  const built = createAddressPolicy({ allowPrivate: list.value });
  return built.ok ? list : problem(`has an entry that is no range: ${built.detail.replace(/\.$/, '')}`);
}

function parseProxyRanges(text: string): Parsed<readonly string[]> {
  const list = parts(text);
  if (!list.ok) return list;
  if (list.value.length > CIDR_ENTRIES_MAX) return problem(`has more than ${CIDR_ENTRIES_MAX} entries`);
  const wrong = list.value.find((entry) => !isRange(entry));
  return wrong === undefined ? list : problem(`has an entry that is no range: ${JSON.stringify(wrong)}`);
}

/** `10.0.0.0/8`, or a single address. */
function isRange(entry: string): boolean {
  const [address = '', length, ...rest] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return length === undefined || (/^[0-9]{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128));
}

/** Which proxies may say who the caller is: none, all, the nearest n, or those in some ranges. */
export type TrustProxy = boolean | number | readonly string[];

export function parseTrustProxy(text: string): Parsed<TrustProxy> {
  if (text === 'true' || text === 'false') return parsed(text === 'true');
  if (/^[0-9]+$/.test(text)) {
    const hops = Number(text);
    if (hops > PROXY_HOPS_MAX) return problem(`counts more than ${PROXY_HOPS_MAX} proxies`);
    return parsed(hops === 0 ? false : hops);
  }
  const list = parseProxyRanges(text);
  return list.ok ? list : problem(`must be true, false, a number of proxies or a list of ranges; it ${list.problem}`);
}
