import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Received } from '../../testing/receiver.ts';

/**
 * A receiver as one of the product's customers writes it: `t` is Unix seconds, each `v1` a hex HMAC-SHA256 over
 * `{t}.{body}`, and the key is the secret's text as it was handed out.
 */

const HEADER = /^t=(\d{10})((?:,v1=[0-9a-f]{64})+)$/;
const TOLERANCE_SECONDS = 300;

/** Secrets by the names that a test gives them. */
export type Secrets = Readonly<Record<string, string>>;

/** Who made each signature, in the order of the header; `unknown` for one that none of the secrets made. */
export function signersOf(secrets: Secrets, request: Received, nowMs: number): readonly string[] {
  const header = request.headers['x-moonborn-signature'];
  const [, time = '', signatures = ''] = (typeof header === 'string' ? HEADER.exec(header) : null) ?? [];
  if (time === '') return [`a header of another form: ${String(header)}`];
  if (Math.abs(nowMs / 1_000 - Number(time)) > TOLERANCE_SECONDS) return [`an old timestamp: ${time}`];
  const known = Object.entries(secrets).map(([name, secret]) => ({
    name,
    digest: createHmac('sha256', secret).update(`${time}.`).update(request.body).digest(),
  }));
  return signatures
    .split(',v1=')
    .slice(1)
    .map((hex) => known.find(({ digest }) => timingSafeEqual(digest, Buffer.from(hex, 'hex')))?.name ?? 'unknown');
}
