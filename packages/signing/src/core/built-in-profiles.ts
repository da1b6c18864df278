import type { DigestEncoding, SecretDecoding, SignatureProfile } from './profile.ts';
import { defineProfile } from './validate-profile.ts';

/** https://www.standardwebhooks.com: three headers and nothing else. */
export const standardWebhooks: SignatureProfile = defineProfile({
  headers: {
    id: 'webhook-id',
    timestamp: 'webhook-timestamp',
    signature: 'webhook-signature',
    eventType: null,
    keyIds: null,
  },
  elements: { 'hmac-sha256': 'v1,{signature}', ed25519: 'v1a,{signature}' },
  leadElement: null,
  joiner: ' ',
  content: '{id}.{timestamp}.{body}',
  digest: 'base64',
  secretDecoding: 'base64',
});

/** Standard Webhooks with the event's type and the ids of the signing secrets beside it. */
export const nativeWebhooks: SignatureProfile = defineProfile({
  ...standardWebhooks,
  headers: { ...standardWebhooks.headers, eventType: 'webhook-event-type', keyIds: 'webhook-key-ids' },
});

export type StripeStyleOptions = {
  /** Stands between timestamp and body in what is signed. Default `.`. */
  readonly separator?: string;
  /** Names the signatures in the list. Default `v1`. */
  readonly scheme?: string;
  /** Default `hex`. */
  readonly digest?: DigestEncoding;
  /** Default `utf8`: the whole text of the secret is the key. */
  readonly secretDecoding?: SecretDecoding;
};

/** One header `t=<unix>,v1=<hex>[,v1=<hex>]` over `{timestamp}.{body}`. Throws a TypeError on bad names. */
export function stripeStyle(headerName: string, options: StripeStyleOptions = {}): SignatureProfile {
  return defineProfile({
    headers: { id: null, timestamp: null, signature: headerName, eventType: null, keyIds: null },
    elements: { 'hmac-sha256': `${options.scheme ?? 'v1'}={signature}`, ed25519: null },
    leadElement: 't={timestamp}',
    joiner: ',',
    content: `{timestamp}${options.separator ?? '.'}{body}`,
    digest: options.digest ?? 'hex',
    secretDecoding: options.secretDecoding ?? 'utf8',
  });
}
