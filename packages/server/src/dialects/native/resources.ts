import { Type } from 'typebox';
import { nullable, SCOPES, SHOWN_STATUSES, STRICT, Time, words } from '../public.ts';

/** What the native API shows. Every member is always there; one that does not apply is null. */

const Id = Type.String();
const Text = Type.String();

export const OrganizationSchema = Type.Object(
  {
    id: Id,
    externalId: nullable(Text),
    name: Text,
    rotationPolicy: Type.Object({}, { additionalProperties: true, description: 'Of the ring of the organization' }),
    version: Type.Integer(),
    createdAt: Time,
    updatedAt: Time,
  },
  { $id: 'Organization', ...STRICT },
);

export const ShownSecretSchema = Type.Object(
  {
    id: Id,
    value: nullable(Type.String({ description: 'The secret, shown once; null in a later repetition of the request' })),
  },
  { $id: 'ShownSecret', ...STRICT },
);

export const EndpointSchema = Type.Object(
  {
    id: Id,
    organizationId: Id,
    url: Text,
    eventTypes: nullable(Type.Array(Text, { description: 'Types, prefixes such as `invoice.*`, or `*`; null: all' })),
    description: Text,
    status: words(['active', 'suspended', 'archived']),
    suspendedReason: nullable(words(['manual', 'failing', 'gone'])),
    suspendedAt: nullable(Time),
    archivedAt: nullable(Time),
    consecutiveFailures: Type.Integer(),
    failingSince: nullable(Time),
    lastSuccessAt: nullable(Time),
    lastFailureAt: nullable(Time),
    headers: Type.Record(Text, Text, { description: 'Sent with every delivery; the values are never shown' }),
    metadata: Type.Record(Text, Text),
    keyring: words(['own', 'organization']),
    retrySchedule: nullable(
      Type.Array(Type.Number(), { description: "Seconds before each retry; null: the operator's" }),
    ),
    sendDeadlineSeconds: nullable(Type.Number()),
    concurrency: nullable(Type.Integer()),
    ratePerSecond: nullable(Type.Number()),
    signatureProfile: Type.Object({}, { additionalProperties: true }),
    envelope: nullable(Type.Object({}, { additionalProperties: true })),
    rotationPolicy: Type.Object({}, { additionalProperties: true }),
    catalogue: nullable(Type.Array(Text)),
    version: Type.Integer({ description: 'The number in the ETag' }),
    createdAt: Time,
    updatedAt: Time,
  },
  { $id: 'Endpoint', ...STRICT },
);

export const SecretSchema = Type.Object(
  {
    id: Id,
    state: words(['staged', 'active', 'retiring', 'expired', 'revoked']),
    algorithm: words(['hmac-sha256', 'ed25519']),
    version: Type.Integer({ description: 'Ordinal in its ring, from 1' }),
    origin: words(['generated', 'imported']),
    hint: Type.String({ description: 'Its last four characters' }),
    fingerprint: Type.String({ description: 'SHA-256 of its key bytes, or of the public key, in hex' }),
    publicKey: nullable(Text),
    actor: Text,
    reason: nullable(Text),
    createdAt: Time,
    activatesAt: nullable(Time),
    supersededAt: nullable(Time),
    expiresAt: nullable(Time),
    revokedAt: nullable(Time),
    signsFrom: nullable(Time),
    signsUntil: nullable(Time),
  },
  { $id: 'Secret', ...STRICT },
);

export const RetiredSchema = Type.Object(
  { id: Id, expiresAt: nullable(Type.String({ format: 'date-time', description: 'null: until it is revoked' })) },
  { $id: 'RetiredSecret', ...STRICT },
);

export const SentEventSchema = Type.Object({ id: Id, type: Text, createdAt: Time }, { $id: 'SentEvent', ...STRICT });

const EVENT_MEMBERS = {
  id: Id,
  type: Text,
  contentType: Text,
  payloadBytes: Type.Integer(),
  occurredAt: Time,
  createdAt: Time,
  payloadErasedAt: nullable(Time),
};
export const ListedEventSchema = Type.Object(EVENT_MEMBERS, { $id: 'ListedEvent', ...STRICT });
export const EventSchema = Type.Object(
  {
    ...EVENT_MEMBERS,
    payload: Type.Unknown({ description: 'Exactly as it was sent; null when it is not JSON, or was erased' }),
    payloadBase64: nullable(Type.String({ description: 'The payload when it is not JSON' })),
  },
  { $id: 'Event', ...STRICT },
);

