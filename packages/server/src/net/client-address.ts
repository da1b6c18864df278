import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** `203.0.113.7:4711`, `[2001:db8::1]` or `[2001:db8::1]:4711`, as some proxies write them (RFC 7239, section 6). */
const WITH_PORT = /^(?:([0-9.]{7,15})|\[([0-9A-Fa-f:.%\w-]{2,64})\])(?::[0-9]{1,5})?$/;
const ADDRESS_LENGTH_MAX = 80;

/**
 * An IP address in the one form in which people write it (RFC 5952), IPv4 also where a socket shows it as IPv6. Null
 * when it is none: a proxy may write `unknown` or a name of its own, and what a client wrote is believed even less.
 */
export function plainAddress(text: string | null): string | null {
  if (text === null || text.length > ADDRESS_LENGTH_MAX) return null;
  const found = WITH_PORT.exec(text);
  const [address = ''] = (found?.[1] ?? found?.[2] ?? text).split('%');
  // `ipaddr.js` also reads `127.1` and octal numbers, which Node does not.
  return isIP(address) === 0 ? null : ipaddr.process(address).toString();
}
