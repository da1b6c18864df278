import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { refused } from '../app/outcome.ts';
import type { Problem } from '../domain/error-registry.ts';
import { BEARER } from './authentication.ts';

/** Says why a request may not read the metrics, or null. */
export type MetricsGate = (request: Pick<IncomingMessage, 'headers' | 'socket'>) => Problem | null;

/** What `/metrics` shows, and to whom. */
export type MetricsSource = {
  readonly registry: { readonly contentType: string; metrics(): Promise<string> };
  readonly gate: MetricsGate;
};

/** With a token that counts alone; without one, `anyone` on an address of the operator's choice, else this machine. */
export function metricsGate(token: string | null, otherwise: 'anyone' | 'this machine'): MetricsGate {
  if (token !== null) return tokenGate(token);
  return otherwise === 'anyone' ? () => null : localGate;
}

/** Digests of equal length are compared, so the time says nothing of the token, not even its length. */
function tokenGate(token: string): MetricsGate {
  const expected = digestOf(token);
  return ({ headers }) => {
    const { authorization } = headers;
    if (authorization === undefined) return MISSING;
    const given = BEARER.exec(authorization)?.[1];
    return given !== undefined && timingSafeEqual(digestOf(given), expected) ? null : INVALID;
  };
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

const MISSING = refused('missing_credentials', 'send the token of HOOKRING_METRICS_TOKEN as a bearer token').problem;
const INVALID = refused('invalid_credentials', 'this is not the token of HOOKRING_METRICS_TOKEN').problem;
const CLOSED = refused(
  'metrics_closed',
  'metrics are shown to this machine only, when it asks for localhost: set HOOKRING_METRICS_TOKEN, or give them an ' +
    'address of their own with HOOKRING_METRICS_ADDRESS',
).problem;

/** A proxy on this machine stands for somebody elsewhere; it says so in a header. */
const FORWARDED = /^(?:forwarded|via|x-real-ip|x-forwarded(?:-.+)?)$/;

/**
 * Under another name asks a browser that a page's own name server led here, or a proxy that passes on what its client
 * asked for. A port may follow.
 */
const THIS_MACHINE = /^(?:(?:[a-z0-9-]+\.)*localhost\.?|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]*)?$/i;

function localGate({ headers, socket }: Parameters<MetricsGate>[0]): Problem | null {
  if (!isLoopback(socket.remoteAddress)) return CLOSED;
  const { host } = headers;
  if (host !== undefined && !THIS_MACHINE.test(host)) return CLOSED;
  for (const name in headers) if (FORWARDED.test(name)) return CLOSED;
  return null;
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address === '::1' || /^(?:::ffff:)?127\./.test(address));
}
