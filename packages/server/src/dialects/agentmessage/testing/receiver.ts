import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Received } from '../../testing/receiver.ts';

/** A receiver as one of the product's customers writes it: base64 secret, `t` and `v1`, a newline before the body. */

const HEADER = /^t=(\d{10}),v1=([0-9a-f]{64})$/;
const TOLERANCE_SECONDS = 300;

/** Secrets by the names that a test gives them. */
export type Secrets = Readonly<Record<string, string>>;

/** The name of the one secret that signed a request; an error text when none did or the header is of another form. */
export function signedBy(request: Received, secrets: Secrets, nowMs: number): string {
  const header = request.headers['x-amcore-signature'];
  const match = typeof header === 'string' ? HEADER.exec(header) : null;
  if (match === null) return `a header of another form: ${String(header)}`;
  const [, time = '', digest = ''] = match;
  if (Math.abs(nowMs / 1_000 - Number(time)) > TOLERANCE_SECONDS) return `an old timestamp: ${time}`;
  const names = Object.keys(secrets).filter((name) => {
    const expected = createHmac('sha256', keyOf(secrets[name] ?? ''))
      .update(`${time}\n`)
      .update(request.body)
      .digest();
    return timingSafeEqual(expected, Buffer.from(digest, 'hex'));
  });
  return names.join(' and ') || 'none of them';
}

function keyOf(secret: string): Buffer {
  // The first secret of an organization is born before the product is asked, and has a prefix.
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  if (key.length < 24) throw new Error('that is no secret');
  return key;
}
