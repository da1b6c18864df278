import { parseHost } from './parse-network.ts';
import type { Parsed } from './setting.ts';
import { parsed, problem } from './setting.ts';

const PORT_MAX = 65_535;
const TOKEN_LENGTH_MIN = 16;
const TOKEN_LENGTH_MAX = 4_096;
/** What a bearer token is made of (RFC 6750, 2.1), so that every client can send it. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

/** Where something listens. Port 0 takes any free one. */
export type ListenAddress = { readonly host: string; readonly port: number };

/** `127.0.0.1:9464`, `[::1]:9464`, `name:9464`. */
export function parseMetricsAddress(text: string): Parsed<ListenAddress> {
  const colon = text.lastIndexOf(':');
  const [host, port] = [text.slice(0, Math.max(0, colon)), text.slice(colon + 1)];
  // Without brackets an IPv6 address has no port that could be told from its last part.
  const isBare = host.includes(':') && !(host.startsWith('[') && host.endsWith(']'));
  if (host === '' || isBare || !/^[0-9]{1,5}$/.test(port) || Number(port) > PORT_MAX) {
    return problem('must be an address and a port, as in 127.0.0.1:9464 or [::1]:9464');
  }
  const read = parseHost(host);
  return read.ok ? parsed({ host: read.value, port: Number(port) }) : read;
}

export function parseMetricsToken(text: string): Parsed<string> {
  if (text.length < TOKEN_LENGTH_MIN || text.length > TOKEN_LENGTH_MAX) {
    return problem(`must have ${TOKEN_LENGTH_MIN} to ${TOKEN_LENGTH_MAX} characters`);
  }
  if (!TOKEN.test(text)) return problem('must be letters, digits and ._~+/- alone, as a bearer token is');
  return parsed(text);
}
