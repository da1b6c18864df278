import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Received } from '../../testing/receiver.ts';

/**
 * A receiver as a customer of the product would write it, from what Standard Webhooks says: the key is the base64
 * behind `whsec_`, signed is `id.timestamp.body`, and the header lists `v1,<base64>` separated by spaces.
 */
function signatureBy(secret: string, { headers, body }: Received): string {
  const [id, timestamp] = [String(headers['webhook-id']), String(headers['webhook-timestamp'])];
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}

/** Whether any of its signatures is that of the secret: what every receiver checks. */
export function isSignedBy(secret: string, request: Received): boolean {
  return signaturesOf(request).some((signature) => isSame(signature, signatureBy(secret, request)));
}

/** The names of the secrets that made its signatures, in order; `unknown` for one that none of them made. */
export function signersOf(secrets: Readonly<Record<string, string>>, request: Received): readonly string[] {
  const known = Object.entries(secrets).map(([name, secret]) => ({ name, signature: signatureBy(secret, request) }));
  return signaturesOf(request).map(
    (signature) => known.find((one) => isSame(one.signature, signature))?.name ?? 'unknown',
  );
}

function signaturesOf({ headers }: Received): readonly string[] {
  return String(headers['webhook-signature']).split(' ');
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
