import { createHmac } from 'node:crypto';
import { agentmessage } from '../agentmessage/agentmessage.ts';
import { dinie } from '../dinie/dinie.ts';
import { moonborn } from '../moonborn/moonborn.ts';
import type { Dialect, ErrorCode } from '../public.ts';
import { signup } from '../signup/signup.ts';
import type { Json } from './checked-client.ts';
import type { Received } from './receiver.ts';

/** What each product publishes of itself, by hand: nothing here is asked of the dialects. */
export type Product = {
  readonly name: string;
  /** null: the native API, which is made where it runs. */
  readonly dialect: Dialect | null;
  readonly collection: string;
  /** Where one endpoint is, and where its secret is rotated. */
  readonly endpoint: (id: string) => string;
  readonly rotation: (id: string) => string;
  /** What it calls the fields of an endpoint that is created. */
  readonly creation: (url: string) => Readonly<Record<string, unknown>>;
  /** An event type that such an endpoint is subscribed to. */
  readonly eventType: string;
  readonly endpointOf: (created: Json) => Json;
  readonly idOf: (endpoint: Json) => string;
  readonly listOf: (list: Json) => readonly Json[];
  readonly secretOf: (answer: Json) => string;
  readonly spelling: RegExp;
  readonly unknownId: string;
  /** Whether the older secret goes on signing after a rotation through it. */
  readonly keepsOld: boolean;
  readonly contentType: string;
  readonly codeOf: (problem: Json) => unknown;
  readonly words: Readonly<Partial<Record<ErrorCode, readonly [status: number, code: string]>>>;
  /** The signatures of a request and what the secret would make of it, as its receivers compute them. */
  readonly signaturesOf: (request: Received) => readonly string[];
  readonly sign: (secret: string, request: Received) => string;
  /** The payload inside the body of a delivery. */
  readonly payloadOf: (body: Json) => unknown;
  readonly envelope: readonly string[] | null;
};

function base64Key(secret: string): Buffer {
  return Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
}

const WHSEC = /^whsec_[A-Za-z0-9+/]{43}=$/;

