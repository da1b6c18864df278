import { createHash } from 'node:crypto';
import {
  type AuthenticationRequest,
  createEndpoint,
  type Dialect,
  defineDialect,
  type EndpointView,
  NATIVE_ROTATION_POLICY,
  Refusal,
  readEndpoint,
  rotateEndpointSecret,
  route,
  type SignatureProfile,
  shownSecretText,
  type ToldProblem,
  Type,
  typeIds,
} from 'hookring';

// 1. Names. An endpoint of the engine is a "hook" here.
const hookId = typeIds('ep', 'hook');
const deliveryId = typeIds('dlv', 'drop');
const TOPICS = ['parcel.sent', 'parcel.delayed', 'parcel.delivered'] as const;

// 2. Shapes, which check requests and make the OpenAPI document.
const STRICT = { additionalProperties: false };
const Topic = Type.Union(TOPICS.map((topic) => Type.Literal(topic)));
const NewHook = Type.Object({ target: Type.String(), topics: Type.Array(Topic, { minItems: 1 }) }, STRICT);
const Hook = Type.Object({ id: Type.String(), target: Type.String(), topics: Type.Array(Type.String()) }, STRICT);
const HookWithKey = Type.Object({ hook: Hook, key: Type.String() }, STRICT);
const Roll = Type.Object({ keep_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 3_600 })) }, STRICT);
const Rolled = Type.Object({ key: Type.String(), old_key_until: Type.String({ format: 'date-time' }) }, STRICT);
const Fault = Type.Object({ fault: Type.Object({ kind: Type.String(), say: Type.String() }, STRICT) }, STRICT);

function encodeHook({ endpoint }: EndpointView) {
  const { id, url, eventTypes } = endpoint;
  return { id: hookId.encode(id), target: url, topics: [...(eventTypes ?? TOPICS)] };
}

// 3. Routes: an operation of the engine, and how Parcel asks for it and answers.
const subscribe = route({
  method: 'POST',
  path: '/hooks',
  operation: createEndpoint,
  operationId: 'subscribe',
  summary: 'Have parcel events sent to a URL',
  tag: 'hooks',
  request: { body: NewHook },
  status: 201,
  response: HookWithKey,
  examples: { request: { target: 'https://shop.example.com/parcels', topics: ['parcel.sent'] } },
  decode: ({ body }) => ({ settings: { url: body.target, eventTypes: body.topics } }),
  encode(made) {
    const key = shownSecretText(made.secret);
    return Refusal.is(key) ? key : { hook: encodeHook(made), key };
  },
});

const read = route({
  method: 'GET',
  path: '/hooks/{id}',
  operation: readEndpoint,
  operationId: 'readHook',
  summary: 'Read a hook',
  tag: 'hooks',
  ids: { id: hookId },
  status: 200,
  response: Hook,
  decode: ({ ids }) => ({ endpointId: ids.id }),
  encode: encodeHook,
});

const roll = route({
  method: 'POST',
  path: '/hooks/{id}/roll',
  operation: rotateEndpointSecret,
  operationId: 'rollKey',
  summary: 'Get a new key; the old one signs for a while yet',
  tag: 'hooks',
  ids: { id: hookId },
  request: { body: Roll, optionalBody: true },
  status: 200,
  response: Rolled,
  decode: ({ ids, body }) => ({ endpointId: ids.id, graceSeconds: body.keep_seconds ?? null }),
  encode({ secret, retired, effectiveAt }) {
    const key = shownSecretText(secret);
    if (Refusal.is(key)) return key;
    return { key, old_key_until: new Date(retired?.expiresAt ?? effectiveAt).toISOString() };
  },
});

// 4. What goes out: Parcel's own headers around the exact payload.
const parcelSignature: SignatureProfile = {
  headers: {
    id: 'parcel-event',
    timestamp: 'parcel-time',
    signature: 'parcel-signature',
    eventType: 'parcel-topic',
    keyIds: null,
  },
  elements: { 'hmac-sha256': 'sha256={signature}', ed25519: null },
  leadElement: null,
  joiner: ', ',
  content: '{timestamp}:{body}',
  digest: 'hex',
  secretDecoding: 'hex',
};

// 5. Who asks: the keys that Parcel's customers have already, by their SHA-256.
const KEYS = new Map([[createHash('sha256').update('pk_demo_of_the_manual').digest('hex'), 'default']]);

function parcelKeys({ headers }: AuthenticationRequest) {
  const key = headers['parcel-key'];
  if (typeof key !== 'string') return null;
  const organization = KEYS.get(createHash('sha256').update(key).digest('hex'));
  if (organization === undefined) {
    return { ok: false, code: 'invalid_credentials', detail: 'Parcel does not know this key' } as const;
  }
  return { ok: true, organization, scopes: ['hooks'], subject: organization } as const;
}

// 6. How Parcel says no, whatever the reason.
function encodeFault({ code, detail }: ToldProblem) {
  return { fault: { kind: code.toUpperCase(), say: detail } };
}

export const parcel: Dialect = defineDialect({
  name: 'parcel',
  title: 'Parcel hooks',
  description: 'Tells shops where their parcels are.',
  version: '7',
  tokenPrefix: 'pk_',
  scopeAliases: { hooks: ['endpoints:read', 'endpoints:write', 'secrets:rotate'] },
  authenticate: [parcelKeys],
  securitySchemes: { parcelKey: { type: 'apiKey', in: 'header', name: 'Parcel-Key' } },
  ids: { endpoint: hookId, delivery: deliveryId },
  problems: { contentType: 'application/json', schema: Fault, encode: encodeFault },
  fieldNames: { url: 'target', eventTypes: 'topics', graceSeconds: 'keep_seconds' },
  endpointDefaults: {
    signatureProfile: parcelSignature,
    envelope: null,
    retrySchedule: [10, 60, 600],
    rotationPolicy: {
      ...NATIVE_ROTATION_POLICY,
      grace: { defaultSeconds: 900, minSeconds: 0, maxSeconds: 3_600, whenOmitted: 'default' },
      onOverlap: 'replace',
      recoveryMinutes: 1_440,
    },
    catalogue: TOPICS,
    secretSpelling: 'hex',
  },
  routes: [subscribe, read, roll],
});
