import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { AddressMatcher } from '../domain/endpoint-url.ts';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = { readonly base: Address; readonly prefix: number };

/** Decides which addresses a delivery may connect to. */
export type AddressPolicy = {
  allows(address: string): boolean;
  /** The operator's ranges alone: an IP literal in a URL must be inside them. */
  readonly opened: AddressMatcher;
};

export type AddressPolicyResult =
  | { readonly ok: true; readonly policy: AddressPolicy }
  | { readonly ok: false; readonly entry: string; readonly detail: string };

/** https://www.iana.org/assignments/iana-ipv4-special-registry and multicast, reserved and platform addresses. */
const CLOSED_IPV4 = ranges([
  '0.0.0.0/8', // this network; 0.0.0.0 reaches the host itself
  '10.0.0.0/8',
  '100.64.0.0/10', // carrier-grade NAT; Alibaba's metadata at 100.100.100.200
  '127.0.0.0/8',
  '168.63.129.16/32', // Azure's wire server, inside public space
  '169.254.0.0/16', // link-local; metadata services
  '172.16.0.0/12',
  '192.0.0.0/24', // IETF protocol assignments
  '192.0.2.0/24', // documentation
  '192.31.196.0/24', // AS112
  '192.52.193.0/24', // AMT relays
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16',
  '192.175.48.0/24', // AS112
  '198.18.0.0/15', // benchmarking
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved and broadcast
]);

/** Only 2000::/3 is global unicast, so loopback, fc00::/7, fe80::/10, fec0::/10, 64:ff9b::/96, 100::/64 and 5f00::/16 are closed by it. */
const GLOBAL_IPV6 = range('2000::/3');
/** https://www.iana.org/assignments/iana-ipv6-special-registry, as far as it lies inside 2000::/3. */
const CLOSED_IPV6 = ranges([
  '2001::/23', // IETF protocol assignments: Teredo, benchmarking, ORCHID
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4
  '2620:4f:8000::/48', // AS112
  '3ffe::/16', // the former 6bone
  '3fff::/20', // documentation
]);

const NAT64 = range('64:ff9b::/96');

/** Addresses that hand out an instance's credentials. Only naming the address itself opens one: a wide range does not. */
const METADATA_ADDRESSES = new Set([
  '100.100.100.200',
  '168.63.129.16',
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd20:ce::254',
]);

/** Builds the policy from the operator's list of CIDR ranges, or says which entry it cannot read. */
export function createAddressPolicy(options: { readonly allowPrivate: readonly string[] }): AddressPolicyResult {
  const opened: Range[] = [];
  for (const entry of options.allowPrivate) {
    const parsed = parseRange(entry);
    if (!parsed.ok) return { ok: false, entry, detail: parsed.detail };
    opened.push(parsed.range);
  }
  const matches = (text: string): boolean => {
    const address = parseAddress(text);
    return address !== null && isOpened(address, opened);
  };
  const allows = (text: string): boolean => {
    const address = parseAddress(text);
    if (address === null) return false;
    return isOpened(address, opened) || isGlobalUnicast(address);
  };
  return { ok: true, policy: { allows, opened: { isEmpty: opened.length === 0, matches } } };
}

/** An IPv4-mapped address is the IPv4 address: the kernel sends the same packets. Zones (`%eth0`) are refused. */
function parseAddress(text: string): Address | null {
  // `ipaddr.js` also reads `127.1` and octal numbers; an address that Node connects to has the strict form.
  if (isIP(text) === 0 || text.includes('%')) return null;
  return unmapped(ipaddr.parse(withoutDots(text)));
}

/** `ipaddr.js` takes `::a.b.c.d` for the mapped `::ffff:a.b.c.d`; the kernel does not. Written in hex there is no doubt. */
function withoutDots(text: string): string {
  const tail = text.lastIndexOf(':') + 1;
  if (tail === 0 || !text.includes('.')) return text;
  const [a = 0, b = 0, c = 0, d = 0] = text.slice(tail).split('.').map(Number);
  return `${text.slice(0, tail)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

function unmapped(address: Address): Address {
  return address.kind() === 'ipv6' && isMapped(address) ? toEmbedded(address) : address;
}

function isMapped(address: Address): boolean {
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress();
}

function toEmbedded(address: Address): ipaddr.IPv4 {
  return new ipaddr.IPv4(address.toByteArray().slice(-4));
}

function isOpened(address: Address, opened: readonly Range[]): boolean {
  const single = address.kind() === 'ipv4' ? 32 : 128;
  const exactOnly = METADATA_ADDRESSES.has(address.toString());
  if (!opened.some((range) => contains(range, address) && (!exactOnly || range.prefix === single))) return false;
  // Opening NAT64 opens the translator, not the private IPv4 networks behind it.
  if (contains(NAT64, address)) {
    const embedded = toEmbedded(address);
    return isGlobalUnicast(embedded) || isOpened(embedded, opened);
  }
  return true;
}

/** An allow list: what is not known to be globally routable unicast does not pass, and no transition form does. */
function isGlobalUnicast(address: Address): boolean {
  if (address instanceof ipaddr.IPv4) return !CLOSED_IPV4.some((range) => contains(range, address));
  if (!contains(GLOBAL_IPV6, address) || CLOSED_IPV6.some((range) => contains(range, address))) return false;
  return !isIsatap(address);
}

/** ISATAP carries an IPv4 address behind ::5efe or ::200:5efe under any prefix (RFC 5214). */
function isIsatap(address: ipaddr.IPv6): boolean {
  return address.parts[5] === 0x5efe && (address.parts[4] === 0 || address.parts[4] === 0x200);
}

function contains(range: Range, address: Address): boolean {
  return range.base.kind() === address.kind() && address.match(range.base, range.prefix);
}

type RangeResult = { readonly ok: true; readonly range: Range } | { readonly ok: false; readonly detail: string };

function parseRange(entry: string): RangeResult {
  const [text = '', prefixText, ...rest] = entry.split('/');
  const family = isIP(text);
  if (family === 0 || text.includes('%') || rest.length > 0) {
    return { ok: false, detail: `"${entry}" is not an IP range; write it like 10.0.0.0/8 or fd00::/8.` };
  }
  const bits = family === 4 ? 32 : 128;
  if (prefixText !== undefined && !/^\d{1,3}$/.test(prefixText)) {
    return { ok: false, detail: `"${entry}" has no valid prefix length after the slash.` };
  }
  const prefix = prefixText === undefined ? bits : Number(prefixText);
  if (prefix > bits) return { ok: false, detail: `"${entry}" has a prefix length over ${bits}.` };
  const base = ipaddr.parse(withoutDots(text));
  const network = networkOf(base, prefix);
  if (base.toString() !== network.toString()) {
    return {
      ok: false,
      detail: `"${entry}" has bits set behind its prefix; did you mean ${network.toString()}/${prefix}?`,
    };
  }
  if (!isMapped(base)) return { ok: true, range: { base, prefix } };
  if (prefix < 96)
    return { ok: false, detail: `"${entry}" is wider than the IPv4-mapped addresses; write it as IPv4.` };
  return { ok: true, range: { base: toEmbedded(base), prefix: prefix - 96 } };
}

function networkOf(address: Address, prefix: number): Address {
  const bytes = address.toByteArray().map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefix - index * 8));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
  return ipaddr.fromByteArray(bytes);
}

function range(entry: string): Range {
  const parsed = parseRange(entry);
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.range;
}

function ranges(entries: readonly string[]): readonly Range[] {
  return entries.map(range);
}