const standardWebhooks: Pick<Product, 'signaturesOf' | 'sign'> = {
  signaturesOf: ({ headers }) => String(headers['webhook-signature']).split(' '),
  sign(secret, { headers, body }) {
    const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.`;
    return `v1,${createHmac('sha256', base64Key(secret)).update(signed).update(body).digest('base64')}`;
  },
};

function stripeLike(
  header: string,
  separator: string,
  keyOf: (secret: string) => Buffer,
): Pick<Product, 'signaturesOf' | 'sign'> {
  const parts = ({ headers }: Received): readonly string[] => String(headers[header]).split(',');
  return {
    signaturesOf: (request) => parts(request).slice(1),
    sign(secret, request) {
      const [time = ''] = parts(request);
      const hmac = createHmac('sha256', keyOf(secret)).update(`${time.slice('t='.length)}${separator}`);
      return `v1=${hmac.update(request.body).digest('hex')}`;
    },
  };
}

const PLAIN = { payloadOf: (body: Json): unknown => body, envelope: null };
const DATA = (...envelope: readonly string[]) => ({ payloadOf: (body: Json): unknown => body.data, envelope });
const NATIVE_WORDS: Product['words'] = {
  not_found: [404, 'not_found'],
  endpoint_archived: [409, 'endpoint_archived'],
  missing_scope: [403, 'missing_scope'],
  policy_enforced: [409, 'policy_enforced'],
  organization_ring: [409, 'organization_ring'],
};
/** Of a product without a word for archived. */
const HIDING_WORDS: Product['words'] = { ...NATIVE_WORDS, endpoint_archived: [404, 'not_found'] };

const ABSENT_UUID = '0190a1b2-c3d4-7e5f-a7b8-c9d0e1f2a3b4';
const ABSENT_BASE32 = '01jtbqh2fz8k1rxc0wj4z9p3vm';

const NATIVE: Product = {
  name: 'native',
  dialect: null,
  collection: '/endpoints',
  endpoint: (id) => `/endpoints/${id}`,
  rotation: (id) => `/endpoints/${id}/rotate`,
  creation: (url) => ({ url, eventTypes: ['anything.at_all'] }),
  eventType: 'anything.at_all',
  endpointOf: ({ endpoint }) => endpoint,
  idOf: ({ id }) => id,
  listOf: ({ items }) => items,
  secretOf: ({ secret }) => secret.value,
  spelling: WHSEC,
  unknownId: `ep_${ABSENT_BASE32}`,
  keepsOld: true,
  contentType: 'application/problem+json',
  codeOf: ({ code }) => code,
  // An enforced policy is the ring's own, which the native API obeys anyway.
  words: { ...NATIVE_WORDS, policy_enforced: [409, 'rotation_in_progress'] },
  ...standardWebhooks,
  ...PLAIN,
};

const MOONBORN: Product = {
  name: 'moonborn',
  dialect: moonborn,
  collection: '/v1/webhooks',
  endpoint: (id) => `/v1/webhooks/${id}`,
  rotation: (id) => `/v1/webhooks/${id}/rotate_secret`,
  creation: (url) => ({ url, events: ['persona.created'] }),
  eventType: 'persona.created',
  endpointOf: ({ endpoint }) => endpoint,
  idOf: ({ endpointId }) => endpointId,
  listOf: ({ items }) => items,
  secretOf: ({ secretValue }) => secretValue,
  spelling: WHSEC,
  unknownId: `whe_${ABSENT_BASE32}`,
  keepsOld: true,
  contentType: 'application/json',
  codeOf: ({ error }) => error.code,
  words: NATIVE_WORDS,
  ...stripeLike('x-moonborn-signature', '.', (secret) => Buffer.from(secret)),
  ...PLAIN,
};

const AGENTMESSAGE: Product = {
  name: 'agentmessage',
  dialect: agentmessage,
  collection: '/v1/webhooks',
  endpoint: (id) => `/v1/webhooks/${id}`,
  rotation: (id) => `/v1/webhooks/${id}/rotate-secret`,
  creation: (url) => ({ url, events: ['wallet.balance_low'] }),
  eventType: 'wallet.balance_low',
  endpointOf: (endpoint) => endpoint,
  idOf: ({ id }) => id,
  listOf: ({ data }) => data,
  secretOf: ({ secret }) => secret,
  spelling: /^[A-Za-z0-9+/]{43}=$/,
  unknownId: ABSENT_UUID,
  keepsOld: false,
  contentType: 'application/json',
  codeOf: ({ error }) => error.code,
  words: {
    not_found: [404, 'NOT_FOUND'],
    endpoint_archived: [404, 'NOT_FOUND'],
    missing_scope: [403, 'FORBIDDEN'],
    policy_enforced: [409, 'CONFLICT'],
    organization_ring: [409, 'CONFLICT'],
  },
  ...stripeLike('x-amcore-signature', '\n', base64Key),
  ...PLAIN,
};

const SIGNUP: Product = {
  name: 'signup',
  dialect: signup,
  collection: '/webhooks',
  endpoint: (id) => `/webhooks/${id}`,
  rotation: (id) => `/webhooks/${id}/rotate`,
  creation: (url) => ({ url, eventTypes: ['signup.created'] }),
  eventType: 'signup.created',
  endpointOf: ({ endpoint }) => endpoint,
  idOf: ({ id }) => id,
  listOf: ({ data }) => data,
  secretOf: ({ signingSecret }) => signingSecret,
  spelling: WHSEC,
  unknownId: ABSENT_UUID,
  keepsOld: true,
  contentType: 'application/problem+json',
  codeOf: ({ code }) => code,
  words: HIDING_WORDS,
  ...standardWebhooks,
  ...DATA('type', 'timestamp', 'data'),
};

const DINIE: Product = {
  name: 'dinie',
  dialect: dinie,
  collection: '/webhooks/endpoints',
  endpoint: (id) => `/webhooks/endpoints/${id}`,
  rotation: (id) => `/webhooks/endpoints/${id}/secret/rotate`,
  creation: (url) => ({ url, events: ['loan.created'] }),
  eventType: 'loan.created',
  endpointOf: (endpoint) => endpoint,
  idOf: ({ id }) => id,
  listOf: ({ data }) => data,
  secretOf: ({ secret }) => secret,
  spelling: WHSEC,
  unknownId: `we_${ABSENT_UUID.replaceAll('-', '')}`,
  keepsOld: true,
  contentType: 'application/problem+json',
  codeOf: ({ code }) => code,
  words: HIDING_WORDS,
  ...standardWebhooks,
  ...DATA('api_version', 'created_at', 'data', 'delivery_id', 'id', 'timestamp', 'type'),
};

export const BUILT_IN: readonly Product[] = [MOONBORN, AGENTMESSAGE, SIGNUP, DINIE];
export const PRODUCTS: readonly Product[] = [NATIVE, ...BUILT_IN];

/** Who made each signature of a request, in its order, for an endpoint that `creator` made. */
export function signersOf(
  creator: Product,
  secrets: Readonly<Record<string, string>>,
  request: Received,
): readonly string[] {
  const known = Object.entries(secrets).map(([name, secret]) => ({ name, signature: creator.sign(secret, request) }));
  return creator
    .signaturesOf(request)
    .map((signature) => known.find((one) => one.signature === signature)?.name ?? 'unknown');
}
