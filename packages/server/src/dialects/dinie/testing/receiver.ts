import { createHmac } from 'node:crypto';
import type { Received } from '../../testing/receiver.ts';

/** A receiver of Dinie's deliveries, written from what its pages and the Standard Webhooks specification say. */

/** The body of a delivery. */
export type DinieDelivery = {
  readonly api_version: string;
  readonly created_at: string;
  readonly data: unknown;
  readonly delivery_id: string;
  readonly id: string;
  readonly timestamp: string;
  readonly type: string;
};

export function bodyOf(received: Received): DinieDelivery {
  return JSON.parse(received.body.toString('utf8')) as DinieDelivery; // Its members are what the golden test checks.
}

/** The names of the secrets that signed, in the order of the header; `?` for a signature of none of them. */
export function signersOf(received: Received, secrets: Readonly<Record<string, string>>): readonly string[] {
  const { headers, body } = received;
  const [id, timestamp] = [String(headers['webhook-id']), String(headers['webhook-timestamp'])];
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const expected = Object.entries(secrets).map(([name, secret]) => [name, `v1,${digest(secret, signed)}`] as const);
  return String(headers['webhook-signature'])
    .split(' ')
    .map((entry) => expected.find(([, signature]) => signature === entry)?.[0] ?? '?');
}

function digest(secret: string, signed: Buffer): string {
  const start = 'whsec_';
  if (!secret.startsWith(start)) throw new Error('the secret does not begin with whsec_');
  return createHmac('sha256', Buffer.from(secret.slice(start.length), 'base64'))
    .update(signed)
    .digest('base64');
}