const DELIVERY_MEMBERS = {
  id: Id,
  endpointId: Id,
  eventId: Id,
  eventType: Text,
  status: words(SHOWN_STATUSES),
  attemptCount: Type.Integer(),
  lastResponseStatus: nullable(Type.Integer()),
  lastError: nullable(Text),
  lastAttemptAt: nullable(Time),
  nextAttemptAt: nullable(Time),
  createdAt: Time,
  completedAt: nullable(Time),
  resendOf: nullable(Id),
  deadReason: nullable(Text),
  payloadErasedAt: nullable(Time),
};
export const AuditEntrySchema = Type.Object(
  {
    id: Id,
    at: Time,
    organizationId: Id,
    actor: Type.String({
      description: 'The id of an API key, `jwt:…`, `bootstrap`, `local` (the command line) or `system`',
    }),
    action: Text,
    target: Type.String({ description: 'The id of what was changed' }),
    reason: nullable(Text),
    address: nullable(Type.String({ description: 'Of the client; null when it was no request over a network' })),
    requestId: nullable(Text),
    detail: Type.Record(Text, Type.Union([Text, Type.Number(), Type.Boolean(), Type.Null()]), {
      description: 'Plain facts of the action, never a secret',
    }),
  },
  { $id: 'AuditEntry', ...STRICT },
);

export const DeliverySchema = Type.Object(DELIVERY_MEMBERS, { $id: 'Delivery', ...STRICT });

const Milliseconds = nullable(Type.Number());
const ATTEMPT_MEMBERS = {
  id: Id,
  deliveryId: Id,
  endpointId: Id,
  number: Type.Integer(),
  startedAt: Time,
  outcome: words(['succeeded', 'failed']),
  status: nullable(Type.Integer()),
  error: nullable(Type.Object({ kind: Text, detail: nullable(Text) }, STRICT)),
  phases: Type.Object(
    {
      dnsMs: Milliseconds,
      connectMs: Milliseconds,
      tlsMs: Milliseconds,
      firstByteMs: Milliseconds,
      totalMs: Type.Number(),
    },
    STRICT,
  ),
  keyIds: Type.Array(Id),
  ringVersion: Type.Integer(),
  responseHeaders: nullable(Type.Array(Type.Array(Text))),
  responseBody: nullable(Text),
};
export const AttemptSchema = Type.Object(ATTEMPT_MEMBERS, { $id: 'Attempt', ...STRICT });
export const FollowedAttemptSchema = Type.Object(
  {
    ...ATTEMPT_MEMBERS,
    deliveryStatus: words(['succeeded', 'retrying', 'dead'], 'What the attempt made of its delivery'),
    eventId: Id,
    eventType: Text,
    endpointHost: Type.String({ description: 'Of the URL of the endpoint, with its port if that is a special one' }),
  },
  { $id: 'FollowedAttempt', ...STRICT },
);

export const DeliveryWithAttemptsSchema = Type.Object(
  { ...DELIVERY_MEMBERS, attempts: Type.Array(AttemptSchema) },
  { $id: 'DeliveryWithAttempts', ...STRICT },
);

export const KeySchema = Type.Object(
  {
    id: Id,
    organizationId: Id,
    name: Text,
    hint: Text,
    dialect: Text,
    scopes: Type.Array(words(SCOPES)),
    state: words(['active', 'expired', 'revoked']),
    createdAt: Time,
    expiresAt: nullable(Time),
    revokedAt: nullable(Time),
  },
  { $id: 'Key', ...STRICT },
);

export const TestResultSchema = Type.Object(
  {
    delivered: Type.Boolean(),
    status: nullable(Type.Integer()),
    latencyMs: Type.Number(),
    responseBody: nullable(Text),
    error: nullable(Type.Object({ kind: Text, detail: nullable(Text) }, STRICT)),
    eventId: Id,
    keyIds: Type.Array(Id),
  },
  { $id: 'TestResult', ...STRICT },
);
