import type { IncomingMessage } from 'node:http';
import { SERVER_PATHS } from './health.ts';
import { originForm, pathOf, type SurfaceTable } from './surface.ts';

const PORT = /:\d*$/;

/**
 * Turns a request on a host of its own into one below the prefix of that host's surface. Only the Host header says the
 * host: neither what a proxy adds nor the host of a whole URL in the request line. The path is never read as one with
 * `..` or empty parts in it, neither here nor by the router, so it cannot leave the prefix that it is put behind.
 * The server's own paths are answered on every host.
 */
export function createHostRewrite(
  hosts: ReadonlyMap<string, string>,
  surfaces: SurfaceTable,
): (request: IncomingMessage) => string {
  return (request) => {
    const { url: target = '/' } = request;
    const { host } = request.headers;
    if (!namesOneHost(request)) return NO_URL;
    const prefix = host === undefined ? undefined : (hosts.get(host) ?? hosts.get(hostName(host)));
    if (prefix === undefined) return target;
    const asked = originForm(target);
    const path = pathOf(asked);
    if (SERVER_PATHS.some((one) => one === path)) return asked;
    const whole = prefix + asked;
    // Another surface may stand below the prefix. An empty part leads to it in no way.
    return surfaces.of(readByRouter(prefix + path)).prefix === prefix ? whole : `${prefix}/${asked}`;
  };
}

/** The router refuses it as broken. */
const NO_URL = '/%';

/** Two readers of two Host headers may each believe another one (RFC 9112, 3.2). */
export function namesOneHost({ rawHeaders }: IncomingMessage): boolean {
  let found = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') found += 1;
  }
  return found <= 1;
}

/** Without the port and the dot of a full name, in lower case. */
function hostName(header: string): string {
  const name = header.replace(PORT, '').toLowerCase();
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/** The router compares paths with routes after this; what it cannot decode it refuses. */
function readByRouter(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
